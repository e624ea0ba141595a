# Two commands do everything, set-up included: `make run` and `make test`.
# Needs Python 3.11 to 3.13, make and git; everything else comes from package registries by their ordinary clients.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
UV_PIN := $(shell sed -n 's/^uv==\([0-9.]*\).*/\1/p' requirements.txt)
COMPILE_OPTIONS := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock"
COMPILE := $(UV) $(COMPILE_OPTIONS)
ARGS ?=
# An environment that is used once need not be compiled beforehand: BYTECODE= leaves that out.
BYTECODE ?= --compile-bytecode
# Two processes, a file at a time; tests/conftest.py says which comes first, and which belong together.
PARALLEL := --numprocesses 2 --dist loadfile --no-loadscope-reorder

.PHONY: help paths run test test-pythons test-docker lint types contracts unit integration system bench setup setup-dev lock fixtures picture pack-schema schema-columns clean

help: ## show what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | column -t -s $$'\t'

run: setup ## prove the pipeline once: the Airflow DAG streamproof_run over the golden fixtures
	@$(BIN)/python -m streamproof.airflow.one_run $(ARGS)

test: setup-dev lint types contracts ## lint, types, import contracts, then unit, integration and system tests
	@$(BIN)/python -m pytest $(PARALLEL) tests/system tests/integration tests/unit $(ARGS)

# Flink has no build for 3.13.
test-pythons: setup-dev ## the locks resolve for Python 3.12 and 3.13, and where one is installed the unit tests pass there
	@for version in 3.12 3.13; do \
	  echo "Python $$version: resolving the locks"; \
	  $(UV) pip install --dry-run --quiet --python-version $$version --target $(VENV)/dry-run --require-hashes -r requirements-dev.txt; \
	  $(UV) pip install --dry-run --quiet --python-version $$version --target $(VENV)/dry-run --require-hashes -r requirements-notebook.txt; \
	  if [ $$version != 3.13 ]; then \
	    $(UV) pip install --dry-run --quiet --python-version $$version --target $(VENV)/dry-run --require-hashes -r requirements-flink.txt; \
	  fi; \
	  for found in python$$version $${PYENV_ROOT:-$$HOME/.pyenv}/versions/$$version.*/bin/python; do \
	    if "$$found" -c 'import venv' 2>/dev/null; then \
	      $(MAKE) --no-print-directory unit VENV=$(VENV)-$$version PYTHON="$$found" BYTECODE= ARGS="--quiet $(PARALLEL)"; break; \
	    fi; \
	  done; \
	done

test-docker: setup-dev ## the stack on a real Docker engine; as root on Debian, what is missing is installed
	@$(BIN)/hadolint include/stack/*/Dockerfile tests/docker/images/*/Dockerfile
	@$(BIN)/python -m pytest tests/docker $(ARGS)

lint: setup-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar include/sql

types: setup-dev
	@$(BIN)/mypy

contracts: setup-dev
	@$(BIN)/lint-imports

unit integration system: setup-dev
	@$(BIN)/python -m pytest tests/$@ $(ARGS)

bench: setup-dev ## measure what benchmarks/README.md promises and write benchmarks/results.json
	@$(BIN)/python -m benchmarks $(ARGS)

fixtures: setup-dev ## write the golden and hostile fixture sets again
	@$(BIN)/streamproof fixtures generate golden --out include/fixtures/livepeer/golden
	@$(BIN)/streamproof fixtures generate hostile --out include/fixtures/livepeer/hostile

picture: setup-dev ## take the README's picture again, from the report of a golden run
	@$(BIN)/python -m tests.support.picture $(ARGS)

pack-schema: setup-dev ## write docs/pack.schema.json again, after a change of pack.yaml's keys
	@$(BIN)/streamproof pack schema | $(BIN)/python -m json.tool > docs/pack.schema.json

schema-columns: setup-dev ## write expected_columns.json again, after a change of the schema
	@STREAMPROOF_WRITE_COLUMNS=1 $(BIN)/python -m pytest -q tests/integration/sql/test_expected_columns.py \
		tests/integration/warehouse/postgres/test_expected_columns.py

lock: setup-dev ## renew requirements*.txt, those of the images, and the lock files of jars
	@$(COMPILE) requirements.in -o requirements.txt
	@for pack in include/packs/*/requirements.in; do $(COMPILE) $$pack -o $${pack%.in}.txt; done
	@$(COMPILE) requirements-dev.in -o requirements-dev.txt
	@$(COMPILE) requirements-flink.in -o requirements-flink.txt
	@$(COMPILE) requirements-notebook.in -o requirements-notebook.txt
	@cd include/stack/processor && $(abspath $(UV)) $(COMPILE_OPTIONS) requirements.in -o requirements.txt
	@cd include/stack/airflow && $(abspath $(UV)) $(COMPILE_OPTIONS) requirements.in -o requirements.txt
	@$(BIN)/streamproof setup --lock

setup: $(VENV)/.run-ready ## environment and JVM jars, without running anything
	@$(BIN)/streamproof setup

setup-dev: $(VENV)/.dev-ready
	@$(BIN)/streamproof setup

$(UV): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("streamproof needs Python 3.11 to 3.13; this is %d.%d. Name another one: make PYTHON=python3.12 ..." % sys.version_info[:2] if not (3, 11) <= sys.version_info < (3, 14) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_PIN)
	@touch $@

$(VENV)/.run-ready: $(UV) requirements.txt pyproject.toml
	@echo "Installing the environment (about 1.3 GB, once)"
	@$(UV) pip install $(BYTECODE) --python $(BIN)/python --require-hashes -r requirements.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@$(MAKE) --no-print-directory paths
	@touch $@

# Python reads this file in the encoding of the locale, which may not know the letters of the project's path: without
# that path in it, every start succeeds.
paths:
	@cd $(VENV)/lib/python3.*/site-packages && printf '../../../../%s\n' include plugins > _streamproof.pth

$(VENV)/.dev-ready: $(VENV)/.run-ready requirements-dev.txt
	@$(UV) pip install $(BYTECODE) --python $(BIN)/python --require-hashes -r requirements-dev.txt
	@touch $@

clean: ## remove the environment and local state; caches and artifacts stay
	@rm -rf $(VENV) $(VENV)-3.* .streamproof .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
