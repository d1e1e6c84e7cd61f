# Needs make and a Python >= 3.11 with venv, nothing else. Another Python: make PYTHON=python3.13 …

PYTHON ?= python3
JOBS   ?= 2
ARGS   ?=

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

# Tests start hundreds of processes; without bytecode each would compile all of Guildbook first.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup run test check bench soak

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.installed-all ## make .venv with everything that the targets below need

run: .venv/.installed-run ## start Guildbook with demo data (ARGS="--port 9000")
	$(BIN)/guildbook up --demo $(ARGS)

test: .venv/.installed-all ## run the whole test suite (ARGS="-k award", JOBS=4)
	$(BIN)/python -m pytest -n $(JOBS) -m "not soak and not alone" $(ARGS)
	$(BIN)/python -m pytest -m alone $(ARGS) || [ $$? -eq 5 ]  # 5: ARGS chose none of them

check: .venv/.installed-all ## check style, types, arrows, shape and stored event shapes
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest -q tests/test_shape.py tests/test_golden_events.py

bench: .venv/.installed-all ## measure Guildbook beside its peers
	$(BIN)/python -m bench $(ARGS)

soak: .venv/.installed-all ## run ten minutes of load, watch memory and lag, and ask every route many things
	$(BIN)/python -m pytest -m soak $(ARGS)
	GUILDBOOK_TEST_EXAMPLES=100 $(BIN)/python -m pytest --timeout 3600 tests/judges/test_schemathesis.py

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Guildbook needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>/dev/null || echo missing)." >&2; \
	  echo "Name another one: make PYTHON=python3.13 …" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
	  echo "'$(PYTHON) -m venv' failed: this Python lacks venv (on Debian: the package python3-venv)." >&2; exit 1; }

.venv/.installed-run: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) --editable .
	@touch $@

.venv/.installed-all: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) --editable '.[test,check,bench]'
	@touch .venv/.installed-run $@
