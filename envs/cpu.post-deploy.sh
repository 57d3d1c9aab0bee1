#!/usr/bin/env bash
# Snakemake runs this in the environment of cpu.yaml once it is made: a conda file can't say --no-deps.
set -euo pipefail
python -m pip install --quiet --no-deps -r "$(dirname "$0")/music.txt"
