"""The labs in JupyterLab with a real kernel: the traits follow, in both directions."""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import TimeoutError, expect

SCREENSHOT = Path(tempfile.gettempdir()) / "live_kernel.png"

# Of each lab: what is moved in the view (choices, and a slider), and what the kernel has then; what
# the kernel moves, and what a slider, or the picture, then says.
LABS = {
    "PSFExplorer": (["Disk"], ("Sigma", "2.5"), {"shape": "disk", "sigma": 2.5},
                    {"sigma": 3.25}, ("Sigma", "3.25 px, radius 6.50 px")),
    "LensLab": ([], ("Focus distance", "0.5"), {"focus_distance": 0.5, "column": 80},
                {"f_number": 4.0}, ("f-number", "4")),
    "SpectrumLab": (["Gravel"], ("Contrast", "0.4"), {"texture": "gravel", "contrast": 0.4},
                    {"sigma": 2.0}, ("Sigma", "2.00 px")),
    "WindowLab": (["Step", "8 px"], None, {"field": "step", "size": 8, "column": 120},
                  {"row": 16}, ("picture", "row 16, column 120")),
    "SmoothingLab": (["Sin"], ("Iterations", "11"), {"field": "sin", "iterations": 12},
                     {"iterations": 12_000}, ("Iterations", "12,000")),
    "DeblurLab": (["Page"], ("Believed sigma", "1.2"), {"scene": "page", "believed": 1.2},
                  {"noise": 4.0}, ("Noise", "4.00 grey levels")),
    "GuessLab": (["16", "Guess"], ("Your sigma", "1.2"), {"window": 16, "guesses": [1.2]},
                 {"sigma": 2.5}, ("Your sigma", "2.50 px")),
}  # fmt: skip
ROOTS = [".psf-explorer", *(f".{name.removesuffix('Lab').lower()}-lab" for name in list(LABS)[1:])]
SAID = {name: " ".join(map(str, [name, *has.values()])) for name, (_, _, has, _, _) in LABS.items()}
CELLS = (
    "from blurlib import widgets\nprint('it has', 'begun')\n"
    f"labs = [getattr(widgets, name)() for name in {list(LABS)}]\ndisplay(*labs)",
    f"for lab, has in zip(labs, {[list(has) for _, _, has, _, _ in LABS.values()]}):\n"
    "    print(type(lab).__name__, *(getattr(lab, name) for name in has))\n"
    f"for lab, moves in zip(labs, {[moves for _, _, _, moves, _ in LABS.values()]}):\n"
    "    for name, value in moves.items():\n        setattr(lab, name, value)\n"
    "print('all was', 'moved')",
)
# What is scrolled out of sight stays in the page.
WHOLE = '{"windowingMode": "none"}'


@pytest.fixture
def lab(tmp_path):
    """Start JupyterLab on a notebook in an empty folder, with settings of its own."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in CELLS])
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.metadata["kernelspec"] = spec
    nbformat.write(notebook, tmp_path / "live.ipynb")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    homes = {"CONFIG_DIR": "JUPYTER", "SETTINGS_DIR": "JUPYTERLAB", "WORKSPACES_DIR": "JUPYTERLAB"}
    own = {f"{owner}_{name}": str(tmp_path / name) for name, owner in homes.items()}
    own |= {"JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")}
    settings = tmp_path / "SETTINGS_DIR/@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text(WHOLE)
    options = (
        f"--no-browser --allow-root --ip=127.0.0.1 --port={port} --ServerApp.port_retries=0 "
        "--IdentityProvider.token= --LabApp.news_url=None "
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"
    )
    command = [sys.executable, "-m", "jupyterlab", *options.split(), f"--notebook-dir={tmp_path}"]
    with open(tmp_path / "lab.log", "w+") as log:
        server = subprocess.Popen(command, env=os.environ | own, stdout=log, stderr=log)
        try:
            yield _wait_until_up(f"http://127.0.0.1:{port}", server, tmp_path / "lab.log")
        finally:
            server.terminate()
            server.wait(30)


def _wait_until_up(address, server, log):
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{address}/api", timeout=5).close()
            return f"{address}/lab/tree/live.ipynb"
        except OSError:
            assert server.poll() is None, log.read_text()
            time.sleep(0.2)
    raise AssertionError(f"JupyterLab did not start within a minute:\n{log.read_text()}")


def accept(dialog):
    """Close a dialog of Lab's, such as a busy machine brings up."""
    print("JupyterLab asked:", dialog.inner_text())  # pytest shows it if the test fails after all
    dialog.locator(".jp-Dialog-footer button").last.click()


def run_cell(page, number, shows):
    """Run a cell until its output is there: keys pressed while Lab still loads are lost."""
    page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').first.wait_for()
    for _ in range(6):
        page.locator(".jp-CodeCell .jp-InputArea-editor").nth(number).click()
        page.keyboard.press("Control+Enter")
        try:
            return shows.wait_for(timeout=15_000)
        except TimeoutError:
            continue
    page.screenshot(path=SCREENSHOT)
    raise AssertionError(f"cell {number} showed nothing in 90 seconds; see {SCREENSHOT}")


def move_view(root, choices, slider):
    """Move a lab's controls by pointer and keyboard, as a reader does."""
    if slider:
        name, value = slider
        root.get_by_role("slider", name=name, exact=True).fill(value)
    for text in choices:
        root.get_by_text(text, exact=True).click()
    for picture in root.get_by_role("application").all():
        picture.press("Shift+ArrowRight")


def test_kernel_and_view_follow_each_other(lab, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 1100})
    page.set_default_timeout(90_000)
    page.add_locator_handler(page.locator(".jp-Dialog").first, accept)
    page.goto(lab)
    run_cell(page, 0, page.get_by_text("it has begun"))
    page.locator(ROOTS[-1]).wait_for()
    for root, (choices, slider, *_) in zip(ROOTS, LABS.values(), strict=True):
        move_view(page.locator(root), choices, slider)

    run_cell(page, 1, page.get_by_text("all was moved"))
    said = page.get_by_text("all was moved").inner_text()
    assert said.split("\n")[: len(LABS)] == list(SAID.values())  # the views moved the kernel
    for root, (*_, (name, text)) in zip(ROOTS, LABS.values(), strict=True):
        wanted = re.compile(re.escape(text))
        if name == "picture":
            picture = page.locator(root).get_by_role("application")
            expect(picture).to_have_attribute("aria-label", wanted, timeout=90_000)
        else:
            slider = page.locator(root).get_by_role("slider", name=name, exact=True)
            expect(slider).to_have_attribute("aria-valuetext", wanted, timeout=90_000)
    page.close()
