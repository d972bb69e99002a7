# Everything runs in .venv, which is made when it is missing; Python (3.11 or later) and make are
# all that has to be there. `make help` lists the targets.

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e
# JAX first and in two halves: it takes as long as all the others together.
RUNS := jax-layers jax-models tensorflow torch
# Where the tests lie that depend on the backend.
PER_BACKEND := tests/export tests/layers tests/notebooks tests/study tests/surgery tests/tutorial tests/visualize

# TensorFlow's own start-up messages would drown ours.
export TF_CPP_MIN_LOG_LEVEL ?= 3

.DEFAULT_GOAL := help
.PHONY: help demo test check install $(RUNS:%=test-%) test-once bench notebooks site docs clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

demo: .venv/demo ## compare four networks on real digits, and say where the report lies
	KERAS_BACKEND=tensorflow $(BIN)/keras-attn compare digits --topologies csa,csafa --seeds 3 --epochs 6 --output runs/demo

test: check ## run every check and every test, on the three backends
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target $(RUNS:%=test-%) test-once

check: .venv/test ## formatting, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

install: .venv/test ## make .venv with all that the tests need

# What depends on a backend runs once on each; the rest once in all. Two run at a time, so that
# PyTorch's threads, one a core in each, would only wait for each other.
test-jax-layers: TESTS := tests/layers
test-jax-models: TESTS := $(filter-out tests/layers,$(PER_BACKEND))
$(RUNS:%=test-%): test-%: .venv/test
	OMP_NUM_THREADS=1 KERAS_BACKEND=$(firstword $(subst -, ,$*)) $(BIN)/pytest $(or $(TESTS),$(PER_BACKEND))

test-once: .venv/test
	OMP_NUM_THREADS=1 KERAS_BACKEND=tensorflow $(BIN)/pytest $(PER_BACKEND:%=--ignore=%)

# It takes long, and wants an idle machine; a run that was ended continues.
bench: .venv/test ## time every layer beside its published form
	$(BIN)/python -m benchmarks.layers
	$(BIN)/python -m benchmarks.network

notebooks: .venv/notebooks ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks/

site: .venv/docs ## build the documentation site into site/
	KERAS_BACKEND=tensorflow $(BIN)/python -m docs.build

docs: site ## build the documentation site and serve it
	$(BIN)/python -m http.server --directory site --bind 127.0.0.1 8000

clean: ## remove .venv and what the runs and the site have written
	rm -rf .venv runs build site

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/demo: .venv/bin/python pyproject.toml constraints.txt
	$(INSTALL) ".[tensorflow,study]"
	@touch $@

.venv/notebooks: .venv/bin/python pyproject.toml constraints.txt
	$(INSTALL) ".[tensorflow,notebooks]"
	@touch $@

.venv/docs: .venv/bin/python pyproject.toml constraints.txt
	$(INSTALL) ".[tensorflow,docs]"
	@touch $@

.venv/test: .venv/bin/python pyproject.toml constraints.txt
	$(INSTALL) ".[tensorflow,jax,torch,keras-cv,keras-hub,datasets,study,ray,export,docs,test]"
	@touch $@ .venv/demo .venv/docs
