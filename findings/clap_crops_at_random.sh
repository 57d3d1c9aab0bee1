#!/usr/bin/env bash
# Packages: transformers 5.23.0, torch 2.13.0.
# Guess: a feature extractor in inference hears the beginning of what is longer than its window, the same each time.
# What happens: ClapFeatureExtractor draws the place: one crop with "rand_trunc", three with "fusion", which is the
#   default. Embeddings of a clip of 11 s differ from call to call unless NumPy's global generator is seeded before
#   each.
# Why: np.random.randint and np.random.choice choose the crops; there is no argument for a generator or a place.
# Who meets it: whoever measures CLAP scores or Fréchet distances of music, where clips are longer than ten seconds.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile torch==2.13.0 transformers==5.23.0 numpy==2.4.6
cd "$folder"
env/bin/python - <<'EOF'
import numpy as np
import transformers
from transformers import ClapFeatureExtractor

print("transformers", transformers.__version__)
clip = np.random.default_rng(0).normal(0, 0.1, 11 * 48_000)
for truncation in ("fusion", "rand_trunc"):
    extractor = ClapFeatureExtractor(truncation=truncation)
    images = []
    for seed in (0, 1, 0):
        np.random.seed(seed)
        images.append(extractor(clip, sampling_rate=48_000, return_tensors="np")["input_features"][0])
    other, same = (np.abs(images[0] - each).max(axis=(1, 2)) for each in images[1:])
    print(f"{truncation}: largest change of each image in dB, another seed {other.round(1)}, the same {same.round(1)}")
    assert other.max() > 10 and same.max() == 0
EOF
