"""What crops are like is checked before anything is drawn."""

import pytest

from blurlib import data

SHARES = [name for name in data.CropConfig.__dataclass_fields__ if name.startswith("p_")]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"crop_size": 60}, "multiple of 8"),
        ({"reach": 0}, "reach must be"),
        ({"sigma_max": 2.0}, "sigma_common_max must be .* to 2 pixels"),
        ({"contrast": 0.0}, "contrast must be"),
        ({"p_extreme": 0.5}, "p_extreme must be"),
        ({"p_field": 0.7, "p_layers": 0.4}, "p_field and p_layers"),
        ({"p_full": 0.7, "p_disk": 0.4}, "p_full and p_disk"),
        ({"std_range": (0.25, 20.0)}, "std_range must be .* to 16 pixels"),
        ({"std_range": (0.01, 2.0)}, "std_range must be .* from 0.05"),
        ({"std_range": (4.0, 2.0)}, "std_range must be .* from 4 to 16"),
        ({"std_range": 2.0}, r"std_range must be \(lowest, highest\), got 2.0"),
        ({"std_range": (1.0, 2.0, 3.0)}, r"std_range must be \(lowest, highest\)"),
        ({"noise_max": 0.1}, "noise_max must be"),
        *(({name: 1.5}, f"{name} must be") for name in SHARES),
    ],
)
def test_what_is_out_of_range_is_named(changes, words):
    with pytest.raises(ValueError, match=words):
        data.CropConfig(**changes)


def test_a_crop_and_its_blur_fit_into_the_smallest_picture():
    assert data.CropConfig(crop_size=64, reach=30).min_side == 124
