#!/usr/bin/env bash
# Packages: soundfile 0.14.0 (libsndfile 1.2.2), numpy.
# Guess: soundfile scales between integers and floats: full scale of one type is full scale of the other.
# What happens: it does so only between float arrays and integer files. A float file read as int16 is truncated to -1,
#   0 and 1, and int16 samples written to a float file become values up to 32767, which later read as such a level.
# Why: libsndfile scales integers read from or written to float files only when it is told to
#   (SFC_SET_SCALE_FLOAT_INT_READ and SFC_SET_SCALE_INT_FLOAT_WRITE), and soundfile does not tell it.
# Who meets it: whoever reads a folder of mixed recordings with dtype="int16", or stores int16 audio in a float file.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile soundfile==0.14.0 numpy==2.4.6
cd "$folder"
env/bin/python - <<'EOF'
import numpy as np
import soundfile

print("soundfile", soundfile.__version__, "libsndfile", soundfile.__libsndfile_version__)
levels = np.array([16384, -8192, 4096], dtype=np.int16)
soundfile.write("integers.wav", levels / 32768, 16_000, subtype="PCM_16")
soundfile.write("floats.wav", levels / 32768, 16_000, subtype="FLOAT")
soundfile.write("unscaled.wav", levels, 16_000, subtype="FLOAT")
pcm = soundfile.read("integers.wav", dtype="int16")[0]
silent = soundfile.read("floats.wav", dtype="int16")[0]
loud = soundfile.read("unscaled.wav", dtype="float32")[0]
print("0.5, -0.25, 0.125 as PCM16, read as int16:", pcm)
print("the same as floats, read as int16:        ", silent)
print("int16 levels written to a float file, read as float32:", loud)
assert (pcm == levels).all() and abs(silent).max() <= 1 and (loud == levels).all()
EOF
