"""The projects were done: what the appendix says of them in numbers is what their code measures."""

import json
import re

import pytest

from tests.book.lengths import ROOT, chapter_files, extension

projects = extension("projects")
KEPT = json.loads(projects.RESULTS.read_text("utf-8"))
PAGES = {
    name: (ROOT / f"book/appendix/{name}.md").read_text("utf-8")
    for name in ("projects", "instructors")
}
CHAPTERS = "\n".join(path.read_text("utf-8") for path in chapter_files().values())


def test_every_part_ends_with_a_project_that_was_done():
    sections = re.findall(r"^\(project-(\w+)\)=$", PAGES["projects"], re.MULTILINE)
    assert sections == ["start", "blur", "data", "learn", "maps", "restore", "score"]
    assert set(KEPT) == set(projects.PROJECTS) == {*sections, "server"}
    assert [CHAPTERS.count(f"{{ref}}`project-{name}`") for name in sections] == [1] * 7
    parts = re.split(r"^\(project-\w+\)=$", PAGES["projects"], flags=re.MULTILINE)[1:]
    for name, text in zip(sections, parts, strict=True):
        for word in ("Pictures", "Steps", "Hand in", "A good result"):
            assert f"**{word}" in text, (name, word)
        assert re.search(r"\b(Three|Four|Five) hours", text) and f"{{project}}`{name}." in text


def test_every_number_on_the_pages_is_one_that_was_measured():
    used = [use for text in PAGES.values() for use in re.findall(r"\{project\}`([^`]+)`", text)]
    assert len(used) > 30
    for use in used:
        place, _, form = use.partition(":")
        name, _, key = place.partition(".")
        assert format(KEPT[name][key], form)


def test_what_the_page_says_in_words_holds():
    start, blur, data, learn, maps, restore, score = (KEPT[n] for n in list(projects.PROJECTS)[:7])
    assert start["pairs_of_a_scene"] >= start["pairs_across"] > 90
    assert blur["slope_off"] < 10 and blur["residual"] < 0.05 * blur["largest"]
    assert data["honest_on_world"] < data["lie_on_lie"] < data["guess"] < data["lie_on_world"]
    assert learn["after_50"] > learn["after_200"] > learn["after_800"] > learn["packaged"]
    assert learn["after_200"] - learn["after_800"] < learn["seeds_apart"]
    assert maps["halved"] < maps["full_size"] and maps["autocorrelation_sin"] > 0.3
    assert maps["within_std"] < 50 and 58 < maps["within_std_halved"] < 78
    assert restore["unsharp"] + 2 < restore["gain"]
    assert abs(score["drawn"] - score["record"]) < score["drawn_std"] / 12**0.5
    assert score["drawn_std"] > 2 * score["record_std"] and score["unseen"] > score["record"]


@pytest.mark.parametrize("name", ["blur", "data", "restore"])
def test_a_project_done_again_gives_the_same(name):
    again = projects.PROJECTS[name]()
    assert again.keys() == KEPT[name].keys()
    for key, value in again.items():
        near = 0.5 if key == "slope_off" else 0.05 * abs(KEPT[name][key]) + 0.01
        assert abs(value - KEPT[name][key]) < near, key


def test_an_unknown_number_is_an_error_and_not_a_gap():
    class Inliner:
        """Stand in for docutils'."""

        reporter = type("", (), {"error": staticmethod(lambda text, line: text)})

        @staticmethod
        def problematic(*parts):
            return parts[-1]

    said, faults = projects.project_role("project", "", "start.pictures:d", 1, Inliner)
    assert said[0].astext() == str(KEPT["start"]["pictures"]) and not faults
    for wrong in ("start.cameras", "stars.pictures", "start.pictures:q"):
        said, faults = projects.project_role("project", "", wrong, 1, Inliner)
        assert wrong in faults[0]


def test_the_plan_has_every_chapter_once_and_names_what_there_is():
    lessons = PAGES["instructors"].split("## Twelve lessons")[1].split("## Copies")[0]
    numbers = re.findall(r"^\*\*Lesson (\d+)\.\*\*", lessons, re.MULTILINE)
    assert numbers == [str(n) for n in range(1, 13)]
    taught = re.findall(r"\{doc\}`\.\./([\w/]+)`", lessons)
    assert taught == [name for name in chapter_files() if not name.startswith("appendix/")]
    for label in re.findall(r"\{ref\}`(ex-[\w-]+)`", lessons):
        assert f"({label})=" in CHAPTERS, label
    for figure in re.findall(r"\{numref\}`(fig-[\w-]+)`", lessons):
        assert f'"name": "{figure}"' in CHAPTERS, figure
    labs = chapter_files()["appendix/labs"].read_text("utf-8").replace("\\", "")
    for address in (found := re.findall(r'href="labs\.html(#lab-[^"]+)"', lessons)):
        assert f'href="{address}"' in labs, address
    assert len(found) > 10
