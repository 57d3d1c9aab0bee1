#!/usr/bin/env bash
# Packages: diffusers 0.42.1, torch 2.13.0.
# Guess: FlowMatchEulerDiscreteScheduler(shift=s).set_timesteps(n) gives n noise levels, evenly spaced and shifted
#   once.
# What happens: the lowest level is shifted twice, and all others lie otherwise than one shift puts them. With n = 6
#   and shift 3 the last level is 0.0089, so that five of six steps do the work of six; evenly spaced and shifted ones
#   end at 0.375. Without a shift the last is 0.001, where 1/6 is expected.
# Why: the levels are spaced between the highest and the lowest of the 1,000 of training, which the constructor has
#   shifted already, and are then shifted again. Levels that are given by `sigmas=` are shifted once.
# Who meets it: whoever samples in few steps, where a step that goes nowhere counts, or compares with a paper's
#   schedule.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile torch==2.13.0 diffusers==0.42.1 numpy==2.4.6
cd "$folder"
env/bin/python -W ignore - <<'EOF'
import diffusers
import numpy as np
from diffusers import FlowMatchEulerDiscreteScheduler

print("diffusers", diffusers.__version__)
steps, shift = 6, 3.0
even = np.linspace(1, 1 / steps, steps)


def shifted(levels):
    return shift * levels / (1 + (shift - 1) * levels)


def levels(scheduler, **options):
    scheduler.set_timesteps(**options)
    return scheduler.sigmas.numpy()[:-1]


found = levels(FlowMatchEulerDiscreteScheduler(shift=shift), num_inference_steps=steps)
given = levels(FlowMatchEulerDiscreteScheduler(shift=shift), sigmas=even)
plain = levels(FlowMatchEulerDiscreteScheduler(), num_inference_steps=steps)
print("evenly spaced, shifted once:", shifted(even).round(4))
print("set_timesteps(6):           ", found.round(4))
print("set_timesteps(sigmas=even): ", given.round(4))
print("without a shift:            ", plain.round(4))
twice = shifted(np.linspace(1, shifted(0.001), steps))
assert np.allclose(found, twice, atol=1e-4) and np.allclose(given, shifted(even), atol=1e-6)
assert found[-1] < 0.01 < 0.3 < shifted(even)[-1] and abs(plain[-1] - 0.001) < 1e-6
EOF
