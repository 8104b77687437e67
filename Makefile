# Two commands are enough: `make run` and `make test`. `make help` lists the others.
# Every path is relative, and what people set reaches the shell through the environment: a checkout may lie in a folder
# of any name.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
SOURCE ?= sample
INGEST ?=
TITLES ?= 1000
SEED ?= 42
WEEKS ?= 8
TARGET ?= $(or $(DBT_TARGET),dev)
SPARK ?= pysail
PORT ?= 8000
export PYTHON SOURCE SPARK NAME FILE KEY
export DBT_SEND_ANONYMOUS_USAGE_STATS := false

TARGETS := $(shell sed -n 's/^    \([a-z_]*\):$$/\1/p' profiles.yml)
ifneq ($(words $(TARGET)) $(filter $(TARGETS),$(TARGET)),1 $(TARGET))
$(error TARGET (or DBT_TARGET) is '$(TARGET)'; profiles.yml has: $(TARGETS))
endif
ifneq ($(words $(SPARK)) $(filter pysail apache,$(SPARK)),1 $(SPARK))
$(error SPARK is '$(SPARK)', but can only be pysail or apache)
endif

# By the module and not by the program in .venv/bin, whose first line holds the path of the checkout
PY := .venv/bin/python
INSTALL := @bash requirements/install.sh
# TARGET=spark: with a session on SPARK_REMOTE or, if that is not set, a server for the time of the command
# (pysail, or Apache Spark with SPARK=apache)
ON_TARGET := $(if $(filter spark,$(TARGET)),$(PY) -m lakehouse spark )$(PY)
DOCS = $(ON_TARGET) -W ignore::RuntimeWarning:runpy -m dbt.cli.main docs generate --target $(TARGET) --static --quiet
# Unit tests are about the models and not about the data: `make test` runs them, and so does a plain `dbt build`.
BUILD = $(ON_TARGET) -m lakehouse build --target $(TARGET) --exclude-resource-type unit_test
WRITE_SAMPLE = $(PY) -m lakehouse sample --titles "$(TITLES)" --seed "$(SEED)"
ifeq ($(SOURCE),github)
LOAD = $(PY) -m ingest $(INGEST)
else
LOAD = $(PY) -m ingest --from "$$SOURCE" $(INGEST)
endif
# Code 1 of ingest says that a file was held or refused: what is good is built, and the command ends with that code. Any other
# ends it at once, that of a source out of reach too: it may be back the next time, and nothing is lost until then.
define LOAD_AND_BUILD
refused=0; $(LOAD) || { refused=$$?; [ $$refused -eq 1 ] || exit $$refused; }; $(BUILD) || exit $$?
endef
define TELL_REFUSED
[ $$refused -eq 0 ] || { echo "A file was held or refused ('$(PY) -m ingest status' says why); all else is built." >&2; exit $$refused; }
endef
PYTEST := $(PY) -m pytest -n auto --dist worksteal --durations 10

.PHONY: help setup with-development with-all run next-week feed site serve duckdb screenshots test test-all lint lint-python \
  lint-sql docs bench parity clean lock

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' Makefile | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: ## Make .venv with what `make run` and `make site` need; other commands add what they need
	$(INSTALL) run $(filter spark,$(TARGET))

with-development:
	$(INSTALL) run development $(filter spark,$(TARGET))

with-all:
	$(INSTALL) run development spark

run: setup ## Build the lake: SOURCE=sample (default), SOURCE=github or SOURCE=<folder>; TARGET=spark on Spark
	@$(PY) -m lakehouse root > /dev/null
ifeq ($(SOURCE),sample)
	@week=$$(cat sample/week 2>/dev/null || echo 1); \
	$(WRITE_SAMPLE) --out sample --week "$$week" && echo "$$week" > sample/week
endif
	@$(LOAD_AND_BUILD); $(PY) -m lakehouse tables; $(TELL_REFUSED)

next-week: SOURCE = sample
next-week: setup ## Move the sample lake on by one week and show what changed
	@[ -f sample/week ] || { echo "There is no sample yet: run 'make run' first."; exit 2; }
	@$(PY) -m lakehouse tables --remember sample/before.json
	@[ "$$(cat sample/before.json)" != '{}' ] || { echo "There is no lake yet: run 'make run' first."; exit 2; }
	@$(PY) -m ingest --from sample --dry-run > /dev/null
	@week=$$(( $$(cat sample/week) + 1 )); $(WRITE_SAMPLE) --out sample --week "$$week" && echo "$$week" > sample/week
	@$(LOAD_AND_BUILD); $(PY) -m lakehouse tables --since sample/before.json; $(TELL_REFUSED)

