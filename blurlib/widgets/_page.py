"""The base of every widget: live with a kernel, and alive on a page that has none."""

import html
import json
from pathlib import Path

import anywidget
import traitlets

from blurlib._checks import check_number
from blurlib.widgets.png import to_data_uri

#: What ``make labs`` bundles from the modules beside this file: NAME.js, NAME.css and base.css.
BUILT = Path(__file__).parent / "built"


class Amount(traitlets.Float):
    """A number with a unit, within stated limits."""

    def __init__(self, default, *, low, high, unit):
        super().__init__(default)
        self.low, self.high, self.unit = low, high, unit

    def validate(self, obj, value):
        """Give `value` as a float, or say which numbers are possible."""
        try:
            return check_number(value, self.name, low=self.low, high=self.high, unit=self.unit)
        except (TypeError, ValueError) as error:
            raise traitlets.TraitError(str(error)) from error


class PageWidget(anywidget.AnyWidget):
    """An anywidget that also shows itself in a page without a kernel.

    A subclass sets `module`, the name of its JavaScript file, declares its traits with
    ``.tag(sync=True)`` and draws a `poster`. Its mime bundle then holds the live view, and beside
    it ``text/html``: the state as JSON and the poster, from which the book's host script
    (``book/_static/widget_host.js``) starts the same module without a kernel.

    Raises
    ------
    TypeError
        If an argument is no trait of the widget.
    """

    module: str

    def __init_subclass__(cls, **kwargs):
        # Only a class that names a module loads it: traitlets makes a subclass for each instance.
        if "module" in cls.__dict__:
            sheets = ("base.css", f"{cls.module}.css")
            cls._css = "".join((BUILT / sheet).read_text(encoding="utf-8") for sheet in sheets)
            cls._esm = (BUILT / f"{cls.module}.js").read_text(encoding="utf-8")
        super().__init_subclass__(**kwargs)

    def __init__(self, **traits):
        if unknown := sorted(set(traits) - set(self.trait_names())):
            raise TypeError(
                f"{type(self).__name__} got {', '.join(unknown)}; "
                f"its traits are {', '.join(self.page_traits())}"
            )
        super().__init__(**traits)

    def page_traits(self):
        """Name the traits that make up the widget's own state.

        Returns
        -------
        names : list of str
            Synced traits that the subclass added, without anywidget's private ones.
        """
        inherited = PageWidget.class_trait_names()
        names = self.trait_names(sync=True)
        return sorted(n for n in names if n not in inherited and not n.startswith("_"))

    def poster(self):
        """Draw the picture that stands for the widget where no script runs.

        Returns
        -------
        image : Tensor of shape (H, W)
            Grey in [0, 1]; NaN is transparent.
        text : str
            What it shows, for those who cannot see it.
        """
        raise NotImplementedError(f"{type(self).__name__} must draw a poster()")

    def to_html(self):
        """Give the widget as HTML: its module's name, its state and its poster.

        Returns
        -------
        fragment : str
            One ``<div class="blurlib-widget">``.
        """
        image, text = self.poster()
        state = html.escape(json.dumps(self.get_state(self.page_traits())))
        text = html.escape(text)
        return (
            f'<div class="blurlib-widget" data-module="{self.module}" data-state="{state}">'
            f'<figure class="bw-poster"><img src="{to_data_uri(image)}" alt="{text}">'
            f"<figcaption>{text}</figcaption></figure></div>"
        )

    def _repr_mimebundle_(self, **kwargs):
        data, metadata = super()._repr_mimebundle_(**kwargs)
        return {**data, "text/html": self.to_html()}, metadata
