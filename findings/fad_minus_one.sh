#!/usr/bin/env bash
# Packages: frechet_audio_distance 0.3.4 (without what its embedding models need), numpy 1.26.4, scipy 1.17.1.
# Guess: a set that can't be scored raises, and a distance is never negative.
# What happens: score() prints a line and returns -1, which is the best score of a table that is sorted; so two sets
#   of embeddings of different width, from two models, compare as -1. And a set of fewer clips than dimensions has a
#   distance below 0 from itself.
# Why: score() catches every exception. The trace of the matrix root is that of a singular product there, computed a
#   little too large, and the difference is not cut off at 0.
# Who meets it: whoever averages FAD over systems, takes its smallest value, or draws it on a logarithmic axis.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile numpy==1.26.4 scipy==1.17.1
"$folder/env/bin/pip" install --quiet --no-compile --no-deps frechet_audio_distance==0.3.4
cd "$folder"
env/bin/python - <<'EOF'
import sys
from importlib.metadata import version
from unittest.mock import MagicMock

import numpy as np

print("frechet_audio_distance", version("frechet_audio_distance"), "numpy", np.__version__)
# What its embedding models import, none of which is used on embeddings that are given.
unused = "encodec laion_clap pandas resampy soundfile torch torch.nn torch.nn.functional torchlibrosa"
unused += " torchlibrosa.augmentation torchlibrosa.stft tqdm"
sys.modules.update({name: MagicMock() for name in unused.split()})
from frechet_audio_distance import FrechetAudioDistance

package = FrechetAudioDistance.__new__(FrechetAudioDistance)  # its constructor downloads a model
package.verbose = False
generator = np.random.default_rng(0)
np.save("reference.npy", generator.normal(size=(100, 512)))
np.save("other_model.npy", generator.normal(size=(100, 128)))


def score(evaluated):
    return package.score(None, None, "reference.npy", f"{evaluated}.npy")


different, equal = score("other_model"), float(score("reference"))
print("embeddings of another model:", different, "the same 100 embeddings of width 512:", equal)
assert different == -1 and -1e-3 < equal < -1e-6
EOF
