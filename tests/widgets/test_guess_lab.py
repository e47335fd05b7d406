"""Beat the network: its answers and bounds are blurlib's, and the page adds up the same scores."""

import pytest
import torch
from traitlets import TraitError

from blurlib.maps import load_estimator, rms
from blurlib.widgets import GuessLab
from blurlib.widgets.png import from_data_uri

GUESSES = [0.5, 1.2, 3.0]


@pytest.fixture(scope="module")
def widget():
    return GuessLab(noise=4, window=24)


def shown(page):
    page.wait_for_selector(".guess-lab")
    return page.locator(".bw-facts dd")


def test_games_are_of_the_network(widget):
    sheet = from_data_uri(widget.games["4-24"]["patches"])
    assert sheet.shape == (24, 240) and len(widget.games) == 6
    third = load_estimator("sigma-net").predict(sheet[:, 48:72]).sigma
    wanted = third[tuple(side // 2 for side in third.shape)].item()
    assert widget.game["network"][2] == pytest.approx(wanted, abs=2e-3)
    assert len(widget.to_html()) < 120_000


def test_a_small_noisy_patch_says_less(widget):
    def errors(name):
        game = {
            key: torch.tensor(value)
            for key, value in widget.games[name].items()
            if key != "patches"
        }
        return rms(game["network"] - game["truth"]), rms(game["bound"])

    (best, best_bound), (worst, worst_bound) = errors("0-32"), errors("4-16")
    assert 2 * best < worst and 3 * best_bound < worst_bound
    assert worst < worst_bound  # the lab's question: it is biased


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_a_game_is_scored_as_in_the_kernel(widget, write_page, open_page, served, scheme):
    path = write_page(widget.to_html())
    page = open_page(path.as_uri() if scheme == "file" else served)
    facts, button = shown(page), page.get_by_role("button", name="Guess")
    for count, guess in enumerate(GUESSES, 1):
        page.get_by_role("slider", name="Your sigma").fill(str(guess))
        button.press("Enter") if count % 2 else button.click()
        facts.nth(0).get_by_text(f"{count + 1} of 10").wait_for()
    played = GuessLab(noise=4, window=24, guesses=GUESSES)
    wanted = [f"{played.scores[name]:.2f} px" for name in ("yours", "network", "bound")]
    assert [facts.nth(at).inner_text() for at in (2, 3, 4)] == wanted
    assert facts.nth(1).inner_text() == f"{played.game['truth'][2]:.2f} px"
    page.get_by_role("status").get_by_text("after 3 of 10").wait_for(state="attached")
    page.wait_for_url("**#lab-guess?guesses=0.5%2C1.2%2C3&sigma=3")
    page.get_by_text("16", exact=True).click()  # another game begins anew
    facts.nth(0).get_by_text("1 of 10").wait_for()
    page.evaluate("location.hash = '#lab-guess?guesses=' + Array(10).fill(1.5)")
    facts.nth(0).get_by_text("finished").wait_for()
    assert button.is_disabled()
    page.get_by_role("button", name="Reset").click()
    facts.nth(0).get_by_text("1 of 10").wait_for()


def test_values_have_limits(widget):
    assert "network's RMSE" in widget.poster()[1]
    for name, value in (("window", 8), ("guesses", [9.0]), ("guesses", 11 * [1.0])):
        with pytest.raises(TraitError):
            setattr(widget, name, value)
