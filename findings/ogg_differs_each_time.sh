#!/usr/bin/env bash
# Packages: soundfile 0.14.0 (libsndfile 1.2.2), numpy.
# Guess: the same samples written twice give the same bytes in any format.
# What happens: Ogg Vorbis and Ogg Opus files of the same samples differ each time, in one process as across
#   processes; WAV, FLAC and MP3 files do not. What is decoded is the same.
# Why: an Ogg stream carries a serial number, which libsndfile draws at random for each file; each page has it and a
#   checksum over it.
# Who meets it: whoever keeps audio in Git, DVC or a cache that goes by content.
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
noise = np.random.default_rng(0).normal(0, 0.1, 16_000)


def encode(container, subtype):
    file = io.BytesIO()
    soundfile.write(file, noise, 16_000, format=container, subtype=subtype)
    return file.getvalue()


def decode(data):
    return soundfile.read(io.BytesIO(data))[0]


kinds = {("WAV", "PCM_16"): 1, ("FLAC", "PCM_16"): 1, ("MP3", None): 1, ("OGG", "VORBIS"): 3, ("OGG", "OPUS"): 3}
for kind, expected in kinds.items():
    files = [encode(*kind) for _ in range(3)]
    equal = all((decode(files[0]) == decode(file)).all() for file in files)
    print(f"{kind}: {len(set(files))} different files out of 3, decoded samples equal: {equal}")
    assert len(set(files)) == expected and equal
EOF
