# Everything a person or a machine does with this repository. `make` alone lists it.
# Needs Python 3.11 or later (`make PYTHON=python3.13 test` chooses one); keeps itself in .venv/.
PYTHON ?= python3
BIN := .venv/bin
FLOW ?= flows/weather_report.flow.yaml
# An editable install, again only when pyproject.toml changed or the last one did not finish.
INSTALL = $(BIN)/python -m pip install -qq --disable-pip-version-check --editable
.DEFAULT_GOAL := help
.PHONY: help demo test check lint fmt schemas cases faults bench interop clean

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

demo: .venv/.runtime ## Execute a flow offline, from a fresh clone to its report
	@$(BIN)/flowrun execute $(FLOW) --endpoint scripted:$(FLOW:.flow.yaml=.replies.yaml)
	@echo; echo 'The model was scripted. With a real one: OPENAI_API_KEY=... $(BIN)/flowrun execute $(FLOW)'

test: .venv/.dev ## Run the tests
	@$(BIN)/python -m pytest --numprocesses=2 --dist=worksteal tests

check: lint test ## Exactly what CI runs: format, lint, types, layers, tests

lint: .venv/.dev
	@$(BIN)/ruff format --check --quiet . || { echo 'make fmt mends this'; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo

fmt: .venv/.dev ## Format, and mend what ruff can mend
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --quiet --fix .

schemas: .venv/.runtime ## Write what is generated anew: schemas/, tables of docs/language.md
	@$(BIN)/python -m scripts.generated

cases: .venv/.dev ## Rewrite the expected texts of tests/cases
	@UPDATE_CASES=1 $(BIN)/python -m pytest --numprocesses=0 tests/cases

faults: .venv/.dev ## Kill flowrun at every point of the fault matrix, and at any instant
	@$(BIN)/python -m tests.faults

bench: .venv/.dev ## Measure flowrun beside its floors; only the ratios count
	@$(BIN)/python -m tests.bench

interop: .venv/.dev ## Test against an endpoint that nobody here wrote (needs npm)
	@$(BIN)/python -m pytest --numprocesses=0 tests/interop

clean: ## Remove the environment and what tools left behind
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.11 ...")'
	@$(PYTHON) -m venv .venv

.venv/.runtime: pyproject.toml | .venv/bin/pip
	@echo 'installing flowrun into .venv/ (once)' && $(INSTALL) . && touch $@

.venv/.dev: pyproject.toml | .venv/bin/pip
	@echo 'installing flowrun and its development tools into .venv/ (once)' && $(INSTALL) '.[dev]' && touch $@ .venv/.runtime
