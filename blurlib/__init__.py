"""Blur models, sigma maps and their estimation: the package behind the book *Seeing Blur*.

The rooms follow the light: `blur` makes it, `data` brings pictures, `learn` trains networks,
`maps` estimates the blur at every pixel, `restore` undoes it; `plotting` and `widgets` show it.
Each is imported when it is first asked for, so that ``import blurlib`` is quick. `record` reads a
recorded result, `check` looks at an answer to an exercise.
"""

import importlib

__version__ = "1.0.0"

_ROOMS = "blur data learn theory maps restore plotting records widgets exercises".split()
# What is asked for so often that its room need not be named.
_SHORTER = {"record": "records", "check": "exercises"}


def __getattr__(name):
    if name in _SHORTER:
        return getattr(importlib.import_module(f"{__name__}.{_SHORTER[name]}"), name)
    if name in _ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"blurlib has no attribute {name!r}; it has {', '.join(__dir__())}")


def __dir__():
    return [*_ROOMS, *_SHORTER, "__version__"]
