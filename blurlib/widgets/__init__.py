"""Figures that a reader can move: one Python class and one ES module each.

With a kernel a widget is an anywidget, its traits synced both ways. In the rendered book the same
module runs without a kernel (see `PageWidget`). The classes are imported when first asked for, so
that the list of modules can be read without the widget libraries.
"""

import importlib

_HOMES = {
    "Compare": "compare",
    "DeblurLab": "deblur",
    "GuessLab": "guess",
    "LensLab": "lens",
    "PSFExplorer": "psf_explorer",
    "PageWidget": "_page",
    "SigmaLab": "sigma_lab",
    "SmoothingLab": "smoothing",
    "SpectrumLab": "spectrum",
    "WindowLab": "window",
}

__all__ = list(_HOMES)


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"blurlib.widgets has no {name!r}; it has {', '.join(__all__)}")
    try:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    except ModuleNotFoundError as error:
        raise ImportError(
            f'the widgets need {error.name}, which is not installed: pip install "blurlib[widgets]"'
        ) from error


def __dir__():
    return __all__
