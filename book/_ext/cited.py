"""Sphinx extension: a bibliography that names each work as the text cites it, by author and year.

pybtex's own labels are made from the first letters of LaTeX source; ``{\\c{C}}i`` or ``{van der
Walt}`` come out broken, and are sorted by their braces.
"""

import unicodedata

from pybtex.plugin import register_plugin
from pybtex.richtext import Text
from pybtex.style.formatting.unsrt import Style
from pybtex.style.labels import BaseLabelStyle
from pybtex.style.sorting import BaseSortingStyle


def last_names(entry):
    """List the authors' last names as they are read, without LaTeX."""
    return [
        str(Text(" ").join([*person.rich_prelast_names, *person.rich_last_names]))
        for person in entry.persons["author"]
    ]


class AuthorYearLabels(BaseLabelStyle):
    """Labels as in the citations: "Canny, 1986", "Shi et al., 2014"."""

    def format_labels(self, sorted_entries):
        """Yield the label of each entry."""
        for entry in sorted_entries:
            names = last_names(entry)
            name = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
            yield f"{name}, {entry.fields['year']}"


class ByName(BaseSortingStyle):
    """Order of an index: capitals and accents do not count."""

    def sorting_key(self, entry):
        """Return names without accents, then the year and the title."""
        names = unicodedata.normalize("NFKD", " ".join(last_names(entry)))
        plain = "".join(
            letter for letter in names if not unicodedata.combining(letter)
        )
        return plain.casefold(), entry.fields["year"], entry.fields["title"]


class Cited(Style):
    """pybtex's plain entries with these labels, in this order."""

    default_label_style = AuthorYearLabels
    default_sorting_style = ByName


def setup(app):
    """Name the style, for bibtex_default_style in _config.yml."""
    register_plugin("pybtex.style.formatting", "cited", Cited)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
