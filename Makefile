# One page of commands. `make help` prints what each does.

SHELL := /bin/bash
CACHE ?= $(HOME)/.cache/yunguan
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WHEELS := $(CACHE)/wheels
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# From the cache alone, every file checked against the lock file's hashes.
LOCKED := $(BIN)/pip install --quiet --no-index --find-links $(WHEELS) --require-hashes --no-deps -r requirements.lock 2>/dev/null

# Pulumi's own command line, which tests compare the engine with. Where it cannot be built they are skipped.
PULUMI_SOURCE := tests/programs/pulumi
PULUMI_VERSION := $(shell awk '$$1 == "github.com/pulumi/pulumi/pkg/v3" {print $$2}' $(PULUMI_SOURCE)/go.mod)
PULUMI := $(CACHE)/pulumi/$(PULUMI_VERSION)
GO_CACHE := $(CACHE)/go
BUILD_PULUMI := CGO_ENABLED=0 GOMODCACHE=$(GO_CACHE)/modules GOCACHE=$(GO_CACHE)/build timeout 600 go build -C $(PULUMI_SOURCE) -trimpath -modcacherw \
  -ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$(PULUMI_VERSION)" -o $(PULUMI)/ github.com/pulumi/pulumi/pkg/v3/cmd/pulumi

.DEFAULT_GOAL := help
.PHONY: help setup demo serve check lint types layers unit test pulumi bench lock clean

##@ Use
help: ## This page
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.installed ## Install everything into .venv, from the lock file

$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Yunguan needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	@mkdir -p $(WHEELS)
	@$(LOCKED) || { echo "downloading into $(WHEELS): a minute or two, once"; \
	  $(BIN)/pip download --quiet --require-hashes --no-deps -d $(WHEELS) -r requirements.lock && $(LOCKED); }
	PYTHONWARNINGS=ignore $(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## The main job on the embedded default, narrated
	$(BIN)/yunguan demo

serve: setup ## Web, API, controller and timers in one process
	$(BIN)/yunguan serve

##@ Check
check: lint types layers unit ## Lint, types, layers and unit tests (under 2 minutes)

lint: setup
	$(BIN)/ruff format --check controller stacks sandbox tests
	$(BIN)/ruff check controller stacks sandbox tests

types: setup
	$(BIN)/mypy

layers: setup
	$(BIN)/lint-imports

unit: setup
	$(BIN)/pytest -q -n 2 -m "not world" tests

test: lint types layers pulumi ## Everything
	PATH="$(PULUMI):$$PATH" $(BIN)/pytest -n 2 --dist loadgroup tests

pulumi: ## Pulumi's own command line for tests, built with Go once (4 minutes); without Go they are skipped
	@test -x $(PULUMI)/pulumi || { echo "building pulumi $(PULUMI_VERSION) into $(PULUMI)"; $(BUILD_PULUMI); } || echo "pulumi could not be built: tests that need it are skipped"
	@rm -rf $(GO_CACHE)

bench: setup ## Figures as JSON: scan, plan, apply, noop, latency
	@for name in scan plan apply noop latency; do $(BIN)/yunguan bench $$name; done

##@ Keep
lock: setup ## Resolve pyproject.toml into requirements.lock anew
	$(BIN)/pip-compile --quiet --all-extras --allow-unsafe --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links --no-header -o requirements.lock pyproject.toml

clean: ## Remove what was installed and the default home
	rm -rf $(VENV) .yunguan
