#!/usr/bin/env bash
# Packages: swift-f0 0.3.0 (its ONNX model is in it), onnxruntime 1.32.0, numpy.
# Guess: a pure tone is the plainest pitch there is, and whether it is voiced does not depend on how loud it is: pitch
#   has no level.
# What happens: of a sine at 247 Hz nearly all frames are voiced at an amplitude of 0.9 and none at 0.3; at 0.05 none is
#   between 165 and 247 Hz, and nine in ten at 110 and 440 Hz. A buzz, which has harmonics, is voiced down to a peak
#   of 0.003, and not at all below 0.001. Where frames are voiced the pitch is right.
# Why: the network hears a logarithmic spectrogram, and a lone line in it says the less of its octave the nearer it is to
#   the floor; frames with a peak below 0.001 are taken for silence (`SILENCE_PEAK`).
# Who meets it: whoever checks a pitch tracker by sines, or tracks stems, whistles and codec outputs at their own level.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile swift-f0==0.3.0 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
env/bin/python - <<'EOF'
from importlib.metadata import version

import numpy as np
from swift_f0 import SwiftF0

print("swift-f0", version("swift-f0"))
detector = SwiftF0()
time = np.arange(2 * 16_000) / 16_000


def voiced(audio):
    found = detector.detect(audio.astype(np.float32), 16_000, 60.0, 500.0)
    return float((found.confidence >= 0.5).mean())


tones = {(a, f): voiced(a * np.sin(2 * np.pi * f * time)) for a in (0.9, 0.3, 0.05) for f in (110, 165, 247, 440)}
for (amplitude, hertz), share in tones.items():
    print(f"sine at {hertz} Hz, amplitude {amplitude}: {share:.0%} of the frames voiced")
buzz = sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 20))
buzzes = {peak: voiced(peak * buzz / abs(buzz).max()) for peak in (0.3, 0.005, 0.0009)}
for peak, share in buzzes.items():
    print(f"buzz at 120 Hz with a peak of {peak}: {share:.0%}")
assert tones[0.9, 247] > 0.8 and tones[0.3, 247] < 0.2
assert max(tones[0.05, 165], tones[0.05, 247]) < 0.2 < 0.7 < min(tones[0.05, 110], tones[0.05, 440])
assert min(buzzes[0.3], buzzes[0.005]) > 0.8 and buzzes[0.0009] == 0
EOF
