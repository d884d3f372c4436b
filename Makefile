# Two commands are enough: `make lab` opens the course, `make test` proves that it works.
PYTHON   ?= python3
LAB_ARGS ?=
FROM     ?=
LESSONS  ?=
BENCH    ?=
PORTABLE ?=
TORCH    ?=
VENV     := .venv
BIN      := $(VENV)/bin
READY    := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help ask setup lab test test-portable lessons profile bench format check clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(READY)  ## create .venv and install the course into it (TORCH=cpu: PyTorch without GPU libraries; lab and test take it, too)

# Where a build of PyTorch is asked for, the script looks whether it is the one that is there.
$(READY): pyproject.toml constraints.txt $(if $(TORCH),ask)
	$(PYTHON) tools/setup_env.py $(if $(TORCH),--torch $(TORCH))

ask:

lab: $(READY)  ## open JupyterLab at the first lesson (LAB_ARGS="--no-browser --port 8899" passes through)
	$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/lessons/00_start_here.ipynb $(LAB_ARGS)

test: $(READY)  ## run all tests and re-run every lesson, on all cores
	$(BIN)/python -m pytest --nbval --numprocesses auto --dist loadfile tests lessons

test-portable: $(READY)  ## re-run every lesson as other computers would, all outputs the same (PORTABLE="one-thread 05" for a part)
	$(BIN)/python -m tools.portable $(PORTABLE)

lessons: $(READY)  ## rebuild and run lessons whose text in lessons/src changed, or LESSONS="00 10" (FROM=notebooks: the other way)
	$(BIN)/python -m tools.build_lessons $(LESSONS) $(if $(FROM),--from-$(FROM))

profile: $(READY)  ## where the seconds of every lesson go
	$(BIN)/python -m tools.profile_lessons

bench: $(READY)  ## the library beside plain code, a quarter of an hour (BENCH="--quick" or BENCH="loading --photos FOLDER" passes through)
	$(BIN)/python -m benchmarks $(BENCH)

format: $(READY)  ## format the code and the lessons' sources
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

check: $(READY)  ## lint, format and type check, changes nothing
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

clean:  ## remove .venv and caches (never a lesson or a result)
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
