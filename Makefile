# Two commands set everything up, each in the virtual environment .venv that it makes itself:
#   make demo    install the library and run the main job: digits, an autoencoder, a classifier on few labels
#   make test    install everything the tests need, then run every check and every test
# The rest is for developers: see `make help` and CONTRIBUTING.md.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
# Arguments for `make demo` (say DEMO="--epochs 5 --out out/mine") and for pytest (say TESTS="-k conv").
DEMO ?=
TESTS ?=
BENCH ?= --suite all --backends numpy,numba,native,auto,torch --out results/benchmarks
# One worker process per core, each with one BLAS thread: workers that share cores must not each start a thread pool.
WORKERS ?= auto
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1

# An install is repeated only when what it depends on changed.
PACKAGE_FILES := pyproject.toml $(wildcard setup.py)
NATIVE_FILES := $(shell find csrc -type f 2>/dev/null)
CXX_FILES := $(filter %.cpp %.h %.hpp,$(NATIVE_FILES))

.PHONY: help demo test quick check lint format types floors native sanitize bench clean

help:  ## list the commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

# ------------------------------------------------------------------------------------------------- environments

$(VENV)/.made:
	@[ -n "$(PYTHON)" ] || { echo "make: no Python found; install python3.11 and python3-venv" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
	    echo "make: $(PYTHON) is $$("$(PYTHON)" -V), but Python 3.11 to 3.13 is needed; set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -m venv $(VENV) || { echo "make: the module venv is missing; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@touch $@

# The demo runs without a compiler too: the C++ kernels are then left out, and the install says so.
$(VENV)/.demo: $(VENV)/.made $(PACKAGE_FILES) $(NATIVE_FILES)
	@echo "installing tinygrad_i2dl and what the examples need into $(VENV)"
	@$(PIP) --editable '.[examples]'
	@$(BIN)/python -c 'import importlib.util as u, sys; sys.exit(not u.find_spec("tinygrad_i2dl._native"))' || \
	    echo "make: the C++ kernels were not built, so convolution and pooling are slower; apt-get install g++ python3-dev, then make native" >&2
	@touch $@

# PyTorch is only the oracle that results are compared with; the library never imports it.
$(VENV)/.oracle: $(VENV)/.made
	@echo "installing PyTorch, the oracle of the tests, into $(VENV)"
	@$(PIP) torch==2.13.0
	@touch $@

# A C++ extension that does not build is an error here. Only where Python's own headers are not installed, and it is not CI, do
# the tests run without it; pytest then lists what it left out.
$(VENV)/.dev: $(VENV)/.made $(VENV)/.oracle $(PACKAGE_FILES) $(NATIVE_FILES)
	@echo "installing tinygrad_i2dl with its C++ kernels and everything the tests need into $(VENV)"
	@require=1; \
	if [ -z "$${CI:-}" ] && ! $(BIN)/python -c \
	    'import os, sys, sysconfig; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))'; then \
	    echo "make: Python.h is missing, so the C++ kernels and their tests are left out; apt-get install python3-dev, then make native" >&2; \
	    require=0; \
	fi; \
	TINYGRAD_I2DL_REQUIRE_NATIVE=$$require $(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.demo

# ----------------------------------------------------------------------------------------------- what people run

demo: $(VENV)/.demo  ## install and run the main job (DEMO="--help" shows its options)
	@$(BIN)/python examples/01_autoencoder_transfer.py $(DEMO)

test: check  ## install, run every check, then every test (TESTS="-k conv" for some of them)
	@$(ONE_THREAD) $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal $(TESTS)

quick: $(VENV)/.dev  ## the tests that take less than five seconds each
	@$(ONE_THREAD) $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal -m "not slow" $(TESTS)

# ----------------------------------------------------------------------------------------------------- checks

check: lint types floors sanitize  ## every check that is not a test

lint: $(VENV)/.dev  ## ruff and clang-format, as checks
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(if $(CXX_FILES),$(BIN)/clang-format --dry-run --Werror $(CXX_FILES))

format: $(VENV)/.dev  ## ruff and clang-format, changing the files
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(if $(CXX_FILES),$(BIN)/clang-format -i $(CXX_FILES))

types: $(VENV)/.dev  ## mypy, strict, on the package
	@$(BIN)/mypy

floors: $(VENV)/.dev  ## the import contract: a module imports only from lower floors
	@$(BIN)/lint-imports

native: $(VENV)/.made  ## build the C++ kernels again, from scratch
	@rm -rf build && find tinygrad_i2dl -name '*.so' -delete
	@rm -f $(VENV)/.dev && $(MAKE) --no-print-directory $(VENV)/.dev

sanitize: $(VENV)/.dev  ## the C++ kernels under the address and undefined-behaviour sanitizers
	@$(if $(wildcard csrc/sanitize.sh),bash csrc/sanitize.sh)

bench: $(VENV)/.dev  ## every benchmark beside PyTorch, into results/benchmarks (BENCH="--suite ops"), and the import time
	@$(BIN)/python -m benchmarks $(BENCH)
	@$(BIN)/python benchmarks/import_time.py

clean:  ## remove the virtual environment and everything built
	@rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
	@find tinygrad_i2dl -name '*.so' -delete
