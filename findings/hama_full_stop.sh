#!/usr/bin/env bash
# Packages: hama 1.7.0 (its ONNX models are in it), onnxruntime 1.32.0, numpy.
# Guess: spelling a text as phonemes leaves its punctuation out, and an empty text has none.
# What happens: "hello world" ends in the phonemes of "world"; with a full stop after it the last word ends in the
#   syllables of another language, with tones; an empty text has phonemes, too.
# Why: the text goes to a sequence model as it is; languages share its vocabulary, and a stop is no letter of English.
# Who meets it: whoever counts phoneme errors against written transcripts, which end in a stop: one or two false
#   phonemes a sentence are a fifth of all in a short command.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile hama==1.7.0 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
env/bin/python - <<'EOF'
from importlib.metadata import version

import hama

print("hama", version("hama"))
speller = hama.G2PModel()
said = {text: speller.predict(text).ipa for text in ("hello world", "hello world.", "")}
for text, ipa in said.items():
    print(repr(text), "->", ipa)
tones = "⁵¹"
assert said["hello world"].endswith("wɝld")
assert said["hello world."].split()[-1] in tones and said[""].split()[-1] in tones
EOF
