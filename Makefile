# Two commands do everything: `make run` installs and starts Hearth, `make test` runs the whole gate.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run install test test-install test-long check format lock bench bench-peer clean

run: install
	@$(BIN)/hearth serve

install: python
	@$(PYTHON) tools/install.py

test: test-install
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -m "not long"
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

test-long: test-install
	@$(BIN)/python -m pytest -m long

test-install: python
	@$(PYTHON) tools/install.py --test
	@tools/chromium.sh

format:
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock:
	@tools/lock.sh

bench: install
	@$(BIN)/hearth bench start

# make bench-peer LLAMA_SERVER=path/of/llama-server ARGUMENTS="--model 1B --streams 1,4,8"
bench-peer: install
	@LLAMA_SERVER=$(LLAMA_SERVER) $(BIN)/python -m tests.bench.peer $(ARGUMENTS)

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

.PHONY: python
python:
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) here. Debian and Ubuntu: sudo apt install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Hearth needs Python 3.11 or newer; this is $$($(PYTHON) -V). Name a newer one: make run PYTHON=python3.12"; exit 1; }
