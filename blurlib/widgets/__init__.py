"""Figures that a reader can move: one Python class and one ES module each.

With a kernel a widget is an anywidget, its traits synced both ways. In the rendered book the same
module runs without a kernel (see `PageWidget`). The classes are imported when first asked for, so
that the list of modules can be read without the widget libraries.
"""

import importlib

_HOMES = {"PageWidget": "_page", "PSFExplorer": "psf_explorer"}

__all__ = ["PSFExplorer", "PageWidget"]


def __getattr__(name):
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"blurlib.widgets has no {name!r}; it has {', '.join(__all__)}")


def __dir__():
    return list(__all__)
