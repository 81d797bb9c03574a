# `make demo` runs the main job, `make test` passes the tests; the rest is for developers.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DATA ?= var/demo

.PHONY: demo test lint bench faults mutations up schema lock clean

demo: $(READY)
	$(BIN)/vanthu demo --data $(DATA) $(if $(DOCUMENTS),--documents $(DOCUMENTS)) $(if $(CONTINUE),--continue)

test: $(READY)
	$(BIN)/pytest -q -n 2 --dist loadfile tests --ignore=tests/bench

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/python -m tests.bench; code=$$?; $(BIN)/python -m tests.bench.page && exit $$code

# SEEDS=20 are the seeds 1 to 20, SEEDS=3-8 those alone, so that a long run can be spread over several.
faults: $(READY)
	FAULTS=all SEEDS='$(or $(SEEDS),1)' VANTHU_BAD_INPUTS=100000 \
		$(BIN)/pytest -q -n 4 --dist loadfile --no-loadscope-reorder tests/faults tests/bad_input; \
		code=$$?; SEEDS='$(or $(SEEDS),1)' $(BIN)/python -m tests.faults.table && exit $$code

mutations: $(READY)
	$(BIN)/python -m tests.faults.mutations

up: $(READY)
	$(BIN)/vanthu up

schema: $(READY)
	$(BIN)/python -m tests.test_events

lock: $(READY)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links pyproject.toml --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links pyproject.toml --extra embedded --extra demo --group dev \
		--output-file requirements-dev.lock

$(READY): requirements-dev.lock pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Python 3.11 or later is needed; name it with: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Đang cài đặt, vài phút · Installing into $(VENV), a few minutes"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m services.embedded.libraries --install
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
