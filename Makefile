# Everything starts here: `make help`. Only make and Python 3.11, 3.12 or 3.13 with venv are assumed.

PYTHON ?= python3
BIN := .venv/bin
RUN := $(BIN)/python
PYTEST := $(RUN) -m pytest
AT_ONCE := --numprocesses auto --maxprocesses 8 --dist worksteal
BEGAN := $(shell date +%s)
PIP := -m pip install --quiet --disable-pip-version-check --require-hashes -r
LOCK := $(RUN) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
LONG := tests/simulation tests/integration/test_call_counts.py tests/integration/test_archive_story.py \
	tests/integration/test_chat_story.py
SLOW := $(LONG) tests/infra tests/e2e tests/benchmarks

# Node and the CDK CLI come from the virtual environment. Bytecode is wanted there, whatever the shell says.
export PATH := $(CURDIR)/$(BIN):$(PATH)
unexport PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME VIRTUAL_ENV

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo up down logs status board reset check test bench audit lock merchant-template golden format clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/installed .venv-cloud/installed ## Install everything (again only if a lock changes)

demo: setup ## Start everything on this machine and show the main job
	@$(RUN) -m infra.local.demo

up: setup ## Start the local cloud and the sandbox, and deploy what changed
	@$(RUN) -m infra.local.cloud up

down: ## Stop them; their state is kept
	@$(if $(wildcard .venv/installed),$(RUN) -m infra.local.cloud down)

logs: setup ## Show the functions' logs (FUNCTION=call_courier for one, CASE=75000000000017 for one case, FOLLOW=1 to wait for more)
	@$(RUN) -m infra.local.cloud logs $(FUNCTION) $(if $(CASE),--case "$(CASE)") $(if $(FOLLOW),--follow)

status: setup ## Say what runs and how full the queues are
	@$(RUN) -m infra.local.cloud status

board: setup ## Show the demo merchant's open tickets (ARGS="scores", "routing" or "parcel zto NUMBER" for more)
	@settings="$$($(RUN) -m infra.local.cloud env)" && eval "$$settings" && $(RUN) -m infra.board $(or $(ARGS),tickets)

reset: setup ## Stop the local cloud and forget everything in it
	@$(RUN) -m infra.local.cloud reset

check: setup ## Format, lint, types, imports and the fast tests
	@$(BIN)/ruff format --check --quiet . || { echo "run: make format"; exit 1; }
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(PYTEST) $(AT_ONCE) $(SLOW:%=--ignore=%)
	@echo "check: $$(($$(date +%s) - $(BEGAN))) s"

test: check ## Everything: check, thousands of schedules, both partitions, the system end to end
	$(PYTEST) $(AT_ONCE) $(LONG)
	$(PYTEST) $(AT_ONCE) tests/infra
	$(if $(wildcard tests/e2e/test_*.py),$(PYTEST) tests/e2e)

bench: setup ## Measure against the budgets
	@$(RUN) -m tests.benchmarks

audit: setup ## Ask the public list of advisories about the functions' dependencies (needs the internet)
	@$(RUN) -m uv tool run --from pip-audit==2.10.1 pip-audit --strict --require-hashes --disable-pip -r requirements/functions.txt

lock: .venv/installed ## Resolve the dependencies anew, with hashes (UPGRADE=1 for newer versions)
	@for set in functions cloud dev; do \
		$(LOCK) $(if $(UPGRADE),--upgrade) requirements/$$set.in -o requirements/$$set.txt; \
	done

merchant-template: setup ## Write docs/merchant-template.yaml anew, by which merchants join
	@$(RUN) -m infra.merchant_template > docs/merchant-template.yaml

golden: setup ## Write what the templates hold anew, after a change of rights, triggers or bounds that is meant
	@$(RUN) -m tests.infra.golden

format: setup ## Format the code and repair what the linter can
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

clean: ## Delete what can be made again, but neither the environments nor the local cloud's state
	@rm -rf .build cdk.out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +

.venv/installed: requirements/dev.txt
	@$(call make-environment,.venv,$<)

.venv-cloud/installed: requirements/cloud.txt
	@$(call make-environment,.venv-cloud,$<)

define make-environment
$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || { \
	echo "huhang needs Python 3.11, 3.12 or 3.13, and '$(PYTHON)' is not one: make setup PYTHON=python3.13"; exit 1; }
echo "setup: installing $(2) into $(1) …"
$(PYTHON) -m venv $(1) || { \
	echo "'$(PYTHON) -m venv' failed; on Debian and Ubuntu it needs: apt-get install python3-venv"; exit 1; }
$(1)/bin/python $(PIP) $(2)
touch $@
endef
