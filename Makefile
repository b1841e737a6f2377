# Two commands matter: `make run` and `make test`. Both set up first; nothing but Python >= 3.11 is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SEEDS ?= 200
ROUNDS ?= 100
COUNT ?= 100000

.PHONY: run setup test check simulate faults crash bodies properties bench docs pictures lock clean

run: setup
	@$(BIN)/tiller run

setup: $(VENV)/.ready

# The stamp is the lock file's own copy: a changed lock means a new installation.
$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Tiller needs Python 3.11 or newer: make setup PYTHON=python3.12")'
	@echo "Setting up $(VENV) (once, a minute or two)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

test: setup
	@$(BIN)/python -m pytest -n 2 --dist loadfile

check: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/tiller docs --check

simulate: setup
	@$(BIN)/python -m tests.simulation --seeds $(SEEDS)

faults: SEEDS = 25
faults: VENUE = binance
faults: setup
	@$(BIN)/python -m tests.faults --venue $(VENUE) --seeds $(SEEDS)

crash: VENUE = paper
crash: setup
	@$(BIN)/python -m tests.crash --venue $(VENUE) --rounds $(ROUNDS)

bodies: setup
	@$(BIN)/python -m tests.bodies --count $(COUNT)

properties: setup
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m hypothesis --hypothesis-profile=new

pictures: setup
	@$(BIN)/python -m bot.web.pictures

bench: setup
	@$(BIN)/python -m tests.bench

docs: setup
	@$(BIN)/tiller docs

lock: setup
	uv pip compile --universal --generate-hashes --python-version 3.11 --no-emit-index-url \
		--extra build --extra dev pyproject.toml -o requirements.lock
	uv pip compile --universal --generate-hashes --python-version 3.11 --no-emit-index-url \
		--extra build --constraint requirements.lock pyproject.toml -o docker/requirements.lock

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
