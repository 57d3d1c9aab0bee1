#!/usr/bin/env bash
# Packages: visqol-python 3.8.0, libsvm-official 3.37.0, numpy, scipy, numba, soundfile.
# Guess: against a silent reference nothing can be said of a clip, so that comparing fails; and in each mode a clip that
#   equals its reference has the best value, 5.
# What happens: against silence any clip has 5, and a silent clip has NaN against any reference. An identical clip has 5
#   in speech mode and 4.7 in audio mode.
# Why: patches of the reference without energy are skipped, and nothing is left that could lower the value; in audio
#   mode a support vector machine makes the MOS, and its answer to a similarity of 1 lies below the scale's end.
# Who meets it: whoever averages ViSQOL over a test set with silences in it, or compares values of the two modes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile --no-deps visqol-python==3.8.0 libsvm-official==3.37.0
"$folder/env/bin/pip" install --quiet --no-compile numpy==2.4.6 scipy==1.17.1 numba==0.68.1 soundfile==0.14.0
cd "$folder"
env/bin/python - <<'EOF'
from importlib.metadata import version

import numpy as np
from visqol import VisqolApi

print("visqol-python", version("visqol-python"))
generator = np.random.default_rng(0)


def buzz(rate):
    time = np.arange(3 * rate) / rate
    tone = sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 30))
    return 0.1 * tone * (0.55 + 0.45 * np.sin(2 * np.pi * 3 * time))


def mos(mode, reference, clip, rate):
    api = VisqolApi()
    api.create(mode, use_lattice_model=False)
    return float(api.measure_from_arrays(reference, clip, rate).moslqo)


speech, audio = buzz(16_000), buzz(48_000)
silence, noise = np.zeros_like(speech), 0.1 * generator.standard_normal(len(speech))
found = {
    "noise against silence": mos("speech", silence, noise, 16_000),
    "silence against a buzz": mos("speech", speech, silence, 16_000),
    "a buzz against itself, speech mode": mos("speech", speech, speech, 16_000),
    "a buzz against itself, audio mode": mos("audio", audio, audio, 48_000),
}
for name, value in found.items():
    print(f"{name}: {value:.3f}")
against_silence, silent, same, same_audio = found.values()
assert against_silence > 4.99 and np.isnan(silent)
assert same > 4.99 and 4.5 < same_audio < 4.9
EOF
