#!/usr/bin/env bash
# Packages: transformers 5.23.0.
# Guess: a SeamlessM4TFeatureExtractor with stride=1 (no frames joined) gives a mask with an entry for each frame.
# What happens: the features are right and the attention mask has length 0. With other strides the mask takes the
#   second of the frames that are joined, so that a group with one real frame and padding counts as padding.
# Why: the mask keeps the entries whose index modulo the stride is 1, which none is where the stride is 1.
# Who meets it: whoever uses the front end of Wav2Vec2-BERT or SeamlessM4T at 100 frames a second.
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
shapes = {}
for stride in (1, 2, 3):
    extractor = SeamlessM4TFeatureExtractor(feature_size=80, num_mel_bins=80, sampling_rate=16_000, stride=stride)
    found = extractor(audio, sampling_rate=16_000, return_tensors="np")
    shapes[stride] = found["input_features"].shape[1], found["attention_mask"].shape[1]
    print(f"stride {stride}: {shapes[stride][0]} frames, a mask of {shapes[stride][1]}")
assert shapes == {1: (98, 0), 2: (49, 49), 3: (32, 32)}
EOF
