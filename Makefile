# `make` alone says what there is. A fresh machine needs Python 3.10 or newer and git, no more.

# The first that is new enough: python3 is 3.9 on machines that have python3.11 as well.
ifndef PYTHON
PYTHON := $(firstword $(foreach name,python3 python3.13 python3.12 python3.11 python3.10,$(shell \
	$(name) -c 'import sys; sys.version_info >= (3, 10) and print("$(name)")' 2>/dev/null)))
endif
VENV ?= .venv
# Given to pytest, the demo or the benchmark: make unit ARGS="-k plan"
ARGS ?=

# Where this is set, each process of the tests would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
OLD := .cache/prefect-3.4
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
# Tests of one xdist_group share what is costly to make, so they stay in one process.
PYTEST = $(BIN)/python -m pytest -n $(CORES) --dist loadgroup
UV := UV_NO_CONFIG=1 $(BIN)/uv
# In one line, as pip wants a requirement and its hashes: uv's part of the lock.
UV_FROM_LOCK = sed -n '/^uv==/,/^[^ ]/{/^uv==/p;/^ .*--hash/p;}' requirements-dev.lock

.DEFAULT_GOAL := help
.PHONY: help env test lint house types unit real fmt demo bench lock schema old-prefect clean

help: ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

env: $(STAMP) ## make .venv, with exactly what the lock names

test: lint types ## all checks and all tests, with the real parts that are there
	@$(PYTEST) $(ARGS)

lint: $(STAMP) house ## ruff: rules and format; and the house in figures
	@$(BIN)/ruff check --quiet --output-format concise
	@$(BIN)/ruff format --check --quiet

house: $(STAMP) ## the house in figures: arrows, names, tests, lines, times
	@$(BIN)/python -m scripts.house

# In one process: with --num-workers, a machine that is busy loses a worker and mypy ends with
# INTERNAL ERROR, where there is nothing wrong with a type.
types: $(STAMP) ## mypy, strict
	@$(BIN)/mypy --no-error-summary

unit: $(STAMP) ## the tests that need nothing
	@$(PYTEST) tests/unit tests/house $(ARGS)

real: $(STAMP) ## the tests with real parts
	@$(PYTEST) tests/real $(ARGS)

fmt: $(STAMP) ## format, and mend what ruff can mend
	@$(BIN)/ruff format --quiet
	@$(BIN)/ruff check --quiet --fix

demo: $(STAMP) ## the whole life of a change, on this machine
	@$(BIN)/flowlift demo $(ARGS)

bench: $(STAMP) ## the figures, side by side with others
	@$(BIN)/python -m bench $(ARGS)

# To newer versions: make lock ARGS=--upgrade
lock: $(STAMP) ## bring the lock files up to date with pyproject.toml
	@$(UV) pip compile $(COMPILE) pyproject.toml --output-file requirements.lock $(ARGS)
	@$(UV) pip compile $(COMPILE) --extra prefect --extra demo --group dev \
		pyproject.toml --output-file requirements-dev.lock $(ARGS)
	@$(UV) pip compile $(COMPILE) --exclude-newer 2025-06-01 \
		tests/prefect-3.4.in --output-file tests/prefect-3.4.lock $(ARGS)
COMPILE := --quiet --universal --python-version 3.10 --generate-hashes --no-emit-index-url \
	--custom-compile-command 'make lock'

schema: $(STAMP) ## write docs/config.schema.json
	@$(BIN)/python -c 'import json; from flowlift.config import schema; print(json.dumps(schema(), indent=2))' \
		> docs/config.schema.json

old-prefect: $(OLD)/.installed ## the oldest Prefect that is supported, for the tests
	@echo "FLOWLIFT_TEST_PREFECT_OLD=$(abspath $(OLD))/bin/python"

clean: ## remove what make has made
	@rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(STAMP): requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
		echo "flowlift needs Python 3.10 or newer; name one: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "This Python cannot make environments: install python3-venv (apt-get install python3-venv)," >&2; \
		echo "or name another one: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version): 20 s where the packages are cached, else some minutes"
	@$(PYTHON) -m venv $(VENV)
	@echo "  1 of 3: uv, which installs the rest"
	@$(UV_FROM_LOCK) > $(VENV)/uv.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(VENV)/uv.lock
	@echo "  2 of 3: the $$(grep -c '^[a-z].*==' requirements-dev.lock) packages of requirements-dev.lock, with their hashes"
	@$(UV) pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements-dev.lock
	@echo "  3 of 3: flowlift itself, in place"
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(OLD)/.installed: tests/prefect-3.4.lock $(STAMP)
	@$(UV) venv --quiet --clear --python $(BIN)/python $(OLD)
	@$(UV) pip sync --quiet --compile-bytecode --python $(OLD)/bin/python --require-hashes tests/prefect-3.4.lock
	@touch $@