test: with-$(if $(LANE),all,development) ## Run the fast lane of the tests: every behaviour once; LANE=browser: another lane
	@$(PYTEST) $(if $(LANE),-m "$(LANE)")

test-all: with-all ## Run all tests, those of the slow lanes too
	@$(PYTEST) -m ''

lint: lint-python lint-sql ## ruff, mypy and sqlfluff

lint-python: with-development
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

lint-sql: with-development
	@! grep -rnE '.{121}' models tests/dbt --include='*.sql' || { echo "These lines have more than 120 characters."; exit 1; }
	@$(PY) -W ignore:resource_tracker -m sqlfluff lint --processes 0 --disable-progress-bar models tests/dbt

feed: setup ## Begin a feed: NAME=ratings FILE=ratings/ratings.csv [KEY=show_id,critic] writes its source and models
	@$(PY) -m lakehouse feed --key "$$KEY" -- "$$NAME" "$$FILE"

site: setup ## Write the site (dashboards, data quality, docs, lineage) into site/
	@$(DOCS) --exclude resource_type:test resource_type:unit_test
	@$(PY) -m lakehouse site --out site
	@echo "The site: open $$PWD/site/index.html in a browser, or run 'make serve'."

serve: setup ## Serve the site on http://127.0.0.1:8000 (PORT=8000)
	@[ -f site/index.html ] || { echo "There is no site yet: run 'make site' first."; exit 2; }
	@$(PY) -m lakehouse serve site --port "$(PORT)"

duckdb: setup ## Write lakehouse.duckdb: views over gold for BI tools
	@$(PY) -m lakehouse duckdb

screenshots: with-development ## Photograph every page into site/screenshots (needs Chromium)
	@$(PY) -m lakehouse screenshots --site site

docs: setup ## The dbt docs lineage site as one page
	@$(DOCS)
	@echo "Lineage and docs: open $$PWD/target/static_index.html in a browser."

bench: with-all ## Measure speed and memory; prints tables (the engines, at the end, take hours)
	@$(PY) -m bench.pipeline
	@$(PY) -m bench.ingest
	@$(PY) -m bench.versions
	@$(PY) -m bench.delta
	@$(PY) -m bench.duckrun
	@$(PY) -m bench.engines

parity: with-all ## Build SOURCE (of the sample: WEEKS=8) on every engine and compare all silver and gold tables
	@work=$$(mktemp -d); trap 'rm -rf "$$work"' EXIT; export LAKEHOUSE_ROOT="$$work/lake"; \
	if [ "$$SOURCE" = sample ]; then \
	  for week in $$(seq $(WEEKS)); do \
	    $(WRITE_SAMPLE) --out "$$work/sample" --week "$$week" && $(PY) -m ingest --from "$$work/sample" || exit $$?; \
	  done; \
	else \
	  $(LOAD) || exit $$?; \
	fi; \
	$(PY) -m lakehouse parity

lock: ## Resolve the dependencies of pyproject.toml into requirements/*.lock (needs uv)
	@work=$$(mktemp -d); trap 'rm -rf "$$work"' EXIT; \
	compile() { \
	  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    --no-emit-index-url --no-emit-find-links pyproject.toml "$$@"; \
	}; \
	cat requirements/*.lock > "$$work/all.txt" && \
	compile --extra site --extra cloud --extra dev --extra spark -o "$$work/all.txt" && \
	compile -c "$$work/all.txt" --extra site --extra cloud -o requirements/run.lock && \
	compile -c "$$work/all.txt" --extra dev -o requirements/development.lock && \
	compile -c "$$work/all.txt" --extra spark -o requirements/spark.lock

# Only what the project made itself; what stands behind a symbolic link is somebody's own.
clean: ## Remove everything that was built (lake, sample, target), but not .venv
	@case "$${LAKEHOUSE_ROOT:-lake}" in \
	  lake) [ -L lake ] || rm -rf lake/raw lake/bronze lake/silver lake/gold lake/.source;; \
	  *) echo "LAKEHOUSE_ROOT is '$$LAKEHOUSE_ROOT': its tables are left alone; remove them by hand.";; \
	esac
	@if [ -f sample/week ] && [ ! -L sample ]; then \
	  rm -rf sample/catalogue sample/top10 sample/engagement sample/week sample/before.json; \
	fi
	@[ ! -f sample/kaggle/.made-up ] || [ -L sample ] || rm -rf sample/kaggle
	@for folder in lake sample; do \
	  if [ -L $$folder ]; then echo "'$$folder' is a symbolic link: it is left alone."; \
	  elif [ -d $$folder ]; then rmdir $$folder 2>/dev/null || echo "'$$folder' holds more than was built: the rest is left alone."; fi; \
	done
	@if [ -f site/assets/site.css ]; then rm -rf site; fi
	@rm -rf target logs lakehouse.duckdb
