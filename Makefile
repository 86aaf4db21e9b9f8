# `make` alone lists what can be done.
.DEFAULT_GOAL := help
PYTHON_OF_PROJECT := .venv/bin/python
CLI := $(PYTHON_OF_PROJECT) -m services.cli

.PHONY: help install run demo test lint format chaos simulate bench contracts settings-page secrets lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: ## Make .venv and install what requirements.lock names
	@scripts/bootstrap

run: install ## Run everything in one process; pages on http://127.0.0.1:8000 (GATEWAY_PORT)
	@exec $(CLI) embedded

demo: install ## Send a handful of complaints to what `make run` runs, and show each one's way
	@$(CLI) demo

test: install ## Run every check and test; what it needs (RabbitMQ, PostgreSQL, a browser) it starts itself
	@$(PYTHON_OF_PROJECT) scripts/run_tests.py $(SUITE)

lint: install ## Check style
	@.venv/bin/ruff check . && .venv/bin/ruff format --check .

format: install ## Put style right
	@.venv/bin/ruff check --fix . && .venv/bin/ruff format .

chaos: install ## Kill, stop and cut off everything at random under load, then balance the books (SEED=1)
	@$(PYTHON_OF_PROJECT) -m tests.chaos $(if $(SEED),--seed $(SEED)) $(CHAOS)

simulate: install ## Live through a year in minutes and check every step of it (SEED=1, SIMULATE="--per-day 60")
	@$(PYTHON_OF_PROJECT) -m tests.simulation $(if $(SEED),--seed $(SEED)) $(SIMULATE)

bench: install ## Measure throughput, lag, memory and growth against bare floors
	@$(PYTHON_OF_PROJECT) -m bench $(BENCH)

contracts: install ## Generate schemas, AsyncAPI, OpenAPI, the catalogue and the README's picture from the code
	@$(CLI) contracts generate

settings-page: install ## Generate docs/settings.md from the code
	@$(CLI) settings-page

secrets: install ## Make the secret files that docker-compose.yml reads (deploy/secrets/)
	@$(CLI) secrets

lock: install ## Pin requirements.in anew into requirements.lock
	@$(PYTHON_OF_PROJECT) -m pip install --quiet pip-tools
	@.venv/bin/pip-compile --quiet --upgrade --no-header --no-emit-index-url --no-emit-find-links \
		--no-emit-trusted-host --strip-extras --no-config --generate-hashes -o requirements.lock requirements.in

clean: ## Remove what `make run` filed and what tools left; not .venv
	rm -rf var .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
