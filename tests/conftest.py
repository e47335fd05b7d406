"""What every test can ask for: a seeded generator, an awkward image, a browser."""

import os
from pathlib import Path

import hypothesis
import pytest

# As in the Makefile, and before torch is imported: waiting threads sleep, here and in the kernels.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Workers beside each other share the cores out; kernels and other processes of a worker inherit it.
if workers := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 0)):
    os.environ.setdefault("OMP_NUM_THREADS", str(max((os.cpu_count() or 1) // workers, 1)))

import torch  # noqa: E402

REPOSITORY = Path(__file__).parents[1]
# Files that take longest: they come first, so that no worker ends with a long one while the others
# have none.
LONGEST = (
    "test_pages.py",
    "test_pages_as_files.py",
    "test_access.py",
    "test_reproduce.py",
    "test_cli_map.py",
    "test_build.py",
    "test_cli.py",
)

# The same examples in every run, and no time limit for one: a shared machine may be slow.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile("repeatable")


def pytest_configure(config):
    config.addinivalue_line("markers", "cuda: needs a CUDA device; skipped where there is none")


def pytest_collection_modifyitems(items):
    def place(item):
        return LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST)

    items.sort(key=place)  # stable: within a file, and among the files that are left, order stays
    if torch.cuda.is_available():
        return
    for item in items:
        if item.get_closest_marker("cuda"):
            item.add_marker(pytest.mark.skip(reason="no CUDA device"))


@pytest.fixture
def rng():
    """Return a generator that starts every test at the same place."""
    return torch.Generator().manual_seed(0)


@pytest.fixture
def image(rng):
    """Return a grey image of odd, unequal sides (37, 31): a swapped axis or a half pixel shows."""
    return torch.rand(37, 31, generator=rng)


@pytest.fixture
def one_thread():
    """Let torch work with one thread: sums are then made in the same order, to the last bit."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def drawn_once():
    """Return small textures to train on, for tests that do not look at what they train on."""
    from blurlib import data

    rng = torch.Generator().manual_seed(0)
    return data.training_images(rng=rng, num_each=1, size=96, photographs=False)


@pytest.fixture
def few_textures(drawn_once, monkeypatch):
    """Let recipes train on the same few textures: drawing them anew takes longer than the test."""
    monkeypatch.setattr("blurlib.data.free.training_images", lambda **options: drawn_once)


@pytest.fixture(scope="session")
def programs():
    """Return what starts command lines quickly: `tests.forked.Programs`."""
    from tests.forked import Programs

    started = Programs()
    yield started
    started.close()


@pytest.fixture(scope="session")
def book():
    """Return the folder of the built book."""
    folder = REPOSITORY / "_build" / "html"
    if not (folder / "index.html").is_file():
        pytest.fail("The book is not built (no _build/html/index.html). Run `make book` first.")
    return folder


def launch(playwright):
    """Start Chromium, wherever it is."""
    from tests.book.lengths import extension

    try:
        return extension("chromium").launch(playwright)
    except FileNotFoundError as error:
        pytest.fail(str(error))


@pytest.fixture(scope="module")
def browser():
    """Start Chromium for one module: while it runs, its event loop would disturb other tests."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()
