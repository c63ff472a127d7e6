# Sets up what each target needs in .venv, from nothing but Python 3.11 or later with venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CASES ?= data/cases/mp9556
# Which tests: by default those that take seconds. MARKS= for all of them.
MARKS ?= not slow and not walk
# What the cutter in C is built from, where there is a compiler, as the package is installed.
CUTTER := hatch_build.py $(wildcard reasoner/chart/fast/*.[ch])
# How many processes run tests, and how long `make fuzz` looks for failures.
JOBS ?= 2
SECONDS ?= 60
# All processes have to collect the tests in the same order, so their hashes have the same seed.
PYTEST := PYTHONHASHSEED=0 $(BIN)/python -m pytest --numprocesses $(JOBS) --dist worksteal

.PHONY: determine app test walk coverage fuzz check lint reference clean

determine: $(VENV)/.run
	$(BIN)/necessity determine $(CASES)

# The workplace over the charts, in a knowledge base that is made once and kept.
app: build/kb
	$(BIN)/necessity app --kb build/kb

build/kb: | $(VENV)/.app
	$(BIN)/necessity kb init --kb $@.partial
	$(BIN)/necessity kb load $(CASES) --kb $@.partial > $@.log
	$(BIN)/necessity kb determine --jobs 0 --kb $@.partial >> $@.log
	mv $@.partial $@

test: $(VENV)/.dev
	$(PYTEST) -m "$(MARKS)"

# A person's day in the workplace, in headless Chromium.
walk: $(VENV)/.dev
	$(PYTEST) -m walk tests/walk

# The branches that the tests take, those in other processes included; fails below the share in pyproject.toml.
coverage: $(VENV)/.dev
	$(PYTEST) -m "$(MARKS)" --cov

# The property tests, with examples at random.
fuzz: $(VENV)/.dev
	NECESSITY_EXPLORE=$(SECONDS) $(PYTEST) --tb short

check: $(VENV)/.dev
	$(BIN)/necessity policy check

lint: $(VENV)/.dev
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

reference: $(VENV)/.run
	$(BIN)/necessity policy reference build/reference

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml constraints.txt $(CUTTER) | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	touch $@

$(VENV)/.app: pyproject.toml constraints.txt $(CUTTER) | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[app]'
	touch $@ $(VENV)/.run

$(VENV)/.dev: pyproject.toml constraints.txt requirements-dev.txt $(CUTTER) | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[app,check,documents,encryption,model,remote,serve,spark,tables,zstd]' --requirement requirements-dev.txt
	touch $@ $(VENV)/.run $(VENV)/.app

clean:
	rm -rf $(VENV) dist build
