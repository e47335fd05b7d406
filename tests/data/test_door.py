"""What the room offers: its own things, and nothing that it needed to make them."""

import types

from blurlib import data
from blurlib._checks import public


def test_public_names_are_those_that_are_meant():
    names = {"scan": 1, "_hidden": 2, "os": types, "Picture": int}
    assert public(names) == ["Picture", "scan"]


def test_the_room_offers_what_it_made_itself():
    for name in data.__all__:
        origin = getattr(getattr(data, name), "__module__", "blurlib.data")
        assert origin.startswith("blurlib.data"), name
    assert {"load_image", "build_dataset", "PatchStream", "SOURCES"} <= set(data.__all__)
