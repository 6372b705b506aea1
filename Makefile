# Everything a person does in a checkout. `make` alone lists it. CONTRIBUTING.md has the words.
PYTHON ?= python3
VENV ?= .venv

# cpu: install vLLM's CPU build. system: use the vLLM that PYTHON has, as in a ROCm image.
ENGINE ?= $(if $(wildcard /dev/kfd),system,cpu)

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.NOTPARALLEL: # two pips in one environment
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export PIP_DISABLE_PIP_VERSION_CHECK := 1

RUN := $(VENV)/bin
PIP := $(RUN)/python -m pip install -qq --no-input

# Stamps carry the kind of engine, so that changing it makes the environment anew.
MADE := $(VENV)/.made-$(ENGINE)
INSTALLED := $(VENV)/.installed-$(ENGINE)
DEV := $(VENV)/.dev-$(ENGINE)
ENGINE_CPU := $(VENV)/.engine-cpu
BENCH := $(VENV)/.bench-$(ENGINE)
VLLM_RS := $(VENV)/.vllm-rs
SERVERS := .servers
EVALUATE := .evaluate

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20
	@printf '\n  variables: PORT AIM_ID (or any AIM_*) ENGINE=cpu|system PYTHON VENV\n'
	@printf '             CONTAINER_ENGINE=docker|podman|buildah BASE_IMAGE AIM=org/model\n'

## Serving

# Only what nobody has set: a variable of the environment or of the command line wins. An AIM_* variable given as
# `make serve AIM_METRIC=throughput` reaches the server too, because make exports those by itself.
serve: export AIM_CACHE_PATH ?= $(CURDIR)/.cache/models
ifneq ($(strip $(PORT)),)
serve: export AIM_PORT := $(PORT)
endif
# The CPU engine serves by the CPU, and says so, also where there is a GPU that it could not use.
ifeq ($(ENGINE)$(strip $(AIM_ACCELERATOR_MODEL)),cpu)
serve: export AIM_ACCELERATOR_TYPE ?= cpu
endif
ifeq ($(strip $(AIM_ID)$(AIM_MODEL_ID)),)
serve: export AIM_ID := HuggingFaceTB/SmolLM2-135M-Instruct
endif

.PHONY: serve
serve: install engine ## serve a model on this machine (PORT=8000, AIM_ID=…)
	@exec $(RUN)/python -S scripts/foreground.py $(RUN)/aim-runtime serve

## Installing

.PHONY: install engine dev bench servers evaluate
install: $(INSTALLED) ## the environment and the package
dev: $(DEV)
bench: $(BENCH) $(if $(filter system,$(ENGINE)),,$(VLLM_RS)) ## load generators beside the engine's own, and the plots of reports

servers: $(SERVERS)/.installed ## the stores, hubs and registries that the tests fetch from

evaluate: $(EVALUATE)/.installed ## lm-eval, for aim-runtime evaluate

engine: $(if $(filter system,$(ENGINE)),$(MADE),$(ENGINE_CPU)) ## the CPU engine (ENGINE=system: nothing to do)

$(MADE):
	@scripts/create-venv $(VENV) $(PYTHON) $(ENGINE)
	@touch $@

$(INSTALLED): $(MADE) pyproject.toml requirements/runtime.txt requirements/build.txt
	@echo "Installing the package into $(VENV)"
ifeq ($(ENGINE),system)
	@# The versions that the image's vLLM came with stay; only what is missing is added.
	@$(PIP) -e .
else
	@$(PIP) --no-deps -r requirements/runtime.txt -r requirements/build.txt
	@$(PIP) --no-deps --no-build-isolation -e .
endif
	@touch $@

$(DEV): $(INSTALLED) requirements/dev.txt requirements/tune.txt requirements/contract.txt
	@echo "Installing the development tools into $(VENV)"
	@$(PIP) --no-deps -r requirements/dev.txt -r requirements/tune.txt -r requirements/contract.txt
	@touch $@

$(BENCH): $(INSTALLED) requirements/bench.txt requirements/report.txt
	@echo "Installing the load generator into $(VENV)"
	@$(PIP) --no-deps -r requirements/bench.txt -r requirements/report.txt
	@touch $@

$(ENGINE_CPU): $(MADE) requirements/engine-cpu.txt requirements/engine-cpu-vllm.txt scripts/install-engine-cpu
	@scripts/install-engine-cpu $(VENV)
	@touch $@

$(VLLM_RS): $(ENGINE_CPU) requirements/vllm-rs.txt scripts/install-vllm-rs
	@scripts/install-vllm-rs $(VENV)
	@touch $@

$(SERVERS)/.installed: $(wildcard requirements/servers*.txt) scripts/install-servers
	@scripts/install-servers $(SERVERS) $(PYTHON)
	@touch $@

$(EVALUATE)/.installed: $(INSTALLED) requirements/evaluate.txt scripts/install-evaluate
	@scripts/install-evaluate $(EVALUATE) $(VENV) $(PYTHON)
	@touch $@

## Images

BUILD_IMAGE = $(RUN)/python scripts/build_image.py
ON_BASE = $(if $(BASE_IMAGE),--base-image $(BASE_IMAGE))

.PHONY: image image-model images image-tools test-image scan
image: dev ## the image that serves any model, on the CPU or with ENGINE=system on GPUs
	@$(BUILD_IMAGE) $(if $(filter system,$(ENGINE)),base,cpu) $(ON_BASE)

image-model: dev ## the image of one AIM, on the base image (AIM=org/model)
	@$(if $(AIM),,$(error Name an AIM: make image-model AIM=Qwen/Qwen3-32B))$(BUILD_IMAGE) model $(AIM) $(ON_BASE)

images: dev ## all of them: for the CPU, the base, and one for every AIM
	@$(BUILD_IMAGE) all $(ON_BASE)

image-tools: ## install podman and buildah, where no docker is
	@scripts/install-image-tools

test-image: dev engine image-tools ## build the images, and run them under podman
	$(RUN)/python -m pytest -m image tests/image

scan: dev ## look at manifests and Dockerfiles with trivy (optional; needs npm)
	$(RUN)/python scripts/scan.py .scan

## Developing

.PHONY: test test-fast check format generate bench-cli bench-selection clean
test: dev engine bench servers evaluate ## the whole suite, with the real engine
	$(RUN)/python -m pytest

test-fast: dev ## what needs neither the engine nor the package registry
	$(RUN)/python -m pytest -m "not engine and not package and not servers and not image"

check: dev ## format, lint, types, layers, generated files
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy --strict src
	$(RUN)/python -m pytest -q tests/test_layers.py
	PYTHON=$(RUN)/python scripts/generate --check

format: dev ## format, and mend what ruff can mend
	$(RUN)/ruff format .
	$(RUN)/ruff check --fix .

generate: dev engine ## write the generated files
	PYTHON=$(RUN)/python scripts/generate

bench-cli: install ## how long the command line takes to start
	$(RUN)/python benchmarks/cli_startup.py

bench-selection: install ## how long choosing takes, up to 10,000 profiles
	$(RUN)/python benchmarks/selection.py

clean: ## remove what was built and installed; downloaded models stay in .cache
	test ! -e $(VENV)/pyvenv.cfg || rm -rf $(VENV)
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache
	find src tests scripts benchmarks -name __pycache__ -prune -exec rm -rf {} +
