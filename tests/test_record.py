"""A recorded result is read by name and shown as a table, with how it was made."""

import pytest

import blurlib
import reproduce
from blurlib import records as module

MADE = {
    "name": "one", "command": "python -m reproduce one", "data": {"files": ["a.gif", "b.gif"]},
    "date": "2026-01-02", "device": "cpu", "versions": {"torch": "2"}, "seconds": 1.5,
    "stride": 8,
}  # fmt: skip
RESULT = {
    "rows": {
        "ramp": {"rmse": 0.12345, "images": {"a.gif": 1.0}, "coverage": {"1": 0.5, "2": 0.9}},
        "sin": {"rmse": None, "std_rmse": 2, "sha256": "0" * 64},
    },
}


@pytest.mark.parametrize("name", sorted(reproduce.RECORDS))
def test_every_record_can_be_read_and_shown(name):
    found = blurlib.record(name)
    assert found["name"] == name and found.made.startswith(f"python -m reproduce {name}")
    assert len(repr(found).splitlines()) > 2
    assert found._repr_html_().count("<tr>") == len(found.table().rows) + 1


def test_the_table_has_a_row_for_each_group_and_no_single_files():
    table = module.Record(MADE | RESULT).table()
    assert table.rows == {
        "ramp": {"rmse": 0.12345, "coverage 1": 0.5, "coverage 2": 0.9},
        "sin": {"rmse": None, "std_rmse": 2},
    }
    assert repr(table).splitlines() == [
        "python -m reproduce one; stride 8; 2 scans; 2026-01-02; cpu; 1.5 s",
        "      rmse    coverage 1  coverage 2  std rmse",
        "ramp  0.1235  0.5         0.9",
        "sin                                   2",
    ]


def test_files_are_shown_where_there_is_nothing_else():
    found = module.Record(MADE | {"scans": {"a.gif": {"slope": -2.0}}})
    assert found.table().rows == {"a.gif": {"slope": -2.0}}


def test_a_part_can_be_shown():
    found = module.Record(MADE | RESULT)
    assert found.table("rmse", where="ra").rows == {"ramp": {"rmse": 0.12345}}
    with pytest.raises(ValueError, match=r"nothing to show.*columns are \['rmse', .*'sin'\]"):
        found.table("mse")


def test_a_table_on_a_page_keeps_its_marks():
    table = module.Table("a < b", {"x & y": {"c_d": "<i>"}})
    assert "a &lt; b" in table._repr_html_() and "<th>x &amp; y</th>" in table._repr_html_()
    assert "<i>" not in table._repr_html_()


def test_an_unknown_record_is_named():
    with pytest.raises(ValueError, match="no record 'rampp'; pass one of brodatz-dataset"):
        blurlib.record("rampp")


def test_an_installed_package_says_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "RESULTS", tmp_path / "results")
    with pytest.raises(FileNotFoundError, match="limits.*need a checkout"):
        blurlib.record("limits")
