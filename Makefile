# `make lab` starts a drill on a machine that has Linux, python3 and make; `make test` runs every test.
# `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SCENARIO ?= performance-optimization
PYTEST_ARGS ?= --numprocesses auto --dist loadfile
LOCK := --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DELETE_ON_ERROR:
.PHONY: help lab install dev test check bench lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

lab: install ## everything from nothing to a running drill
	@$(BIN)/drill start $(SCENARIO) --if-missing
	@echo
	@echo "Next:   export PATH=$(CURDIR)/$(BIN):\$$PATH"
	@echo "        drill brief       what is the matter, and what is asked"
	@echo "        drill status      one screen: what runs, and how it feels for customers"
	@echo "        drill stop        when you are done"

install: $(VENV)/run.stamp ## the environment and the parts of a range; works offline afterwards
	@$(BIN)/drill setup

dev: $(VENV)/dev.stamp ## the environment for working on Drillyard itself

# What measures runs alone, after the rest.
test: $(VENV)/dev.stamp ## every test, with everything that they need
	@$(BIN)/drill setup
	$(BIN)/python -m pytest -m "not certify" $(PYTEST_ARGS)
	$(BIN)/python -m pytest -m certify tests/certify

check: $(VENV)/dev.stamp ## style, strict types, the rooms' contract, the docs' tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/unit/docs tests/unit/cli

bench: $(VENV)/bench.stamp ## the figures of benchmarks/README.md, on this machine
	@$(BIN)/drill setup
	@set -e; for bench in benchmarks/[a-z]*.py; do echo "== $$bench"; $(BIN)/python $$bench; done

lock: $(VENV)/dev.stamp ## resolve the pinned requirements anew
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/"; exit 1; }
	uv pip compile -q pyproject.toml --group dev $(LOCK) -o requirements/dev.txt
	uv pip compile -q pyproject.toml -c requirements/dev.txt $(LOCK) -o requirements/run.txt
	uv pip compile -q pyproject.toml --extra bench -c requirements/dev.txt $(LOCK) -o requirements/bench.txt
	uv pip compile -q requirements/build.in -c requirements/dev.txt $(LOCK) -o requirements/build.txt

clean: ## what can be made again: the environment and caches (never your drills)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Drillyard needs Python 3.11 or newer; this is $$($(PYTHON) --version 2>&1)."; \
	  echo "Install one and name it: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@if $(PYTHON) -c 'import ensurepip' 2>/dev/null; then $(PYTHON) -m venv $(VENV); \
	elif $(PYTHON) -m virtualenv --version >/dev/null 2>&1; then $(PYTHON) -m virtualenv -q $(VENV); \
	elif command -v uv >/dev/null; then uv venv -q --seed --python $(PYTHON) $(VENV); \
	else echo "This Python cannot make a virtual environment: its venv module is packaged apart."; \
	  echo "On Debian and Ubuntu: apt-get install python3-venv   (as root), then: make $(MAKECMDGOALS)"; \
	  exit 1; fi

# An editable install, so that a pull is an update; without isolation, so that nothing unpinned is fetched.
define install_package
$(PIP) install --require-hashes -r requirements/build.txt
$(PIP) install --no-deps --no-build-isolation --editable .
@touch $@
endef

$(VENV)/run.stamp: requirements/run.txt requirements/build.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing Drillyard's own environment into $(VENV) (a minute or so) ..."
	$(PIP) install --require-hashes -r requirements/run.txt
	$(install_package)

$(VENV)/dev.stamp: requirements/dev.txt requirements/build.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) install --require-hashes -r requirements/dev.txt
	$(install_package)

$(VENV)/bench.stamp: requirements/bench.txt $(VENV)/dev.stamp
	$(PIP) install --require-hashes -r requirements/bench.txt
	@touch $@
