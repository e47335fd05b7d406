"""The rules of the chapters: each yields what is wrong with a notebook, one sentence a fault."""

import ast
import re

KEPT = {"nbval-check-output", "keep_output"}
#: Lines of a cell that is seen, and of one that a reader may unfold; what is removed has no limit.
MAX_LINES, MAX_FOLDED_LINES = 15, 20
MAX_DEF_LINES, LESSON = 5, "lesson"
FOLDED, REMOVED = {"hide-input", "hide-cell"}, {"remove-cell", "remove-input"}
BOX = re.compile(
    r"^(`{3,}|:{3,})\{admonition\} Functions of this chapter$(.*?)^\1\s*$", re.M | re.S
)
OWN_PICTURE = re.compile(r"^```python\n(.*?)^```", re.M | re.S)
GOALS = re.compile(r"^(?:[`:]{3,}\{admonition\}|#+) Learning goals")
LIMITS = re.compile(r"\b(?:fails?|limits?|breaks?)\b", re.IGNORECASE)
# Exercises are a numbered list, or headings; their solutions are folded admonitions or dropdowns.
EXERCISE = re.compile(r"^(?:\d+\.\s|#+ Exercise\b)")
SOLUTION = re.compile(r"^\s*:class:.*\bdropdown\b|^\s*[`:]{3,}\{dropdown\}")
COURSE = re.compile(
    r"^\(ex-([\w-]+)\)=\n### Exercise (\d+): \S.* (★{1,3})\n\n(\*(?:Predict|Code)\.\* )?\S", re.M
)
FENCE = re.compile(r"\s*(`{3,}|:{3,})(.*)")
ABSOLUTE_PATH = re.compile(r"(?<![\w.:/])(?:/(?:home|root|tmp|usr|mnt|work|Users)/|[A-Z]:\\|~/)")
INSTALL = re.compile(r"^\s*[!%]{1,2}\s*(?:pip|conda|mamba|uv)\b", re.MULTILINE)
DRAWING = re.compile(r"\bplt\.(?:show|subplots|figure|imshow|plot)\(|\.plotting\.show|\bImage\(")


def tags(cell):
    return set(cell.metadata.get("tags", []))


def code_lines(source):
    """Count the lines that are neither blank nor a comment."""
    return sum(
        1 for line in source.splitlines() if line.strip() and not line.strip().startswith("#")
    )


def tree(cell):
    """Parse a cell; line magics are IPython's own and count as nothing."""
    return ast.parse(re.sub(r"^\s*[!%].*$", "", cell.source, flags=re.MULTILINE))


def prose(cells):
    """Give the lines of the Markdown cells, each with how many directives it lies in; no code."""
    fences = []
    for cell in cells:
        for line in cell.source.splitlines() if cell.cell_type == "markdown" else ():
            inside_code = bool(fences) and not fences[-1].endswith("{")
            fence = FENCE.match(line)
            if fences and fence and not fence[2].strip() and fence[1] == fences[-1].rstrip("{"):
                fences.pop()
            elif fence and not inside_code:
                fences.append(fence[1] + "{" * fence[2].startswith("{"))
                yield line, len(fences)
            elif not inside_code:
                yield line, len(fences)


def sections(cells):
    """Split the Markdown at its headings: {heading: lines below it, down to one as high}."""
    found, open_now = {}, []
    for line, depth in prose(cells):
        if not depth and (heading := re.match(r"(#+)\s+(.*\S)", line)):
            level = len(heading[1])
            open_now = [(name, above) for name, above in open_now if above < level]
            open_now.append((heading[2], level))
            found[heading[2]] = []
        for name, _ in open_now:
            found[name].append((line, depth))
    return found


def text_of(output):
    """Return the text that nbval compares."""
    return output.get("text") or output.get("data", {}).get("text/plain", "")


def rule_kernel(notebook, code):
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        yield "the kernelspec's name must be python3"


def rule_outputs(notebook, code):
    for number, cell in code:
        kept = tags(cell) & KEPT
        if len(kept) == 1:
            yield f"cell {number}: carries {kept.pop()} alone, the tags {sorted(KEPT)} go together"
        elif kept and not any(text_of(output).strip() for output in cell.outputs):
            yield f"cell {number}: no stored text for nbval to compare; run `make outputs`"
        elif kept and not cell.execution_count:
            yield f"cell {number}: nbval takes it for never run; run `make outputs`, not nbstripout"
        elif kept and "glue(" in cell.source:
            yield f"cell {number}: glues unrounded numbers, which nbval would compare; glue apart"
        elif "glue(" in cell.source and not tags(cell) & REMOVED:
            yield f"cell {number}: hands numbers to the text in sight of a reader; tag remove-cell"
        elif not kept and (cell.outputs or cell.execution_count):
            yield f"cell {number}: stored output; run `make format`"


def rule_goals(notebook, code):
    if not any(GOALS.match(line) for line, _ in prose(notebook.cells)):
        yield "no learning goals: open with an admonition `Learning goals`"


def rule_check(notebook, code):
    if not any(isinstance(node, ast.Assert) for _, cell in code for node in ast.walk(tree(cell))):
        yield "no cell asserts anything that the text claims"


def rule_exercises(notebook, code):
    lines = sections(notebook.cells).get("Exercises")
    if lines is None:
        yield "no section `Exercises`"
        return
    exercises = sum(1 for line, depth in lines if EXERCISE.match(line) and not depth)
    solutions = sum(1 for line, _ in lines if SOLUTION.match(line))
    if not exercises or exercises != solutions:
        yield f"{exercises} exercises and {solutions} solutions with class dropdown"


