"""A recorded result, read and shown as a table; a checkout's `reproduce` makes it again."""

import html
import json
from pathlib import Path

__all__ = ["Record", "Table", "record"]

#: Where a checkout keeps its records.
RESULTS = Path(__file__).parents[1] / "results"

# How a record was made: said once above the table, not in it.
_MAKING = {
    "name", "command", "data", "date", "device", "versions", "seconds", "training", "recipe",
    "config", "trained_on"}  # fmt: skip


class Table:
    """Rows of values under names: text in a terminal, a table on a page.

    Attributes
    ----------
    caption : str
        What stands above it.
    rows : dict of str to dict of str to float, int or str
        By the name of each row, then of each column.
    """

    def __init__(self, caption, rows):
        self.caption, self.rows = caption, rows

    def _cells(self):
        columns = list(dict.fromkeys(key for row in self.rows.values() for key in row))
        yield ["", *(column.replace("_", " ") for column in columns)]
        for name, row in self.rows.items():
            yield [name.replace("_", " "), *(_text(row.get(column, "")) for column in columns)]

    def __repr__(self):
        cells = list(self._cells())
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in cells]
        return "\n".join([self.caption, *lines])

    def _repr_html_(self):
        head, *lines = ([html.escape(cell) for cell in line] for line in self._cells())
        rows = ((name, "".join(f"<td>{cell}</td>" for cell in cells)) for name, *cells in lines)
        body = "".join(f"<tr><th>{name}</th>{row}</tr>" for name, row in rows)
        head = "".join(f"<th>{cell}</th>" for cell in head)
        caption = f"<caption>{html.escape(self.caption)}</caption>"
        whole = f"{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
        return f'<table class="dataframe">{whole}</table>'


class Record(dict):
    """What `reproduce.reproduce` measured: a dict, which a notebook shows as a table."""

    @property
    def made(self):
        """How it was made: command, settings, scans, day, device and time."""
        settings = [f"{k} {v}" for k, v in self.items() if _plain(v) and k not in _MAKING]
        scans = f"{len(self['data']['files'])} scans"
        made = [self["command"], *settings, scans, self["date"], self["device"]]
        return "; ".join([*made, f"{self['seconds']:g} s"])

    def table(self, *columns, where=""):
        """Return the record, or a part of it, as a table.

        Lists and the numbers of single files are left out; they are in the dict.

        Parameters
        ----------
        *columns : str, optional
            Those to show; by default all.
        where : str, optional
            Only rows with this in their name.

        Returns
        -------
        table : Table
            A row for each innermost group of numbers, called by the keys that lead to it.

        Raises
        ------
        ValueError
            If nothing is left.
        """
        measured = {key: value for key, value in self.items() if not _plain(value)}
        rows = _groups(measured) or _groups(measured, files=True)
        if len({path[0] for path in rows}) == 1 < min(map(len, rows)):
            rows = {path[1:]: row for path, row in rows.items()}  # the one word that all begin with
        rows = {", ".join(path): row for path, row in rows.items()}
        shown = {
            name: {key: value for key, value in row.items() if key in columns or not columns}
            for name, row in rows.items()
            if where in name
        }
        shown = {name: row for name, row in shown.items() if row}
        if not shown:
            known = list(dict.fromkeys(key for row in rows.values() for key in row))
            there = f"columns are {known}, rows {list(rows)}"
            raise ValueError(f"nothing to show for columns {columns} where {where!r}; {there}.")
        return Table(self.made, shown)

    def __repr__(self):
        return repr(self.table())

    def _repr_html_(self):
        return self.table()._repr_html_()


def record(name):
    """Read one of the book's recorded results.

    Parameters
    ----------
    name : str
        Of a file in ``results``.

    Returns
    -------
    record : Record
        The record as a dict; a notebook shows it as a table.

    Raises
    ------
    FileNotFoundError
        If the package was installed without its repository, which alone holds the records.
    ValueError
        If there is no such record.

    Examples
    --------
    >>> record("patch-sizes")["constant_guess"]  # doctest: +SKIP
    0.866
    """
    if not RESULTS.is_dir():
        raise FileNotFoundError(f"{name!r} is no part of the package: records need a checkout.")
    there = sorted(path.stem for path in RESULTS.glob("*.json"))
    if name not in there:
        raise ValueError(f"there is no record {name!r}; pass one of {', '.join(there)}.")
    return Record(json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8")))


def _plain(value):
    return isinstance(value, int | float | str) or value is None


def _groups(group, path=(), *, files=False):
    """Return the plain values of a group and of all below it, by path; of files only if asked."""
    row, below = {}, {}
    for key, value in group.items():
        if key == "sha256" or (Path(key).suffix[1:].isalpha() and not files):
            continue
        if _plain(value):
            row[key] = value
        elif isinstance(value, dict) and all(map(str.isdigit, value)):  # coverage by number of std
            row |= {f"{key} {number}": share for number, share in value.items()}
        elif isinstance(value, dict) and key not in _MAKING:
            below |= _groups(value, (*path, key), files=files)
    return ({path: row} if row else {}) | below


def _text(value):
    return f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)
