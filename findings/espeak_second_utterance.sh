#!/usr/bin/env bash
# Packages: espeakng-loader 0.2.4 (espeak-ng as a shared library), numpy.
# Guess: a rule-based synthesiser says the same text in the same way each time.
# What happens: in one process the same text differs from one call to the next, even in length. A second process makes
#   the same series again. So the samples of a text depend on what was said before it.
# Why: the phase of the wave and the voice's flutter (slow changes of pitch) go on from one utterance to the next, and
#   selecting the voice again does not put them back.
# Who meets it: whoever makes a speech corpus with it in parallel, in parts, or in another order, and expects equal
#   files.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile espeakng-loader==0.2.4 numpy==2.4.6
cd "$folder"
cat > speak.py <<'EOF'
import ctypes

import espeakng_loader
import numpy as np

Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
espeak = ctypes.CDLL(espeakng_loader.get_library_path())
espeak.espeak_Initialize(2, 0, espeakng_loader.get_data_path().encode(), 0x8000)
espeak.espeak_SetVoiceByName(b"en-us")
chunks = []


@Callback
def collect(samples, count, _events):
    if samples and count > 0:
        chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
    return 0


espeak.espeak_SetSynthCallback(collect)


def say(text):
    chunks.clear()
    data = text.encode()
    espeak.espeak_Synth(data, ctypes.c_size_t(len(data) + 1), 0, 1, 0, 1, None, None)
    return np.concatenate(chunks)


for _ in range(3):
    espeak.espeak_SetVoiceByName(b"en-us")
    audio = say("the same words")
    print(len(audio), int(np.abs(audio.astype(int)).sum()))
EOF
env/bin/pip list 2>/dev/null | grep espeak
env/bin/python speak.py > first
env/bin/python speak.py > second
echo "samples and sum of magnitudes of one text, three times in a process:"
cat first
echo "in a second process:"
cat second
cmp first second
[ "$(sort -u first | wc -l)" = 3 ]
