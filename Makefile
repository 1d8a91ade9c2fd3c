# Two verbs for newcomers: `make up` and `make test`. The others are for those who work here.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := services broker bridge tests docs/generate.py
PIP := $(BIN)/pip --disable-pip-version-check --quiet install --constraint constraints.txt
# Slow callbacks, forgotten tasks and unclosed files are told while testing.
PYTEST := PYTHONASYNCIODEBUG=1 $(BIN)/python -X dev -m pytest

.PHONY: help install up test test-long test-usb chaos check bench docs clean

help:
	@echo "make up         start the whole system with three demo devices"
	@echo "make test       run the tests (installs what they need; says so first)"
	@echo "make test-long  run the large property, fault and load tests"
	@echo "make test-usb   run the tests on a real USB stack, in a virtual machine"
	@echo "make chaos      kill every part in the midst of hundreds of jobs, tell what came of them; SEED=… repeats a run"
	@echo "make check      format, lint, types, floors, generated pages"
	@echo "make bench      measure, against peers, in the same run; NAMES='wire usb' for some only"
	@echo "make docs       write the generated pages and golden files anew"

install: $(VENV)/.run

up: $(VENV)/.run
	@exec $(BIN)/flashyard up --demo

test: $(VENV)/.dev
	@tests/install-peers
	$(PYTEST) -m "not long" --numprocesses 4 --dist loadscope

test-long: $(VENV)/.dev
	@tests/install-peers long
	@tests/install-peers usb || echo "NOTHING CAN BE TESTED ON USB"
	$(BIN)/python -m pytest -m long

# A part of test-long. Where QEMU cannot be installed its tests say so, loudly, and are skipped.
test-usb: $(VENV)/.dev
	@tests/install-peers usb || echo "NOTHING CAN BE TESTED ON USB"
	$(BIN)/python -m pytest -m long tests/usb

# A part of test-long, too.
chaos: $(VENV)/.dev
	@tests/install-peers
	$(BIN)/python -m pytest -m long tests/chaos $(if $(SEED),--chaos-seed $(SEED))

check: $(VENV)/.dev
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy $(SOURCES)
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check
	@long=$$(git ls-files '*.py' | xargs wc -l | awk '$$2 != "total" && $$1 > 400'); \
	  test -z "$$long" || { echo "over 400 lines, split by noun:"; echo "$$long"; exit 1; }

bench: $(VENV)/.dev
	@tests/install-peers
	@tests/install-peers usb || true
	$(BIN)/python tests/bench/run.py $(NAMES)

docs: $(VENV)/.dev
	$(BIN)/python -m pytest -q tests/contract tests/bridge/picture/test_transcripts.py --golden-update
	$(BIN)/python docs/generate.py

clean:
	rm -rf $(VENV) build dist

# Which of the two was installed is remembered by the file's name.
$(VENV)/.run: pyproject.toml constraints.txt | $(VENV)/bin/pip
	@test -e $(VENV)/.dev || { echo "installing flashyard into $(VENV)" && $(PIP) --editable '.[all]'; }
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/pip
	@echo "installing flashyard and its development tools into $(VENV)"
	@$(PIP) --editable '.[dev]'
	@touch $@

$(VENV)/bin/pip:
	@$(PYTHON) -m venv $(VENV)
