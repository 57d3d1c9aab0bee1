# make figures/longcat_fig3.pdf             environment, corpus, training, evaluation, figure
# make SCALE=smoke figures/longcat_fig3.pdf the same chain in minutes, to see it work
# make help                                 the rest
PYTHON ?= python3
SCALE ?= cpu
SEEDS ?= 0
CORPUS ?=
# They name all that their packages need, so that pip need not look for it; music's ask for more than is used of them.
LOCKS := envs/cpu.txt envs/dvc.txt envs/dev.txt envs/music.txt
BIN := .venv/bin
# Python compiles what it imports, which is a tenth of what is installed; to compile all of it takes minutes.
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
# Each test file on one core, as many at once as there are cores; past eight, starting the workers takes longer. In the
# order of tests/conftest.py: by default the files with most tests go first, which are not the slowest.
WORKERS := -n logical --maxprocesses 8 --dist loadfile --no-loadscope-reorder
# What the user gives is one word for the shell, whatever is in it. `value` takes it as it was typed, where make would look
# for variables in it; so would it to pass it on in the environment.
quoted = '$(subst ','\'',$(1))'
config = $(if $(value $(1)),$(call quoted,$(2)$(value $(1))$(3)))
CONFIG = $(call config,SCALE,scale=) $(call config,SEEDS,seeds=[,]) $(call config,CORPUS,corpus=)
python = $(call quoted,$(value PYTHON))
# Containers often set the last. Nothing is compiled when it is installed, so that each job would compile all it imports.
unexport SCALE SEEDS CORPUS PYTHON PYTHONDONTWRITEBYTECODE

# That Python is 3.11 or later, and not past the minor version given, the last for which every pin of a lock is to be had.
needs_python = $(python) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, $(1)))' \
  || { echo "error: Python 3.11 to 3.$(1) is needed, "$(python)" is $$($(python) -V 2>&1); try PYTHON=python3.12 make ..."; exit 1; }

.DEFAULT_GOAL := help
# Snakemake runs jobs side by side itself, and locks the folder: under `make -j` one figure goes after the other.
.NOTPARALLEL:
.PHONY: help list report env evaluators frechet test test-fast pull lint FORCE

help:
	@echo 'make figures/longcat_fig3.pdf              regenerate a figure (list them: make list)'
	@echo 'make SCALE=smoke figures/longcat_fig3.pdf  the whole chain in minutes; shows that it works, proves nothing'
	@echo 'make SEEDS= figures/longcat_fig3.pdf       with as many training seeds as the record, not one; 0,1,2: these'
	@echo 'make CORPUS=/my/audio figures/...          on your own recordings (a folder with metadata.csv)'
	@echo 'make list                                  studies, figures, what is already regenerated'
	@echo 'make report                                all of the record as one page: results/<scale>/report/index.html'
	@echo 'make env                                   only build the environment in .venv'
	@echo 'make evaluators                            packages with pretrained evaluators, for metrics that need them'
	@echo 'make frechet                               the package frechet-audio-distance, in .venv-frechet, for its test'
	@echo 'make pull                                  fetch finished runs with DVC; nothing that is there is made again'
	@echo 'make test | make test-fast | make lint     tests; tests without the slow ones; style, types, rules'
	@echo 'PYTHON=python3.12 make ...                 another Python (3.11 to 3.13)'
	@echo 'Ctrl-C stops; the same command again goes on where it stopped. After kill -9 or a power cut Snakemake says that'
	@echo 'the folder is locked: .venv/bin/snakemake --unlock, then the same command again.'

# Always ask Snakemake: it knows what is out of date, make does not.
figures/%.pdf: .venv/ready FORCE
	@$(BIN)/snakemake --config $(CONFIG) -- $(call quoted,$@)

list: .venv/ready
	@$(BIN)/replicate list

report: .venv/ready
	@$(BIN)/replicate report

env: .venv/ready

evaluators: .venv/evaluators

.venv/evaluators: envs/evaluators.txt .venv/ready
	@command -v g++ >/dev/null || { echo "error: g++ is needed, to build the libsvm-official package"; exit 1; }
	$(PIP) --no-deps -r envs/evaluators.txt
	@touch $@

frechet: .venv-frechet/ready

.venv-frechet/ready: envs/frechet.txt
	@$(call needs_python,12)
	$(python) -m venv .venv-frechet
	.venv-frechet/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r envs/frechet.txt
	@touch $@

test: .venv/ready
	$(BIN)/python -m pytest $(WORKERS)

test-fast: .venv/ready
	$(BIN)/python -m pytest $(WORKERS) -m 'not slow and not large'

# What DVC pulls is content; Snakemake must be told that it is what a run would make.
pull: .venv/ready
	PATH=$(call quoted,$(CURDIR)/$(BIN)):"$$PATH" dvc pull
	$(BIN)/python -m shared.plan.versions restore
	$(BIN)/snakemake --touch -- all

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/mypy --num-workers auto
	$(BIN)/snakemake --lint

# The stamp is written last: an interrupted installation is started again.
.venv/ready: $(LOCKS) pyproject.toml
	@$(call needs_python,13)
	@command -v gcc >/dev/null || { echo "error: gcc is needed, to build the pesq package"; exit 1; }
	@command -v g++ >/dev/null || $(python) -c 'import sys; sys.exit(sys.version_info >= (3, 13))' \
	  || { echo "error: g++ is needed, to build the tinysoundfont package; Python 3.12 has a wheel of it"; exit 1; }
	@echo "Building .venv from $(LOCKS): once, some minutes"
	$(python) -m venv .venv
	$(PIP) pip==26.3 # takes half of the time of the one that Python 3.11 brings
	printf '%s\n' '-r envs/cpu.txt' '$(addprefix -r ,$(filter-out envs/cpu.txt,$(LOCKS))) -e .' \
	  | xargs -P 2 -L 1 $(PIP) --no-deps
	@touch $@

FORCE:
