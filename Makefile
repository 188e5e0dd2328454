# `make` lists what there is to do. Every target sets up what it needs first.

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The first Python here that is new enough; set-up says what to do if there is none.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && exit; \
	done; echo python3)
BIN := .venv/bin
# A process starts in half the time when Python may keep what it compiled, whatever the habits here.
export PYTHONDONTWRITEBYTECODE :=
WITH_SERVERS := $(BIN)/python -m deploy.servers
CONTRACT_TESTS := tests/clients/test_typescript_client.py tests/clients/test_workspace_clients.py \
	tests/deploy/test_reference_script.py
# Two test processes keep two cores busy; PostgreSQL and the processes need their share.
JOBS ?= 2

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## put into .venv exactly what the locks say (all other targets do this by themselves)
	@$(PYTHON) -m deploy.dependencies.install

.PHONY: up
up: setup ## run everything: servers, services, sandbox, gateway; Ctrl-C stops it and keeps the data
	@exec $(BIN)/python -m deploy.local.up

.PHONY: workspace
workspace: setup ## one more workspace while `make up` runs: name=Acme zone=Europe/Berlin frozen=2026-03-02T09:00:00Z
	@$(BIN)/python -m deploy.local.workspace --name "$$name" --zone "$$zone" --frozen-at "$$frozen" $(ARGS)

.PHONY: demo
demo: setup ## play the renewal story from end to end and check every claim
	@exec $(BIN)/python -m deploy.demo

.PHONY: test
test: setup ## every test, on real PostgreSQL and Redis; T=tests/shared narrows it
	$(WITH_SERVERS) --fast -- $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder --durations=20 --durations-min=1 $(T)

.PHONY: check
check: format-check lint types boundaries migration-lint api-check ## all that is judged without running tests

.PHONY: format-check
format-check: setup
	$(BIN)/ruff format --check .

.PHONY: fmt
fmt: setup ## format the code and fix what can be fixed safely
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: lint
lint: setup ## ruff
	$(BIN)/ruff check .

.PHONY: types
types: setup ## mypy --strict
	$(BIN)/mypy

.PHONY: boundaries
boundaries: setup ## who may import whom
	$(BIN)/lint-imports --no-cache

.PHONY: migration-lint
migration-lint: setup ## each history is one line; squawk on the SQL of every migration
	$(BIN)/python -m deploy.checks.migrations

.PHONY: api-check
api-check: setup ## the OpenAPI documents: complete, and nothing broken since the last contract
	$(BIN)/python -m deploy.checks.openapi check

.PHONY: openapi
openapi: setup ## write the contracts in tests/contracts/openapi (BREAKING=1 to accept a break)
	$(BIN)/python -m deploy.checks.openapi write $(if $(BREAKING),--accept-breaking)

.PHONY: contract
contract: clients ## what others make of the document, and our clients with real services
	@$(BIN)/python -m deploy.contract $(ARGS)
	@$(WITH_SERVERS) --fast -- $(BIN)/python -m pytest -m contract $(CONTRACT_TESTS)

.PHONY: clients
clients: setup ## make, compile and pack the TypeScript and Python packages; DOCUMENT=workspace.json for a workspace's
	@$(BIN)/python -m deploy.clients.build $(if $(DOCUMENT),--document "$(DOCUMENT)")

.PHONY: fuzz-api
fuzz-api: setup ## schemathesis against real services: FUZZ_EXAMPLES=20 FUZZ_SECONDS=1800 for more
	@$(BIN)/python -c 'from deploy.contract import environment; environment.installed()'
	@$(WITH_SERVERS) --fast -- $(BIN)/python -m pytest -m contract tests/fuzz

.PHONY: bench
bench: setup ## measure, write .tenure/bench, compare with the last run
	$(WITH_SERVERS) -- $(BIN)/python -m deploy.bench $(ARGS)

.PHONY: migrate
migrate: setup ## roles and migrations for DATABASE_URL (an administrator's), or for the local data
	@$(BIN)/python -m deploy.local.migrate

.PHONY: migration
migration: setup ## write a migration: make migration s=accounts-api m="add segment owner"
	@test -n "$(s)" && test -n "$(m)" || { echo 'usage: make migration s=accounts-api m="add segment owner"'; exit 2; }
	$(WITH_SERVERS) --fast -- $(BIN)/python -m deploy.local.migrate --new "$(s)" "$(m)"

.PHONY: lock
lock: setup ## resolve all dependencies anew, within the ranges of pyproject.toml
	$(BIN)/python -m deploy.dependencies.resolve

.PHONY: clean
clean: ## delete the local data, caches and results (not .venv)
	@$(PYTHON) -m deploy.local.clean
