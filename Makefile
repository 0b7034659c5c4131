# make test   set up, then ruff, mypy --strict, import contracts, deptry, vulture and all tests
# make run    set up, then the main job on RI5CY: RTL to curves to report, under runs/ri5cy
# make quick  the same on the small design, in about a minute
# make docs   pages that are made of the code, then the site with the reference of the Python interface, under build/docs
# make docker an image with finevh as its command
# make wheel  the package, under dist

PYTHON ?= $(firstword $(shell command -v python3.11 python3.12 python3 2>/dev/null))
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
JOBS ?= 2

# command:package pairs that the tests call; the main job needs none of them
TOOLS := ngspice:ngspice sta:opensta iverilog:iverilog chromium:chromium tclsh:tcl \
         riscv64-unknown-elf-as:binutils-riscv64-unknown-elf

.PHONY: setup tools lint unit test run quick docs docker wheel lowest clean

setup: $(STAMP)

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' || \
	  { echo "Python 3.11 or 3.12 is needed; name one with: make PYTHON=/path/to/python3.11"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "No virtual environment could be made; on Debian: apt-get install python3-venv"; exit 3; }
	$(BIN)/python -m pip install --quiet --editable '.[characterization,cluster,sky130,dev]'
	@touch $@

# Install missing Debian packages where that is allowed without a question, else name them; never a failure.
tools:
	@missing=""; for pair in $(TOOLS); do \
	  command -v $${pair%%:*} >/dev/null 2>&1 || missing="$$missing $${pair##*:}"; done; \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" = 0 ]; then as_root=""; elif sudo -n true 2>/dev/null; then as_root="sudo -n"; else as_root="no"; fi; \
	  if [ "$$as_root" != no ] && command -v apt-get >/dev/null 2>&1; then \
	    { $$as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$as_root apt-get install -y -qq --no-install-recommends $$missing; } \
	      >/dev/null 2>&1 || echo "Not installed:$$missing. Tests that need them are skipped with a message."; \
	  else echo "Missing:$$missing. Install with: sudo apt-get install$$missing. Tests that need them are skipped."; fi; \
	fi

lint: setup
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/vulture

unit: setup tools
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup

test: lint unit

run: setup
	$(BIN)/finevh run flows/ri5cy.toml -j $(JOBS)

quick: setup
	$(BIN)/finevh run flows/quick.toml -j $(JOBS)

docs: setup
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	$(BIN)/python -m finevh.report.columns docs/columns.md
	$(BIN)/python -m finevh.flow_file flows/flow.schema.json
	$(BIN)/python -m mkdocs build --quiet
	@echo "open build/docs/README.html"

docker:
	docker build --tag finevh .

wheel: setup
	$(BIN)/python -m build --wheel

# The lowest declared version of every dependency, all extras together, in an environment of its own.
lowest:
	@$(PYTHON) -m venv .venv-lowest
	@$(PYTHON) benchmarks/lowest_versions.py > .venv-lowest/constraints.txt
	.venv-lowest/bin/python -m pip install --quiet --constraint .venv-lowest/constraints.txt '.[characterization,cluster,sky130,designs,docs,dev]'
	.venv-lowest/bin/python -m pytest --ignore tests/test_wheel.py --ignore tests/openroad --ignore tests/end_to_end

clean:
	rm -rf $(VENV) .venv-lowest runs build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