def rule_course(notebook, code):
    """Once a chapter has a quiz, its exercises are checked, and of several kinds."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    if "```{quiz}" not in text:
        return
    found = COURSE.findall(text)
    if not 3 <= len(found) <= 5 or len(found) != len(re.findall(r"^#+ Exercise\b", text, re.M)):
        yield f"{len(found)} of the exercises have label, title and stars; there are three to five"
    if [int(number) for _, number, _, _ in found] != list(range(1, len(found) + 1)):
        yield "the exercises' numbers do not count"
    links = re.findall(r"`Exercise (\d+) <ex-([\w-]+)>`", text)
    if wrong := set(links) - {(number, name) for name, number, _, _ in found}:
        yield f"links to exercises have other numbers than these: {sorted(wrong)}"
    if re.search(r"(?<![#`] )(?<!`)\b[Ee]xercise \d", text):
        yield "an exercise is named without a link to it"
    for kind in ("*Predict.* ", "*Code.* "):
        if kind not in [one[3] for one in found]:
            yield f"no exercise begins with {kind}"
    asked = [
        m for _, cell in code for m in re.findall(r'^bl\.check\("(.+)", None\)', cell.source, re.M)
    ]
    if asked != [name for name, _, _, _ in found]:
        yield f"the cells ask for {asked}, the exercises are {[one[0] for one in found]}"
    solved = {
        m for _, cell in code for m in re.findall(r'assert\b.*bl\.check\("(.+?)", ', cell.source)
    }
    if missing := set(asked) - solved:
        yield f"no solution is checked of {sorted(missing)}"


def rule_limits(notebook, code):
    if not any(LIMITS.search(heading) for heading in sections(notebook.cells)):
        yield "no section says where it fails (a heading with fails, limits or breaks)"


def rule_paths(notebook, code):
    for number, cell in enumerate(notebook.cells):
        if found := ABSOLUTE_PATH.search(cell.source):
            yield f"cell {number}: absolute path at {cell.source[found.start() :][:20]!r}"


def rule_installs(notebook, code):
    for number, cell in code:
        if INSTALL.search(cell.source):
            yield f"cell {number}: installs something; the environment files do that"


def rule_updates(notebook, code):
    for number, cell in code:
        if "display_id" in cell.source:
            yield f"cell {number}: updates a picture; the page would keep the first, show the last"


def rule_length(notebook, code):
    for number, cell in code:
        most = MAX_FOLDED_LINES if tags(cell) & FOLDED else MAX_LINES
        if (lines := code_lines(cell.source)) > most and not tags(cell) & REMOVED:
            yield f"cell {number}: {lines} lines of code, at most {most}; move work to blurlib"


def rule_functions(notebook, code):
    for number, cell in code:
        for node in ast.walk(tree(cell)) if LESSON not in tags(cell) else ():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = code_lines(ast.unparse(node))
                if lines > MAX_DEF_LINES:
                    yield (
                        f"cell {number}: {node.name} has {lines} lines, at most {MAX_DEF_LINES}; "
                        f"move it to blurlib, or tag the cell `{LESSON}` if it is what is taught"
                    )


def rule_alt_text(notebook, code):
    for number, cell in code:
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        if DRAWING.search(cell.source) and not alt.strip():
            yield f'cell {number}: draws, so its metadata needs mystnb: {{"image": {{"alt": ...}}}}'


def own_picture_lines(cells):
    """Return the code that the closing box offers for a picture of the reader's own."""
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    boxes = [box[2] for box in BOX.finditer(text)]
    return [code.strip() for box in boxes for code in OWN_PICTURE.findall(box)]


def rule_box(notebook, code):
    found = own_picture_lines(notebook.cells)
    if len(found) != 1 or "mine.jpg" not in found[0]:
        yield "no box `Functions of this chapter` with a ```python line for the reader's mine.jpg"


def rule_records(notebook, code):
    for number, cell in code:
        if re.search(r"\bjson\b|results/", cell.source):
            yield f"cell {number}: reads a file of results; bl.record does"


def rule_imports(notebook, code):
    for number, cell in code:
        for module in re.findall(r"^from (blurlib\S*) import", cell.source, flags=re.M):
            if module != "blurlib.widgets":
                yield f"cell {number}: imports from {module}; write bl. before the name"


def rule_captions(notebook, code):
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown" and re.search(r"\bWhat to see\b", cell.source):
            yield f"cell {number}: says `What to see`; a caption, or a plain sentence, says it"


RULES = [
    rule_kernel, rule_outputs, rule_goals, rule_check, rule_exercises, rule_course,
    rule_limits, rule_paths, rule_installs, rule_updates, rule_length, rule_functions,
    rule_alt_text, rule_box, rule_records, rule_imports, rule_captions,
]  # fmt: skip

#: What a lesson has, and a page of the appendix need not have.
OF_LESSONS = [rule_goals, rule_check, rule_exercises, rule_course, rule_limits, rule_box]


def faults_of(notebook, lesson=True):
    """Return what is wrong with a chapter, one sentence each; cells are counted from 0."""
    rules = [rule for rule in RULES if lesson or rule not in OF_LESSONS]
    code = [(k, cell) for k, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    return [fault for rule in rules for fault in rule(notebook, code)]
