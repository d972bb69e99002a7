# Everything runs in .venv, which is made when it is missing; Python (3.11 or later) and make are
# all that has to be there. `make help` lists the targets.

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e
# The parts of the test command, those that take longest first: two run at a time.
PARTS := torch jax-layers once tensorflow-layers jax-models tensorflow-models site
# Where the tests lie that depend on the backend; all others run once.
LAYERS := tests/layers tests/kernels tests/graph
VECTORS := tests/layers/test_vectors.py tests/layers/test_attention_gate.py
MODELS := tests/export tests/networks tests/notebooks tests/study tests/surgery tests/tutorial tests/visualize
# Of the models, those that are trained for one step at most.
UNTRAINED := tests/surgery tests/visualize
SITE := tests/docs tests/site

# TensorFlow's own start-up messages would drown ours.
export TF_CPP_MIN_LOG_LEVEL ?= 3

.DEFAULT_GOAL := help
FLOORS := floor-tensorflow floor-jax floor-torch
.PHONY: help demo test test-all test-slow test-quick test-floors run-parts $(FLOORS) check install $(PARTS:%=test-%) bench notebooks site docs clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

demo: .venv/demo ## compare four networks on real digits, and say where the report lies
	KERAS_BACKEND=tensorflow $(BIN)/keras-attn compare digits --model resnet8 --topologies csa,csafa --seeds 5 --epochs 6 --jobs 2 --output runs/demo

test: check ## run every check and every test, on the three backends
	@$(MAKE) --no-print-directory run-parts

test-all: test test-slow ## the same, and then the tests that are marked slow

test-slow: .venv/test ## run the tests that are marked slow: all exports, all architectures
	@$(MAKE) --no-print-directory run-parts OPTIONS='-m slow'

test-quick: .venv/test ## test two layers, and nothing that takes longer than a second, while you work
	@$(MAKE) --no-print-directory run-parts OPTIONS=--quick

# The parts write what they took, and the table shows it, also where a part fails.
run-parts: .venv/test
	@rm -rf build/tests
	@status=0; \
	$(MAKE) --no-print-directory --keep-going --jobs=2 --output-sync=target $(PARTS:%=test-%) || status=1; \
	$(BIN)/python tests/summary.py build/tests; exit $$status

test-floors: $(FLOORS) ## test the lowest declared versions, one environment per backend

check: .venv/test ## formatting, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

install: .venv/test ## make .venv with all that the tests need

# One thread per process: PyTorch's would only wait for each other.
test-tensorflow-layers: .venv/test
	$(call pytest,tensorflow,$(LAYERS),tensorflow-layers)

test-tensorflow-models: .venv/test
	$(call pytest,tensorflow,$(MODELS),tensorflow-models)

# JAX compiles faster without most of XLA's optimisations. It must not train without them: XLA then
# computes a value again where it is needed, rounds it differently, and the gradient of a maximum
# (also JAX's own) misses its place. Published vectors and networks need optimised code, as users run it.
test-jax-layers: export JAX_DISABLE_MOST_OPTIMIZATIONS = 1
test-jax-layers: .venv/test
	$(call pytest,jax,$(LAYERS) $(UNTRAINED) $(VECTORS:%=--ignore=%),jax-layers)

test-jax-models: .venv/test
	$(call pytest,jax,$(filter-out $(UNTRAINED),$(MODELS)) $(VECTORS),jax-models)

test-torch: .venv/test
	$(call pytest,torch,$(LAYERS) $(MODELS),torch)

test-site: .venv/test
	$(call pytest,torch,$(SITE),site)

test-once: .venv/test
	$(call pytest,torch,$(addprefix --ignore=,$(LAYERS) $(MODELS) $(SITE)),once)

define pytest
OMP_NUM_THREADS=1 KERAS_BACKEND=$(1) $(BIN)/pytest $(2) $(OPTIONS) --junitxml=build/tests/$(3).xml
endef

# What old versions of a library call in new versions of others may be deprecated by now.
$(FLOORS): floor-%: .venv/test
	@mkdir -p build
	$(BIN)/python tests/floors.py $* study > build/floors-$*.txt
	$(PYTHON) -m venv build/floors-$*
	build/floors-$*/bin/python -m pip install --quiet --disable-pip-version-check -c build/floors-$*.txt -e ".[$*,study]" pytest hypothesis
	OMP_NUM_THREADS=1 KERAS_BACKEND=$* build/floors-$*/bin/pytest -W ignore::DeprecationWarning -W ignore::FutureWarning tests/layers/test_contract.py tests/study tests/surgery

# It takes hours and needs an idle machine; an interrupted run resumes.
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

# To compile every file of the packages takes pip a minute; Python compiles what the demo imports.
.venv/demo: .venv/bin/python pyproject.toml constraints.txt
	$(INSTALL) ".[tensorflow,study]" --no-compile
	@touch $@

.venv/notebooks: .venv/bin/python pyproject.toml constraints.txt
	$(INSTALL) ".[tensorflow,notebooks]"
	@touch $@

.venv/docs: .venv/bin/python pyproject.toml constraints.txt
	$(INSTALL) ".[tensorflow,docs]"
	@touch $@

# The tests start many processes, which import everything: all files are compiled, on all cores where
# pip takes one. Packages have files for other versions of Python, which fail to compile.
.venv/test: .venv/bin/python pyproject.toml constraints.txt
	$(INSTALL) ".[tensorflow,jax,torch,keras-cv,keras-hub,detection,datasets,study,ray,export,docs,test]" --no-compile
	$(BIN)/python -m compileall -q -j 0 .venv/lib > /dev/null || true
	@touch $@ .venv/demo .venv/docs
