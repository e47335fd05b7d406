"""The same module in JupyterLab with a real kernel: the traits follow, in both directions."""

import os
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
from playwright.sync_api import TimeoutError

SCREENSHOT = Path(tempfile.gettempdir()) / "live_kernel.png"

CELLS = (
    "from blurlib.widgets import PSFExplorer\nw = PSFExplorer(sigma=1.5)\nw",
    "print('the kernel has', w.shape, w.sigma)\nw.sigma = 3.25",
)


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


def test_kernel_and_view_follow_each_other(lab, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 1100})
    page.set_default_timeout(90_000)
    page.add_locator_handler(page.locator(".jp-Dialog").first, accept)
    page.goto(lab)
    run_cell(page, 0, page.locator(".psf-explorer"))
    page.get_by_text("Disk", exact=True).click()
    page.get_by_role("slider", name="Sigma").fill("2.5")
    page.get_by_text("2.50 px, radius 5.00 px").wait_for()

    run_cell(page, 1, page.get_by_text("the kernel has disk 2.5"))  # the view moved the kernel
    page.get_by_text("3.25 px, radius 6.50 px").wait_for()  # the kernel moved the view
    page.close()
