# Needs python3 (3.11 or newer, with venv and pip) and make; the rest is installed into .venv from the lock file.
# PYTHON=python3.12 chooses another interpreter, ARGS="..." goes to pytest, to the demo and to the benchmark.
# The extended tests want a Python 3.13 besides, which PYTHON313=/path/to/python3.13 names where it is not found.

PYTHON ?= python3
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
BIN = .venv/bin
LOCK = requirements/dev.lock
LOCKED = .venv/.locked-$(VERSION)
READY = .venv/.ready-$(VERSION)
TYPED = src tests scripts $(wildcard bench)
# TIDEGATE_STANDINS names an environment made elsewhere, and then none is made here.
STANDINS = $(if $(TIDEGATE_STANDINS),,.standins/.ready)
RESOLVE = --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
	--custom-compile-command 'make lock' --quiet
PARALLEL = --numprocesses auto --dist worksteal
# A file's tests stay together: what it starts (an image, a vendor's stand-in) is started once.
BY_FILE = --numprocesses auto --dist loadfile
PIP = $(BIN)/python -m pip -qq --disable-pip-version-check
CHECKS = check-style check-types check-imports check-tree check-audit

# Tests start many a Python: each would compile the whole of src where the environment forbids to keep bytecode.
unexport PYTHONDONTWRITEBYTECODE

# Runs a command that speaks only if it fails.
quietly = said=$$($(1) 2>&1) || { printf '%s\n' "$$said"; exit 1; }

.PHONY: help demo test coverage test-extended standins check $(CHECKS) docs format bench bench-new lock clean

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

demo: $(READY) ## load a stand-in Brevo into DuckDB, end to end, without an account
	@$(BIN)/tidegate demo $(ARGS)

test: $(READY) ## the tests, on every core
	@$(BIN)/pytest $(PARALLEL) $(ARGS)

coverage: $(READY) ## the tests with their branch coverage, half as slow again
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest $(PARALLEL) $(ARGS)
	@$(BIN)/coverage combine -q
	@total=$$($(BIN)/coverage report --format=total) && \
		echo "branch coverage: $$total % (file by file: $(BIN)/coverage report)"

test-extended: IF_POSSIBLE = --if-possible
test-extended: $(READY) node_modules/.ready $(STANDINS) ## the slow tests, on every core, and those against servers from npm and Google's stand-ins
	@$(BIN)/pytest $(BY_FILE) -m extended $(ARGS)

standins: $(STANDINS) ## the stand-ins for BigQuery and Cloud Storage, in .standins

check: $(CHECKS) ## style, types, layers, stray strings, known vulnerabilities: silent when all is well

check-style: $(READY)
	@$(call quietly,$(BIN)/ruff check .)
	@$(call quietly,$(BIN)/ruff format --check .)

check-types: $(READY)
	@$(call quietly,$(BIN)/mypy $(TYPED))

check-imports: $(READY)
	@$(call quietly,$(BIN)/lint-imports --no-logo)

check-tree: $(READY)
	@$(BIN)/python scripts/check_tree.py

# runtime.lock and build.lock are parts of dev.lock; standins.lock is for loopback tests and not audited.
check-audit: $(READY)
	@$(BIN)/python scripts/audit.py $(LOCK)

docs: $(READY) ## build the site of the documentation, and its plain text, into site/
	@$(BIN)/python -m scripts.docs

format: $(READY) ## rewrite the code in the project's style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(READY) ## measure the hot paths
	@$(BIN)/python -m bench $(ARGS)
	@$(BIN)/python -m bench.http_policy
	@$(BIN)/python -m bench.drift

bench-new: $(READY) ## how much of the API descriptions in TIDEGATE_SPECS `tidegate new` gets right
	@$(BIN)/python -m bench.new $(ARGS)

lock: ## resolve the lock files again; UPGRADE=--upgrade takes the newest releases
	@tool=$$(mktemp -d) && trap 'rm -rf "$$tool"' EXIT && PATH="$$tool/bin:$$PATH" && \
	$(PYTHON) -m venv "$$tool" && "$$tool/bin/python" -m pip -qq --disable-pip-version-check install uv && \
	uv pip compile $(RESOLVE) --python-version 3.11 $(UPGRADE) pyproject.toml --group dev \
		--extra bigquery --extra compression --extra jwt --extra new --extra pandas --extra polars \
		--output-file $(LOCK) && \
	uv pip compile $(RESOLVE) --python-version 3.11 pyproject.toml --extra bigquery --constraint $(LOCK) \
		--output-file requirements/runtime.lock && \
	uv pip compile $(RESOLVE) --python-version 3.11 requirements/build.in --constraint $(LOCK) \
		--output-file requirements/build.lock && \
	uv pip compile $(RESOLVE) --python-version 3.13 $(UPGRADE) requirements/standins.in \
		--output-file requirements/standins.lock && \
	for peer in dlt singer airbyte; do \
		uv pip compile $(RESOLVE) --python-version 3.11 $(UPGRADE) bench/requirements/$$peer.in \
			--output-file bench/requirements/$$peer.lock || exit 1; done
	@if command -v npm >/dev/null; then npm install --package-lock-only --ignore-scripts --loglevel=error; \
		else echo "npm not found: package-lock.json stays as it is"; fi

clean: ## remove what these targets made; .tidegate and DuckDB files stay
	@rm -rf .venv .standins .orchestrators node_modules build dist site .coverage .coverage.* .hypothesis \
		.mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	@find src tests scripts $(wildcard bench) -name __pycache__ -type d -prune -exec rm -rf {} +

$(LOCKED): $(LOCK)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "tidegate needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12"; exit 1; }
	@echo "installing the locked dependencies into .venv (once, about a minute)"
	@$(PYTHON) -m venv --clear .venv
	@$(PIP) install --require-hashes -r $(LOCK)
	@touch $@

$(READY): pyproject.toml $(LOCKED)
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.standins/.ready: requirements/standins.lock scripts/standins.py
	@$(PYTHON) scripts/standins.py $(IF_POSSIBLE)

node_modules/.ready: package.json package-lock.json .npmrc
	@if command -v npm >/dev/null; then npm ci --ignore-scripts --loglevel=error && touch $@; \
		else echo "npm not found: the extended tests that need Prism skip"; fi
