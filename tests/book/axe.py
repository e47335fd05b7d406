"""What axe-core finds on a page of the browser.

Code stands on a gradient, the sign that it scrolls, on which axe-core judges no contrast; `look.js`
does, for `test_pages`.
"""

from tests.book.visits import REPOSITORY

AXE = REPOSITORY / "book/_ext/node_modules/axe-core/axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
TAGS = [*WCAG, "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]

RUN = """async ([kind, values, folds]) => {
  [...document.querySelectorAll("details")].slice(0, folds).forEach((one) => (one.open = true));
  await new Promise((done) => setTimeout(done, 50)); // the page hears of the folds
  for (const one of document.getAnimations()) // what was folded fades in
    if (one.effect.getComputedTiming().endTime !== Infinity) one.finish();
  axe.configure({ rules: [{ id: "color-contrast", selector: "*:not(pre *)" }] });
  const options = { runOnly: { type: kind, values }, resultTypes: ["violations"], preload: false };
  const { violations, passes } = await axe.run(document, options);
  const say = ({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 200)}`);
  return [violations.flatMap(say), passes.map(({ id }) => id)];
}"""


def broken(page, kind, values, folds=100):
    """Say which rules are broken, and by what."""
    if not page.evaluate("window.axe !== undefined"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found, kept = page.evaluate(RUN, [kind, values, folds])
    assert "color-contrast" in kept
    return found
