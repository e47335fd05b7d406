"""Every lab in Firefox, over http and as a file: it loads, moves, computes the same.

Firefox is driven by WebDriver BiDi, its own protocol. Where there is none (`apt-get install
firefox-esr`), these tests are skipped.
"""

import itertools
import json
import os
import re
import shutil
import subprocess
import time

import pytest
import websocket

from blurlib.widgets import SigmaLab
from tests.widgets.test_lab import LABS
from tests.widgets.test_self_test import fragment  # noqa: F401
from tests.widgets.test_sigma_lab import runtime  # noqa: F401

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
pytestmark = pytest.mark.skipif(not FIREFOX, reason="no Firefox: apt-get install firefox-esr")

ARROW_RIGHT = "\ue014"
# Nothing is asked of other hosts while the tests run.
SETTINGS = """user_pref("app.normandy.enabled", false);
user_pref("app.update.enabled", false);
user_pref("browser.safebrowsing.update.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("extensions.getAddons.cache.enabled", false);
user_pref("services.settings.server", "data:,");
"""
DRAWN = """(root) => [...root.querySelectorAll("canvas")].map((one) => one.toDataURL()).join() +
  [...root.querySelectorAll("svg")].map((one) => one.outerHTML).join()"""


class Firefox:
    """A tab of Firefox, and what went wrong in it."""

    def __init__(self, address):
        self.trouble, self.numbers = [], itertools.count()
        self.socket = websocket.create_connection(address, suppress_origin=True, timeout=120)
        self.ask("session.new", capabilities={})
        self.ask("session.subscribe", events=["log.entryAdded", "network.fetchError"])
        self.tab = self.ask("browsingContext.getTree")["contexts"][0]["context"]

    def ask(self, method, **parameters):
        """Send a command, and return its answer; note what is told meanwhile."""
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == number:
                assert message["type"] == "success", message
                return message["result"]
            self.note(message)

    def note(self, message):
        told = message.get("params", {})
        if message.get("method") == "log.entryAdded" and told["level"] == "error":
            self.trouble.append(told["text"])
        elif message.get("method") == "network.fetchError":
            self.trouble.append(told["request"]["url"])

    def open(self, address):
        self.ask("browsingContext.navigate", context=self.tab, url=address, wait="complete")

    def run(self, script):
        """Return what a script gives, a text, a number or nothing."""
        target = {"context": self.tab}
        answer = self.ask("script.evaluate", expression=script, target=target, awaitPromise=True)
        assert answer["type"] == "success", answer
        return answer["result"].get("value")

    def wait(self, script, seconds=120):
        """Wait until a script gives something, and return it."""
        for _ in range(10 * seconds):
            if found := self.run(script):
                return found
            time.sleep(0.1)
        raise AssertionError(f"{script} stayed empty; {self.trouble}")

    def press(self, key):
        """Press a key as a person does."""
        keys = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        actions = [{"type": "key", "id": "keyboard", "actions": keys}]
        self.ask("input.performActions", context=self.tab, actions=actions)

    def click(self, selector):
        """Click an element as a person does."""
        find = f"document.querySelector({json.dumps(selector)})"
        self.run(f"{find}.scrollIntoView({{ block: 'center' }})")
        target = {"context": self.tab}
        found = self.ask("script.evaluate", expression=find, target=target, awaitPromise=False)
        place = {"type": "element", "element": {"sharedId": found["result"]["sharedId"]}}
        steps = [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": place},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        actions = [{"type": "pointer", "id": "mouse", "actions": steps}]
        self.ask("input.performActions", context=self.tab, actions=actions)


@pytest.fixture(scope="module")
def firefox(tmp_path_factory):
    """Start Firefox with a profile of its own."""
    profile = tmp_path_factory.mktemp("firefox")
    (profile / "user.js").write_text(SETTINGS)
    command = [FIREFOX, "--headless", "--no-remote", "--profile", str(profile)]
    own = {"HOME": str(profile), "MOZ_CRASHREPORTER_DISABLE": "1"}
    with open(profile / "log", "w+") as log:
        command += ["--remote-debugging-port", "0"]
        process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | own)
        try:
            for _ in range(600):
                if found := re.search(
                    r"BiDi listening on (ws://\S+)", (profile / "log").read_text()
                ):
                    break
                assert process.poll() is None, (profile / "log").read_text()
                time.sleep(0.1)
            yield Firefox(f"{found[1]}/session")
        finally:
            process.terminate()
            process.wait(30)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_labs_load_move_and_compute_the_same(
    firefox, write_page, served, tmp_path, scheme, fragment, runtime  # noqa: F811
):  # fmt: skip
    labs = {name: make() for name, make in LABS.items()}
    path = write_page(*(lab.to_html() for lab in labs.values()), SigmaLab().to_html(), fragment)
    os.link(runtime, tmp_path / runtime.name)
    firefox.open(path.as_uri() if scheme == "file" else served)
    count = len(labs) + 2
    firefox.wait(f"document.querySelectorAll('.blurlib-widget > div').length === {count}")
    for number, name in enumerate(labs):
        root = f"document.querySelectorAll('.blurlib-widget')[{number}]"
        focus = "'input[type=range]:not(.bw-slider[hidden] *), [role=application]'"
        before = firefox.run(f"({DRAWN})({root})")
        firefox.run(f"{root}.querySelector({focus}).focus()")
        firefox.press(ARROW_RIGHT)
        firefox.wait(f"({DRAWN})({root}).length && ({DRAWN})({root}) !== {json.dumps(before)}")
        assert len(before) > 5000, name
    verdict = "document.querySelector('.bw-verdict').textContent"
    firefox.wait(f"/^All equal to the library to 1e-4; the Sigma/.test({verdict})")
    firefox.click(".self-test button")
    said = firefox.wait(
        f"/^(All|Not).*equal.*[.]$/.test({verdict}) && !/yet/.test({verdict}) && {verdict}"
    )
    assert said.startswith("All equal to the library to 1e-4. "), said
    firefox.click(".sigma-lab .bw-free button")
    firefox.wait("/mapped in/.test(document.querySelector('.sigma-lab [role=status]').textContent)")
    assert not firefox.trouble
