#!/usr/bin/env bash
# Packages: soundfile 0.14.0 (libsndfile 1.2.2), numpy.
# Guess: floats written as 16 bits are rounded to the nearest level, whatever the container.
# What happens: FLAC rounds. WAV goes to the next level below: the error lies in (-1, 0] levels instead of [-0.5,
#   0.5], which is a constant offset of half a level, and twice as large an error at worst.
# Why: python-soundfile turns libsndfile's clipping on. The clipping path for PCM16 makes a 32-bit integer and drops
#   its lower half, which rounds towards minus infinity; FLAC's path rounds the float itself.
# Who meets it: whoever compares stored audio with what was computed, sample by sample, or two containers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile soundfile==0.14.0 numpy==2.4.6
cd "$folder"
env/bin/python - <<'EOF'
import io

import numpy as np
import soundfile

print("soundfile", soundfile.__version__, "libsndfile", soundfile.__libsndfile_version__)
audio = np.random.default_rng(0).normal(0, 0.05, 100_000)
error = {}
for container in ("WAV", "FLAC"):
    file = io.BytesIO()
    soundfile.write(file, audio, 16_000, format=container, subtype="PCM_16")
    file.seek(0)
    error[container] = (soundfile.read(file)[0] - audio) * 32768
    print(f"{container}: error in levels: mean {error[container].mean():.3f}, "
          f"from {error[container].min():.3f} to {error[container].max():.3f}")
assert abs(error["WAV"].mean() + 0.5) < 0.01 and error["WAV"].max() <= 0
assert abs(error["FLAC"].mean()) < 0.01 and abs(error["FLAC"]).max() <= 0.5
EOF
