# The only set-up a newcomer needs: Python 3.11 or newer, make and git. Every target installs what it uses.
PYTHON ?= python3
UV_VERSION := 0.13.9
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup browser demo test test-slow check lint types models generated format clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/installed ## create .venv and install what uv.lock names

.venv/installed: pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Parcours needs Python 3.11 or newer; try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv \
		|| { echo "Python has no venv module here; on Debian: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv sync --quiet --locked --inexact --compile-bytecode  # else each process compiles a thousand modules
	@touch $@

demo: setup ## simulated vendors up, two real refreshes of 13 months, KPI tables printed
	@$(BIN)/parcours demo

browser: ## Chromium for the tests of the page, where apt may install it; they are skipped elsewhere
	@command -v chromium >/dev/null \
		|| { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core; } >/dev/null 2>&1 \
		|| echo "No Chromium, and it cannot be installed: the tests of the page are skipped."

test: setup browser ## the fast test suite
	@$(BIN)/pytest

test-slow: setup browser ## the suites that take minutes
	@$(BIN)/pytest -m slow

check: setup lint types models test ## everything that must be green before a change lands

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@PARCOURS_WAREHOUSE=:memory: $(BIN)/sqlfluff lint dbt_project --processes 2

types: setup
	@$(BIN)/mypy

models: setup
	@PARCOURS_WAREHOUSE=:memory: $(BIN)/dbt --quiet parse --project-dir dbt_project --profiles-dir . --target-path ../data/dbt --log-path data/dbt --no-partial-parse

generated: setup ## write the files that are made from the code (lists of vendors, docs of connectors and KPIs)
	@$(BIN)/python -m app.generated

format: setup ## format Python and SQL
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@PARCOURS_WAREHOUSE=:memory: $(BIN)/sqlfluff fix dbt_project

clean: ## remove the environment and caches, never data/
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
