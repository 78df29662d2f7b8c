# Every command sets up what it needs, so each is the first one you may type. `make help` lists them.
PORT ?= 8080
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: help demo test lint bench study faults setup lock clean have-python
.DEFAULT_GOAL := help

help: ## what can be done here
	@sed -n 's/^\([a-z]*\):[^#]*## /  make \1\t/p' Makefile

demo: have-python ## the simulated care centre, live at http://127.0.0.1:8080 (PORT=9000 for another port)
	@$(PYTHON) -m scripts.prepare run
	@exec $(BIN)/bems demo --port $(PORT)

test: have-python ## all checks: lint, types, import contracts, tests
	@$(PYTHON) -m scripts.prepare test
	@$(BIN)/python -m scripts.check

lint: have-python ## the checks that run nothing
	@$(PYTHON) -m scripts.prepare test
	@$(BIN)/python -m scripts.check --lint

bench: have-python ## measure; prints a table and writes build/bench.json
	@$(PYTHON) -m scripts.prepare run
	@$(BIN)/python -m bench

study: have-python ## controllers over weeks and seeds (STUDY="--days 7 --seeds 1"); what was run is not run again
	@$(PYTHON) -m scripts.prepare run
	@$(BIN)/python -m scripts.study $(STUDY)

faults: have-python ## what is promised to residents, with things broken (FAULTS="--only hp1_out")
	@$(PYTHON) -m scripts.prepare run
	@$(BIN)/python -m scripts.fault_study $(FAULTS)

setup: have-python ## only set up
	@$(PYTHON) -m scripts.prepare test

lock: have-python ## pin again after a change of requirements*.in or package.json
	@$(PYTHON) -m scripts.prepare test
	@for name in requirements requirements-dev; do echo "pinning $$name"; \
		$(BIN)/pip-compile --quiet --allow-unsafe --generate-hashes --strip-extras --no-annotate --no-header \
			--no-emit-options --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
			--output-file $$name.lock $$name.in || exit 1; done
	@npm install --package-lock-only --ignore-scripts

clean: ## remove all that was made here
	@rm -rf .venv build dist *.egg-info node_modules dashboards/static/vendor \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

have-python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: apt-get install python3 python3-venv"; exit 1; }
