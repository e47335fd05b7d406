"""Start the browser that prints the book and tests its pages."""

import os
import shutil
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# No sandbox, since containers run as root; the rest keeps the browser itself from calling home.
BROWSER_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def launch(playwright):
    """Start Chromium, wherever it is."""
    path = os.environ.get("BLURLIB_CHROMIUM") or next(
        filter(None, map(shutil.which, BROWSERS)),
        playwright.chromium.executable_path,
    )
    if not Path(path).exists():
        raise FileNotFoundError(
            f"No browser: none of {', '.join(BROWSERS)} is on PATH and {path!r} is missing. "
            "Run `make browser`, or set BLURLIB_CHROMIUM to the browser's path."
        )
    return playwright.chromium.launch(executable_path=path, args=BROWSER_FLAGS)
