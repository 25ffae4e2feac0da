# Targets run on a fresh machine with Python 3.11+ and make: each sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
POPULATION ?= 5000
YEARS ?= 3
SEED ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast lint types style generated check bench wheel wheelhouse lock seeds sources clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup: $(STAMP) ## install into .venv what the lock file names

$(STAMP): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes --requirement requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q osame ingestion warehouse reports
	@touch $(STAMP)

demo: $(STAMP) ## synthetic city -> files -> land -> build -> report
	@$(BIN)/osame demo --population $(POPULATION) --years $(YEARS) --seed $(SEED)

TESTS := $(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

test: $(STAMP) ## every test
	@$(TESTS)

test-fast: $(STAMP) ## the tests that build nothing: functions, files of bytes, the law, these pages
	@$(TESTS) tests/unit tests/property tests/docs

lint: $(STAMP) ## style, types, drift of generated files
	@$(MAKE) --no-print-directory --jobs=2 --output-sync types style generated

types: $(STAMP) ## what mypy says
	@$(BIN)/mypy

style: $(STAMP) ## what ruff says, and outputs left in notebooks
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/nbstripout --verify --keep-id --extra-keys "metadata.papermill cell.metadata.papermill" notebooks/*.ipynb

generated: $(STAMP) ## whether generated files are what they are made from
	@$(BIN)/python -m warehouse.law.seeds --check
	@$(BIN)/python -m warehouse.sources --check
	@$(BIN)/python -m ingestion.layout_docs --check
	@$(BIN)/python -m reports.exposures --check

check: lint test ## lint, then test

bench: $(STAMP) ## landing, build and report at POPULATION x YEARS, with throughput and peak memory
	@$(BIN)/python -m tests.bench --population $(POPULATION) --years $(YEARS) --seed $(SEED)

wheel: $(STAMP) ## dist/osame-*.whl, with models, notebooks, seeds and templates
	@$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

wheelhouse: wheel ## dist/wheelhouse: osame and all that it needs, for pip install --no-index --find-links
	@$(BIN)/uv pip compile --quiet pyproject.toml --constraint requirements.lock --generate-hashes --no-emit-index-url --no-header --output-file dist/requirements.txt
	@$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --require-hashes --requirement dist/requirements.txt --wheel-dir dist/wheelhouse
	@cp dist/osame-*.whl dist/wheelhouse/

lock: $(STAMP) ## write requirements.lock from pyproject.toml
	@$(BIN)/uv pip compile --quiet pyproject.toml --extra dev --generate-hashes --no-emit-index-url --no-header --universal --upgrade --output-file requirements.lock

seeds: $(STAMP) ## write the law seeds from warehouse/law/parameters
	@$(BIN)/python -m warehouse.law.seeds

sources: $(STAMP) ## write what is made from others: dbt sources and docs/formats.md (layouts), exposures (reports)
	@$(BIN)/python -m warehouse.sources
	@$(BIN)/python -m ingestion.layout_docs
	@$(BIN)/python -m reports.exposures

clean: ## remove data and build output, not .venv
	rm -rf data bench dist target logs
