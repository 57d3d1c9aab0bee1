#!/usr/bin/env bash
# Packages: safetensors 0.8.0, numpy.
# Guess: the same tensors and metadata saved twice are the same bytes, as is often said of the format.
# What happens: with one entry of metadata they are. With several the files differ from one call to the next, in one
#   process, as the entries come in any order; the tensors' order and what is read are the same.
# Why: the metadata passes through a Rust HashMap, whose order is drawn anew for each map.
# Who meets it: whoever names weights by the hash of their file, or keeps them in DVC or a cache that goes by content.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile safetensors==0.8.0 numpy==2.4.6
cd "$folder"
env/bin/python - <<'EOF'
import numpy as np
import safetensors
from safetensors.numpy import save

print("safetensors", safetensors.__version__)
tensors = {"b": np.zeros(3, np.float32), "a": np.ones(2, np.float32)}
entries = {"rate": "16000", "hop": "320", "config": "small", "seed": "0"}
one = {save(tensors, metadata={"rate": "16000"}) for _ in range(50)}
several = {save(tensors, metadata=entries) for _ in range(50)}
print(f"50 saves: {len(one)} different file with one entry, {len(several)} with four")
print(sorted(several)[0][8:90])
print(sorted(several)[-1][8:90])
assert len(one) == 1 and len(several) > 1
EOF
