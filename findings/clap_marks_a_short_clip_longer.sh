#!/usr/bin/env bash
# Packages: transformers 5.23.0, torch 2.13.0.
# Guess: ClapFeatureExtractor with its default truncation says of clips shorter than its window that none `is_longer`;
#   what it returns for them is deterministic.
# What happens: it draws one clip of each such batch at random and marks it as longer; a clip by itself is always
#   marked. A fused model then sends that clip through its fusion branch, so that the embedding of a clip depends on
#   its batch and on NumPy's global random state.
# Why: where no clip is longer than the window the extractor chooses one by np.random.randint and says that it is;
#   there is no argument against it but truncation="rand_trunc".
# Who meets it: whoever embeds clips with a fused CLAP, for a Fréchet distance or a text-audio similarity.
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
extractor = ClapFeatureExtractor()
clips = [np.random.default_rng(seed).normal(0, 0.1, 48_000) for seed in range(4)]
print("truncation:", extractor.truncation, "window:", extractor.max_length_s, "s, clips: 1 s")
marked = []
for attempt in range(6):
    np.random.seed(attempt)
    found = extractor(clips, sampling_rate=48_000)["is_longer"]
    marked.append([bool(each[0]) for each in found].index(True))
    assert sum(bool(each[0]) for each in found) == 1
print("which of four is marked, by seed:", marked)
assert len(set(marked)) > 1
assert extractor(clips[:1], sampling_rate=48_000)["is_longer"] == [[True]]
EOF
