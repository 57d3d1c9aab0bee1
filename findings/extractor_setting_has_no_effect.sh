#!/usr/bin/env bash
# Packages: transformers 5.23.0.
# Guess: SeamlessM4TFeatureExtractor(do_normalize_per_mel_bins=False) does not normalise, and neither does what is
#   loaded from the folder where it was saved.
# What happens: the setting is kept, saved and loaded, and never read. Each call normalises unless that call is told
#   not to.
# Why: the setting is an argument of __call__, whose default is True; what __init__ gets beyond its own arguments
#   becomes an attribute of the same name.
# Who meets it: whoever trains a model of Wav2Vec2-BERT on features that keep the level, or the long-term spectrum
#   that tells voices apart, and saves the extractor beside it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile transformers==5.23.0 numpy==2.4.6
cd "$folder"
env/bin/python - <<'EOF'
import numpy as np
import transformers
from transformers import SeamlessM4TFeatureExtractor

print("transformers", transformers.__version__)
audio = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
SeamlessM4TFeatureExtractor(feature_size=80, num_mel_bins=80, do_normalize_per_mel_bins=False).save_pretrained("saved")
extractor = SeamlessM4TFeatureExtractor.from_pretrained("saved")


def mean(**options):
    return float(extractor(audio, sampling_rate=16_000, return_tensors="np", **options)["input_features"].mean())


print("the loaded setting:", extractor.do_normalize_per_mel_bins)
print(f"mean of the features {mean():.4f}; told in the call: {mean(do_normalize_per_mel_bins=False):.4f}")
assert extractor.do_normalize_per_mel_bins is False
assert abs(mean()) < 1e-4 and mean(do_normalize_per_mel_bins=False) > 1
EOF
