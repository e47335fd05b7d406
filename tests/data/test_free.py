"""Free pictures to train on."""

from blurlib import data


def test_free_textures_hold_no_test_texture(rng):
    assert not {*data.TRAINING_PHOTOGRAPHS} & {*data.TEST_TEXTURES, "text", "page"}
    images = data.free_textures(rng=rng, num_each=1, size=64)
    assert len(images) == len(data.FAMILIES) + 7
