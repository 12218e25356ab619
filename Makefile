# One command each; `./navsync --help` lists more. Needs Python 3.11 or newer, git and make.
PYTHON ?= python3
tool := .local/venv/bin

.PHONY: help run demo test privileges soak fuzz chaos conformance bench down reset token check unit lock tools

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: ## bring everything up, connect a sample workspace, sync, stay up
	@./navsync up

demo: ## prove it: edit both sides, show every result, end with 0 or 1; WORKSPACES=3 shares one platform among them
	@./navsync demo --workspaces $(or $(WORKSPACES),1)

down: ## stop everything; what it knew is kept
	@./navsync down

reset: ## stop everything and forget what it knew, and what the demo, the chaos run and the benchmarks kept
	@./navsync reset

token: ## print a bearer token of an admin; ./navsync token --role viewer (or analyst) prints a lesser one
	@./navsync token --role admin

test: check ## everything that CI runs
	@$(tool)/python -m pytest -n 3 --dist loadfile

privileges: tools ## list what roles grant and the tests of the functions never needed, with the reason
	@PYTHONPATH=layers/shared $(tool)/python -m tests.handlers.roles

unit: tools ## the tests that need nothing running
	@$(tool)/python -m pytest tests/unit

soak: tools ## look for lost words in 50,000 random histories, every crash point and known bad designs; about 40 minutes on two cores
	@$(tool)/python -m tests.simulation --histories 50000 --processes 2
	@$(tool)/python -m tests.simulation --crashes
	@$(tool)/python -m tests.simulation --mutants
	@$(tool)/python -m tests.simulation --blind --histories 1000

fuzz: tools ## ask every route of the API 2,000 things that its document allows or forbids; takes a while
	@NAVSYNC_FUZZ_CASES=2000 $(tool)/python -m pytest -n 3 --dist loadfile tests/handlers/test_fuzz_*.py

chaos: tools ## people edit a real stack while calls fail and 100 workers are killed; QUICK=--quick for a short one
	@$(tool)/python -m tests.chaos $(QUICK)

conformance: tools ## compare the Notion twin with what is known of the real one, and say what is not covered
	@$(tool)/python -m tests.conformance

bench: tools ## print the measured claims
	@PYTHONPATH=layers/shared:. $(tool)/python -m benchmarks.planner
	@PYTHONPATH=layers/shared:. $(tool)/python -m benchmarks.backfill
	@PYTHONPATH=layers/shared:. $(tool)/python -m benchmarks.webhooks

check: tools .local/audited ## lint, types, the template and what auditors say of it, without tests
	@$(tool)/ruff check
	@$(tool)/ruff format --check
	@$(tool)/mypy
	@AWS_DEFAULT_REGION=us-east-1 SAM_CLI_TELEMETRY=0 PATH="$(CURDIR)/$(tool):$$PATH" $(tool)/sam validate --lint

# Slow to start, so only when something that they judge has changed.
deployed := $(shell find layers functions -name '*.py' -not -path '*/.*')
.local/audited: template.yaml .checkov.yaml requirements/audit.txt tests/template/processed.py $(deployed) | tools
	@$(PYTHON) local/bootstrap.py audit
	@.local/audit/bin/bandit --quiet --recursive layers/shared/navsync functions
	@PYTHONPATH=. $(tool)/python -m tests.template.processed > .local/processed.json
	@.local/audit/bin/checkov --config-file .checkov.yaml --file .local/processed.json
	@touch $@

tools: ## the environments under .local, made once
	@$(PYTHON) local/bootstrap.py

# What runs in the layer and in Lambda is what development was tested with: dev first, the others within it.
compile := $(tool)/uv pip compile --quiet --generate-hashes --no-header
lock: tools ## write the locks anew; UPGRADE=--upgrade moves to newer versions
	$(compile) $(UPGRADE) --python-version 3.13 requirements/dev.in -o requirements/dev.txt
	$(compile) --python-version 3.13 -c requirements/dev.txt layers/shared/requirements.txt -o requirements/layer.txt
	$(compile) --python-version 3.13 -c requirements/dev.txt requirements/runtime.in -o requirements/runtime.txt
	$(compile) --python-version 3.11 -c requirements/dev.txt requirements/uv.in -o requirements/uv.txt
	$(compile) $(UPGRADE) --python-version 3.13 requirements/audit.in -o requirements/audit.txt
