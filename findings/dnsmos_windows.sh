#!/usr/bin/env bash
# Packages: speechmos 0.0.1.1 (DNSMOS's models are in it), onnxruntime 1.32.0, numpy.
# Guess: the whole clip is scored, so what is in its last second counts.
# What happens: of a clip of 9.01 to 10.99 s only the first 9.01 s are heard. With the last 1.9 s replaced by loud
#   noise all four scores stay the same to the last digit; at 11 s the end begins to count.
# Why: windows of 9.01 s start a second apart, and their number is floor(floor(seconds) - 9.01) + 1. It rounds down
#   twice.
# Who meets it: whoever scores clips of about ten seconds, a usual length, and looks for what goes wrong at the end.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile speechmos==0.0.1.1 librosa==0.11.0 onnxruntime==1.32.0 \
  requests==2.34.2 tqdm==4.70.1 numpy==2.4.6
cd "$folder"
env/bin/python - <<'EOF'
from importlib.metadata import version

import numpy as np
from speechmos import dnsmos

print("speechmos", version("speechmos"))
generator = np.random.default_rng(0)
time = np.arange(11 * 16_000) / 16_000
clip = 0.3 * np.sin(2 * np.pi * 150 * time) * (0.5 + 0.5 * np.sin(2 * np.pi * 3 * time))
spoilt = clip.copy()
spoilt[int(9.02 * 16_000) :] = generator.uniform(-0.9, 0.9, len(clip) - int(9.02 * 16_000))
changed = {}
for seconds in (10.99, 11.0):
    pair = [dnsmos.run(each[: int(seconds * 16_000)], 16_000) for each in (clip, spoilt)]
    changed[seconds] = max(abs(float(pair[0][name] - pair[1][name])) for name in pair[0])
    print(f"{seconds} s: noise after 9.02 s moves a score by {changed[seconds]:.4f} at most")
assert changed[10.99] == 0 and changed[11.0] > 0.01
EOF
