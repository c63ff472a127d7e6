# Sets up what each target needs in .venv, from nothing but Python 3.11 or later with venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CASES ?= data/cases

.PHONY: determine test check lint reference clean

determine: $(VENV)/.run
	$(BIN)/necessity determine $(CASES)

test: $(VENV)/.dev
	$(BIN)/python -m pytest

check: $(VENV)/.dev
	$(BIN)/necessity policy check

lint: $(VENV)/.dev
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

reference: $(VENV)/.run
	$(BIN)/necessity policy reference build/reference

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt requirements-dev.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[check,serve,tables]' --requirement requirements-dev.txt
	touch $@ $(VENV)/.run

clean:
	rm -rf $(VENV) dist build
