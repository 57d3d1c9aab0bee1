#!/usr/bin/env bash
# Packages: jiwer 4.0.0.
# Guess: an error rate against an empty reference is undefined: an error, NaN, or infinity.
# What happens: it is the number of inserted words (or characters), as if the reference had one word; of two empty
#   texts it is 0. One such clip can outweigh all others in a mean over clips. Over a list of clips the insertions
#   enter the pooled rate, the missing reference words do not.
# Why: jiwer has a case of its own for no reference words at all, which sets the rate to the number of insertions.
# Who meets it: whoever scores generated speech against transcripts some of which are empty after normalisation (a
#   laugh, a bracketed note, digits that a normaliser drops).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile jiwer==4.0.0
cd "$folder"
env/bin/python - <<'EOF'
from importlib.metadata import version

import jiwer

print("jiwer", version("jiwer"))
words = jiwer.wer("", "well this was not said")
characters = jiwer.cer("", "abc")
pooled = jiwer.wer(["", "one two"], ["well this was not said", "one two"])
print("words:", words, "characters:", characters, "both empty:", jiwer.wer("", ""), "pooled with a right clip:", pooled)
assert (words, characters, jiwer.wer("", ""), pooled) == (5, 3, 0, 2.5)
EOF
