"""The self-test: the browser's numbers are the library's, and one that differs is seen."""

import html
import importlib.util
import json
import os
import re

import pytest

from tests.widgets.test_sigma_lab import PATIENCE, REPOSITORY, runtime  # noqa: F401

LABS = [
    "Point spread function",
    "Lens",
    "Spectrum",
    "Window",
    "Smoothing",
    "Deblurring",
    "Beat the network",
    "Sigma lab",
]


@pytest.fixture(scope="module")
def fragment():
    spec = importlib.util.spec_from_file_location("test", REPOSITORY / "book/_ext/self_test.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.fragment()


def differences(page):
    """Return what the table says, by lab."""
    rows = page.locator(".self-test tbody tr").all()
    return {row.locator("th").inner_text(): row.locator("td").last.inner_text() for row in rows}


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_all_is_equal(fragment, write_page, open_page, served, runtime, tmp_path, scheme):  # noqa: F811
    path = write_page(fragment)
    os.link(runtime, tmp_path / runtime.name)
    page = open_page(path.as_uri() if scheme == "file" else served)
    page.set_default_timeout(PATIENCE)
    verdict = page.get_by_role("status")
    verdict.get_by_text("All equal to the library to 1e-4; the Sigma lab is not yet").wait_for()
    assert differences(page)["Sigma lab"] == "not yet run"
    page.get_by_role("button", name="network").press("Enter")
    verdict.get_by_text(re.compile("All equal to the library to 1e-4. The largest")).wait_for()
    found = {name: float(said) for name, said in differences(page).items()}
    assert list(found) == LABS
    assert max(found.values()) <= 1e-4
    assert found["Sigma lab"] > 0  # single precision, summed in another order


@pytest.mark.parametrize("name", LABS[:-1])
def test_a_number_that_differs_is_seen(fragment, write_page, open_page, name):
    state = json.loads(html.unescape(re.search('data-state="([^"]*)"', fragment)[1]))
    state["cases"][name]["wanted"][-1] += 2e-4
    other = "Lens" if name != "Lens" else "Spectrum"
    state["cases"][other]["wanted"].pop()  # one too few
    text = html.escape(json.dumps(state))
    path = write_page(re.sub('data-state="[^"]*"', lambda _: f'data-state="{text}"', fragment))
    page = open_page(path.as_uri())
    page.get_by_role("status").get_by_text("Not equal to the library to 1e-4:").wait_for()
    odd = page.get_by_role("status").inner_text()
    assert name in odd and other in odd and len(odd.split(", ")) == 2
    assert differences(page)[other] == "not comparable"
