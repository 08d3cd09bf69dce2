# `make` or `make help` lists what there is.

VENV   ?= .venv
BIN    := $(VENV)/bin
# Most tests wait for processes, so two more than there are processors; whole files, for a file's tests share a node and some come in
# order. The longest are in the first.
PROCESSES    := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 2)
SIDE_BY_SIDE = -n $(PROCESSES) --maxprocesses 4 --dist loadfile --no-loadscope-reorder
# The first is the same engine, and quicker (tests/support/chromium.py).
HAS_CHROMIUM = sh -c 'command -v chromium-headless-shell || command -v chromium'
PLAIN = tests/router/test_plain_wamp.py tests/acceptance/test_starts.py \
	tests/router/test_kills.py::test_a_killed_up_takes_the_rest_along_and_the_next_starts
# make demo DIR=~/Pictures: a shell that leaves the tilde alone must not stop it
FOLDER  = $(patsubst ~/%,$(HOME)/%,$(DIR))

export PYTHON
# Images for containers set it, and then each of the hundreds of processes that the tests start compiles all modules again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help venv versions check check-web check-plain lint format docs site test test-plain demo up bench chaos soak crowd model flows screenshots wheel clean distclean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(VENV)/.installed  ## Create .venv and install everything (PYTHON=/path/to/python3.11 to choose)

$(VENV)/.installed: setup.cfg setup.py scripts/venv.sh scripts/versions.txt
	@bash scripts/venv.sh $(VENV)

# Crossbar and FastAPI cannot be in one environment (setup.cfg).
.venv-examples/.installed: setup.cfg setup.py scripts/venv.sh scripts/versions-examples.txt
	@PYTHON=$(abspath $(BIN))/python EXTRAS=examples VERSIONS=scripts/versions-examples.txt bash scripts/venv.sh .venv-examples

check: lint check-web  ## What every commit must pass: format, lint, types, layers, sizes, unit tests (about 3 minutes on two cores)
	$(BIN)/pytest -q $(SIDE_BY_SIDE) tests/unit

lint: venv  ## The part of `check` that runs no code
	$(BIN)/ruff format --check --quiet
	$(BIN)/ruff check --quiet
	$(BIN)/mypy --no-error-summary
	@bash scripts/quietly.sh $(BIN)/lint-imports
	$(BIN)/python scripts/check_sizes.py
	$(BIN)/python scripts/check_prose.py

check-web: venv  ## Lint, types and unit tests of what the browser loads; pyright (skipped where there is no node)
	@bash scripts/check_web.sh $(abspath $(BIN))/python

check-plain: venv  ## Starts, plain WAMP and a kill without the workarounds that only make things quicker (docs/workarounds.md)
	@TASKBAHN_PLAIN=1 bash scripts/quietly.sh $(BIN)/pytest -q $(PLAIN)

format: venv  ## Format, and repair what ruff can repair
	$(BIN)/ruff check --fix --quiet --exit-zero
	$(BIN)/ruff format --quiet

docs: venv  ## Write again what scripts make from the code: tables, diagrams and commands in docs/, options of the page
	@$(BIN)/python scripts/write_docs.py

site: venv  ## Build the documentation as a site with search and the Python API, into build/site
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "The site is in build/site. Open build/site/index.html in a browser."

test: venv  ## Everything: installs what is missing, then lint and all tests (about half an hour on two cores); tells how far it is and what failed
	@bash scripts/run_tests.sh $(VENV) $(SIDE_BY_SIDE)

test-plain: venv  ## All tests without the workarounds that only make things quicker (TASKBAHN_PLAIN=1, docs/workarounds.md)
	@TASKBAHN_PLAIN=1 bash scripts/run_tests.sh $(VENV) $(SIDE_BY_SIDE)

demo: venv  ## Make thumbnails of real photographs (DIR=~/Pictures for yours), with live bars; ends by itself
	@$(BIN)/python examples/demo.py $(if $(DIR),"$(FOLDER)")

up: venv  ## Start a node and stay (ARGS="--port 9000" to pass options on)
	@$(BIN)/taskbahn up $(ARGS)

bench: venv  ## Measure this project and its peers on this machine (ARGS to pass options on)
	@bash scripts/need.sh redis-server redis-server
	@$(BIN)/python -m benchmarks $(ARGS)

chaos: venv  ## Kill everything while jobs run, and account for each job (MINUTES=2 SEED=7 ARGS=--keep)
	@$(BIN)/python -m chaos $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) $(ARGS)

soak: venv  ## The same load without faults; memory, files, database and lag drawn to chaos/results/soak.svg (MINUTES=10)
	@$(BIN)/python -m chaos soak $(if $(MINUTES),--minutes $(MINUTES)) $(ARGS)

crowd: venv  ## 50 slots under three concurrency limits, and a quarter of the jobs cancelled: no limit is exceeded (MINUTES=0.5)
	@$(BIN)/python -m chaos crowd $(if $(MINUTES),--minutes $(MINUTES)) $(ARGS)

model: venv  ## Random lives of stores with promises; then mutations of the engine, which must be found (RUNS=10000)
	@$(BIN)/python scripts/model.py $(or $(RUNS),10000)
	@$(BIN)/python scripts/model.py --mutations

flows: venv  ## Random lives of a dispatcher with flows, compared with a model; then mutations, which must be found (RUNS=10000)
	@$(BIN)/python scripts/flow_lives.py $(or $(RUNS),10000)
	@$(BIN)/python scripts/flow_lives.py --mutations

screenshots: venv  ## Take the pictures of the dashboard again, into docs/images/dashboard
	@bash scripts/need.sh Chromium chromium-headless-shell $(HAS_CHROMIUM)
	@$(BIN)/python scripts/screenshots.py

versions:  ## Write scripts/versions.txt again, with the newest versions that setup.cfg allows; run `make test` with them before you commit
	@NEWEST=1 bash scripts/venv.sh $(VENV)
	@$(BIN)/python scripts/write_versions.py

wheel: venv  ## Build the wheel into dist/
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .

clean:  ## Remove caches and what was built
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov test-results
	find components router web tests scripts examples benchmarks chaos -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

distclean: clean  ## Also remove the environments
	rm -rf $(VENV) .venv-examples .bench-venv web/node_modules
