# make run and make test need nothing but python3 (3.11 or newer) and make; everything else goes into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
INSTALL := $(PIP) install --constraint constraints.txt
WORKERS ?= auto
# Ruff has the same rules (S104, S506), and reasons stand beside the exceptions.
CHECKED_BY_RUFF := B104,B506

.PHONY: run test check bench bench-quick fuzz clients soak soak-redis suites audit cover house api language clean constraints transcripts screenshots vendor help

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/'

run: $(VENV)/run  ## serve on 127.0.0.1:8402
	@$(BIN)/akashml-emulator serve $(ARGS)

test: $(VENV)/test  ## run all tests
	@$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

check: $(VENV)/test  ## format, lint and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

bench: $(VENV)/test  ## measure beside bare and other mock servers, ten minutes; writes docs/performance.md (needs wrk)
	@PYTHONPATH=benchmarks $(BIN)/python -m speed --write $(ARGS)

bench-quick: $(VENV)/test  ## measure for a minute; ARGS="--rows whole,stream --against DIR"
	@PYTHONPATH=benchmarks $(BIN)/python -m speed --quick $(ARGS)

fuzz: $(VENV)/fuzz  ## try odd inputs in process and over sockets, some minutes; ARGS="--seconds 600 --target schemas"
	@PYTHONPATH=tests $(BIN)/python -m fuzz $(ARGS)
	@PYTHONPATH=tests $(BIN)/python -m fuzz.sockets

soak: $(VENV)/test  ## ten minutes of mixed traffic, after which nothing may be left; ARGS="--seconds 60"
	@PYTHONPATH=tests $(BIN)/python -m fuzz.soak $(ARGS)

soak-redis: $(VENV)/test  ## two minutes in which workers and a Redis are killed, after which nothing may be lost or doubled
	@PYTHONPATH=tests $(BIN)/python -m fuzz.soak_redis $(ARGS)

suites: $(VENV)/test  ## run the tests of SDKs and frameworks, some minutes; ARGS="openai-python instructor"
	@PYTHONPATH=tests $(BIN)/python -m suites $(ARGS)

clients:  ## the tests with clients that do not fit beside the others: instructor, zod, Ajv
	@$(PYTHON) -m venv .cache/clients
	@.cache/clients/bin/python -m pip --disable-pip-version-check --quiet install -e . \
		anthropic==2.14.0 hypothesis==6.170.17 instructor==1.17.0 jsonschema 'pydantic[email]' pytest==9.2.0
	@if command -v npm >/dev/null; then npm install --silent --no-audit --no-fund --prefix .cache/npm \
		ajv@8 ajv-draft-04@1 ajv-formats@3 openai@6 zod@4; fi
	@NODE_PATH=$(CURDIR)/.cache/npm/node_modules .cache/clients/bin/python -m pytest -q -rs tests/clients

audit: $(VENV)/fuzz  ## known vulnerabilities of the dependencies, and what ruff does not look for
	@$(BIN)/pip-audit --skip-editable
	@$(BIN)/bandit --quiet --recursive --severity-level medium --skip $(CHECKED_BY_RUFF) emulator

cover: $(VENV)/test  ## tests with branch coverage, at least 95 %
	@$(BIN)/python -m pytest -n $(WORKERS) --cov --cov-report=term

house: $(VENV)/test  ## draw and count rooms, imports and circles; ARGS="--walks", --dot, --json
	@PYTHONPATH=tests $(BIN)/python -m support.house $(ARGS)

api: $(VENV)/test  ## write docs/api.md anew from the docstrings, and docs/units.md
	@PYTHONPATH=tests $(BIN)/python -m support.api_page
	@PYTHONPATH=tests $(BIN)/python -m support.units_page

language: $(VENV)/test  ## write scenario.schema.json and the reference in docs/scenarios.md anew
	@$(BIN)/akashml-emulator schema > scenario.schema.json
	@WRITE_REFERENCE=1 $(BIN)/python -m pytest -q tests/scenario/test_shipped.py -k reference

transcripts: $(VENV)/test  ## write the golden transcripts anew
	@WRITE_TRANSCRIPTS=1 $(BIN)/python -m pytest -q tests/web/test_transcripts.py

screenshots: $(VENV)/test  ## write a picture of each page of the console into docs/images; needs Chromium
	@PYTHONPATH=tests $(BIN)/python -m support.screenshots

vendor:  ## renew the console's libraries from npm
	@$(PYTHON) scripts/vendor_console.py

constraints:  ## write constraints.txt anew from what the newest versions are
	@rm -rf $(VENV)-new && $(PYTHON) -m venv $(VENV)-new
	@$(VENV)-new/bin/python -m pip install --quiet -e '.[test,lint,fuzz]'
	@(head -1 constraints.txt; $(VENV)-new/bin/python -m pip freeze --exclude-editable | sort -f) > constraints.new
	@mv constraints.new constraints.txt && rm -rf $(VENV)-new

clean:  ## remove everything that make made
	@rm -rf $(VENV) .cache build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.* htmlcov
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; $(PYTHON) is `$(PYTHON) --version`. Say which: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "Could not make a virtual environment. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@touch $@

$(VENV)/run: $(VENV)/python pyproject.toml constraints.txt
	@echo "Installing into $(VENV) ..."
	@$(INSTALL) --editable .
	@touch $@

$(VENV)/fuzz: $(VENV)/test
	@$(INSTALL) --editable '.[test,lint,fuzz]'
	@touch $@

$(VENV)/test: $(VENV)/run
	@echo "Installing what the tests need ..."
	@$(INSTALL) --editable '.[test,lint]'
	@touch $@
