#!/usr/bin/env bash
# Packages: pystoi 0.4.1, numpy.
# Guess: STOI of a clip against itself is 1, or an error where the clip is too short.
# What happens: under 384 ms of speech (counted after silent frames are removed) it is 1e-5 with a RuntimeWarning, the
#   value of unintelligible speech, whatever the clip.
# Why: the measure correlates blocks of 30 frames at 10 kHz; where there are fewer, pystoi returns 1e-5 so that
#   training loops go on.
# Who meets it: whoever averages STOI over a corpus with short words: a few such clips lower the mean unseen.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile pystoi==0.4.1 numpy==2.4.6
cd "$folder"
env/bin/python - <<'EOF'
import warnings
from importlib.metadata import version

import numpy as np
from pystoi import stoi

print("pystoi", version("pystoi"))
noise = np.random.default_rng(0).normal(size=16_000)
for seconds, expected in ((0.3, 1e-5), (0.4, 1e-5), (0.5, 1.0)):
    clip = noise[: int(seconds * 16_000)]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        value = stoi(clip, clip, 16_000)
    print(f"{seconds} s against itself: {value:.5g}; warned: {[str(each.message)[:35] for each in said]}")
    assert abs(value - expected) < 1e-6 and bool(said) == (expected < 1)
EOF
