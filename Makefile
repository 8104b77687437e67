# Two commands are enough: `make run` and `make test`. `make help` lists the others.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
SOURCE ?= sample
INGEST ?=
TITLES ?= 1000
SEED ?= 42
WEEKS ?= 8
TARGET ?= dev
PORT ?= 8000
export LAKEHOUSE_ROOT ?= lake
export DBT_SEND_ANONYMOUS_USAGE_STATS := false

VENV ?= $(CURDIR)/.venv
BIN = $(VENV)/bin
SAMPLE := sample
# Loads a SOURCE that is not the sample
ifeq ($(SOURCE),github)
LOAD = $(BIN)/python -m ingest $(INGEST)
else
LOAD = $(BIN)/python -m ingest --from "$(SOURCE)" $(INGEST)
endif
# TARGET=spark: with a session on SPARK_REMOTE or, if that is not set, a server for the time of the command
# (pysail, or Apache Spark with SPARK=apache)
DBT = $(if $(filter spark,$(TARGET)),$(BIN)/python -m scripts.spark )$(BIN)/dbt
# Unit tests are about the models and not about the data: `make test` runs them, and so does a plain `dbt build`.
BUILD = $(DBT) build --quiet --exclude-resource-type unit_test

.PHONY: help setup run next-week site serve duckdb screenshots test lint docs bench parity clean lock

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(VENV)/.installed ## Make .venv and install the pinned dependencies

$(VENV)/.installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed, but '$(PYTHON)' is not: run make PYTHON=/path/to/python3.11 setup"; exit 2; }
	@echo "Installing the pinned dependencies into .venv (once, about two minutes) ..."
	@$(PYTHON) -m venv --clear $(VENV) \
	  || { echo "'$(PYTHON) -m venv' failed: install the venv module of this Python (on Debian: python3-venv)"; exit 2; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@touch $@

run: setup ## Build the lake: SOURCE=sample (default), SOURCE=github or SOURCE=<folder>; TARGET=spark on Spark
	@held=$$(cat "$(LAKEHOUSE_ROOT)/.source" 2>/dev/null || true); \
	if [ -n "$$held" ] && [ "$$held" != "$(SOURCE)" ]; then \
	  echo "The lake '$(LAKEHOUSE_ROOT)' holds the data of SOURCE=$$held; so that the two do not mix, run 'make clean' or set LAKEHOUSE_ROOT to another folder."; \
	  exit 2; \
	fi
ifeq ($(SOURCE),sample)
	@week=$$(cat $(SAMPLE)/week 2>/dev/null || echo 1); mkdir -p $(SAMPLE); \
	$(BIN)/python -m ingest.sample --out $(SAMPLE) --titles $(TITLES) --week $$week --seed $(SEED); \
	echo $$week > $(SAMPLE)/week
	@$(BIN)/python -m ingest --from $(SAMPLE)
else
	@$(LOAD)
endif
	@case "$(LAKEHOUSE_ROOT)" in *://*) ;; *) echo "$(SOURCE)" > "$(LAKEHOUSE_ROOT)/.source";; esac
	@$(BUILD)
	@$(BIN)/python -m scripts.lake

next-week: setup ## Move the sample lake on by one week and show what changed
	@[ -f $(SAMPLE)/week ] && [ "$$(cat "$(LAKEHOUSE_ROOT)/.source" 2>/dev/null)" = sample ] \
	  || { echo "There is no sample lake in '$(LAKEHOUSE_ROOT)' yet: run 'make run' first."; exit 2; }
	@$(BIN)/python -m scripts.lake --remember $(SAMPLE)/before.json
	@week=$$(( $$(cat $(SAMPLE)/week) + 1 )); \
	$(BIN)/python -m ingest.sample --out $(SAMPLE) --titles $(TITLES) --week $$week --seed $(SEED); \
	echo $$week > $(SAMPLE)/week
	@$(BIN)/python -m ingest --from $(SAMPLE)
	@$(BUILD)
	@$(BIN)/python -m scripts.lake --since $(SAMPLE)/before.json

test: setup ## Run every check: Python tests, dbt unit and data tests, full builds
	@$(BIN)/python -m pytest -n auto --dist loadscope --no-loadscope-reorder

lint: setup ## ruff, mypy and sqlfluff
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint --disable-progress-bar models tests/dbt

site: setup ## Write the site (dashboards, data quality, docs, lineage) into site/
	@$(BIN)/dbt docs generate --static --quiet --exclude resource_type:test resource_type:unit_test
	@$(BIN)/python -m site_pages --out site
	@echo "The site: open $(CURDIR)/site/index.html in a browser, or run 'make serve'."

serve: setup ## Serve the site on http://127.0.0.1:8000 (PORT=8000)
	@[ -f site/index.html ] || { echo "There is no site yet: run 'make site' first."; exit 2; }
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory site $(PORT)

duckdb: setup ## Write lakehouse.duckdb: views over gold for BI tools
	@$(BIN)/python -m scripts.served

screenshots: setup ## Photograph every page into site/screenshots (needs Chromium)
	@$(BIN)/python -m site_pages.screenshots --site site

docs: setup ## The dbt docs lineage site as one page
	@$(BIN)/dbt docs generate --static --quiet
	@echo "Lineage and docs: open $(CURDIR)/target/static_index.html in a browser."

bench: setup ## Measure speed and memory; prints tables (the engines, at the end, take hours)
	@$(BIN)/python -m bench.pipeline
	@$(BIN)/python -m bench.ingest
	@$(BIN)/python -m bench.delta
	@$(BIN)/python -m bench.engines

parity: setup ## Build SOURCE (of the sample: WEEKS=8) on every engine and compare all silver and gold tables
	@rm -rf .tmp/parity
ifeq ($(SOURCE),sample)
	@for week in $$(seq $(WEEKS)); do \
	  $(BIN)/python -m ingest.sample --out .tmp/parity/sample --titles $(TITLES) --week $$week --seed $(SEED); \
	  LAKEHOUSE_ROOT=.tmp/parity/lake $(BIN)/python -m ingest --from .tmp/parity/sample; \
	done
else
	@LAKEHOUSE_ROOT=.tmp/parity/lake $(LOAD)
endif
	@LAKEHOUSE_ROOT=.tmp/parity/lake $(BIN)/python -m scripts.parity

lock: ## Resolve the dependencies of pyproject.toml anew into requirements.lock (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	  --no-emit-find-links --extra dev --extra cloud --extra site --extra spark pyproject.toml -o requirements.lock

clean: ## Remove everything that was built (lake, sample, target), but not .venv
	@case "$(LAKEHOUSE_ROOT)" in \
	  lake) rm -rf lake;; \
	  *) echo "LAKEHOUSE_ROOT is '$(LAKEHOUSE_ROOT)': its tables are left alone; remove them by hand.";; \
	esac
	@rm -rf $(SAMPLE) site target logs .tmp lakehouse.duckdb
