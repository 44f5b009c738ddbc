# PYTHON names another interpreter than python3: make test PYTHON=python3.12
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test lint bench faults mutants docs clean

PYTHON ?= python3
VENV := .venv
CHECKOV := .venv-checkov
PIP := -m pip install --quiet --quiet --disable-pip-version-check --no-input

help:
	@echo 'make demo    rehearse a patch night on this machine (needs Terraform, no AWS account)'
	@echo 'make test    run everything that needs no AWS account'
	@echo 'make lint    the quick checks only'
	@echo 'make bench   measure how a night grows from 10 to 1,000 instances (minutes)'
	@echo 'make faults  play every fault at every call and step of a night (about an hour; SAMPLE=200 draws some)'
	@echo 'make mutants remove the guards one at a time and look whether a test notices (minutes; ONLY=commit takes some)'
	@echo 'make docs    write the generated parts of README.md'
	@echo 'make clean   remove environments, caches and reports'

demo: $(VENV)/.demo
	@$(VENV)/bin/albpatch rehearse examples/complete

test: $(VENV)/.test
	@tools/test

lint: $(VENV)/.test
	@tools/lint

bench: $(VENV)/.test
	@$(VENV)/bin/python tools/bench.py

# ONLY names nights, SAMPLE draws some of them, HTML and JSON name files, EXAMPLES draws fleets and sequences of faults too:
# make faults ONLY='many/Detach/*' HTML=faults.html EXAMPLES=100
faults: $(VENV)/.test
	@$(VENV)/bin/python tools/faults.py $(if $(ONLY),--only '$(ONLY)') $(if $(SAMPLE),--sample $(SAMPLE)) \
	  $(if $(SEED),--seed $(SEED)) $(if $(HTML),--html '$(HTML)') $(if $(JSON),--json '$(JSON)')
	@$(if $(EXAMPLES),FAULT_EXAMPLES=$(EXAMPLES) $(VENV)/bin/python -m pytest -q -n 0 tests/faults/test_properties.py)

mutants: $(VENV)/.test
	@$(VENV)/bin/python tools/mutants.py $(if $(ONLY),--only '$(ONLY)')

docs: $(VENV)/.test
	@$(VENV)/bin/python tools/readme.py

clean:
	rm -rf $(VENV) $(CHECKOV) .cache .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis report
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.demo: pyproject.toml constraints.txt
	@echo 'Installing albpatch into $(VENV) (once, about half a minute)'
	@$(call environment,$(VENV))
	@$(VENV)/bin/python $(PIP) --constraint constraints.txt --editable '.[rehearse]'
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt
	@echo 'Installing albpatch and its test tools into $(VENV) (once, about a minute)'
	@$(call environment,$(VENV))
	@$(VENV)/bin/python $(PIP) --constraint constraints.txt --editable '.[rehearse,test,lint]'
	@touch $(VENV)/.demo $@

$(CHECKOV)/.installed: constraints-checkov.txt
	@echo 'Installing checkov into $(CHECKOV) (once, about a minute)'
	@$(call environment,$(CHECKOV))
	@$(CHECKOV)/bin/python $(PIP) --constraint constraints-checkov.txt checkov
	@touch $@

define environment
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo 'Python 3.11 or newer is needed. If python3 is older, name another: make PYTHON=python3.12 ...' >&2; exit 1; }; \
	test -x $(1)/bin/python || $(PYTHON) -m venv $(1)
endef
