#!/usr/bin/env bash
# Packages: kadtk 1.1.0 (without what its embedding models need), torch 2.13.0.
# Guess: the kernel audio distance grows the further the evaluated set is from the reference, and the kernel's width
#   is the reference's, as one number has to be comparable between systems.
# What happens: embeddings scattered 1,000 times too widely score better than embeddings that are all right but for a
#   bias of half a deviation, and the value depends on which set is called the reference.
# Why: the bandwidth is the median distance within the *evaluated* set: the wider that is, the wider the kernel, which
#   then sees the reference as a single point in the middle.
# Who meets it: whoever ranks generators by KAD with the default bandwidth: each system is measured with its own
#   ruler.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile torch==2.13.0 numpy==2.4.6
"$folder/env/bin/pip" install --quiet --no-compile --no-deps kadtk==1.1.0
cd "$folder"
env/bin/python -W ignore - <<'EOF'
import importlib.util
import sys
from importlib.metadata import distribution
from unittest.mock import MagicMock

import torch

print("kadtk", distribution("kadtk").version, "torch", torch.__version__)
unused = ("hypy_utils", "hypy_utils.tqdm_utils", "kadtk", "kadtk.emb_loader", "kadtk.model_loader")
sys.modules.update({name: MagicMock() for name in unused})
spec = importlib.util.spec_from_file_location("kad", distribution("kadtk").locate_file("kadtk/kad.py"))
kad = importlib.util.module_from_spec(spec)
spec.loader.exec_module(kad)


def distance(reference, evaluated, **options):
    return float(kad.calc_kernel_audio_distance(reference, evaluated, (None, None), "cpu", **options))


generator = torch.Generator().manual_seed(0)
reference, again, third = (torch.randn(500, 64, generator=generator) for _ in range(3))
sets = {"the same distribution": again, "biased by half a deviation": again + 0.5, "1,000 times as wide": 1000 * third}
fixed = kad.median_pairwise_distance(reference)
scores = {name: distance(reference, evaluated) for name, evaluated in sets.items()}
for name, evaluated in sets.items():
    print(f"{name}: {scores[name]:.3f}, the other way round {distance(evaluated, reference):.3f}, "
          f"with the reference's bandwidth {distance(reference, evaluated, bandwidth=fixed):.3f}")
wide, biased = sets["1,000 times as wide"], sets["biased by half a deviation"]
assert scores["1,000 times as wide"] < scores["biased by half a deviation"]
assert distance(reference, wide, bandwidth=fixed) > distance(reference, biased, bandwidth=fixed)
EOF
