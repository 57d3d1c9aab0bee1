#!/usr/bin/env bash
# Packages: pesq 0.0.4 (compiled, needs gcc); soxr and espeakng-loader make the speech.
# Guess: PESQ drops where the degraded file says more than the reference, as it does where it says less.
# What happens: a whole sentence after a pause, in a place where the reference is silent, costs next to nothing (4.64
#   is the most). The same sentence missing from the degraded file costs two points and more. A generator that goes on
#   talking, or repeats itself, is not heard.
# Why: PESQ looks for utterances where the reference is active, aligns each of them with the degraded file and
#   compares those parts; what lies elsewhere enters little.
# Who meets it: whoever scores generated or resynthesised speech with PESQ and takes it for a measure of all that is
#   said.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile pesq==0.0.4 soxr==1.1.0 espeakng-loader==0.2.4 numpy==2.4.6
cd "$folder"
env/bin/python - <<'EOF'
import ctypes
from importlib.metadata import version

import espeakng_loader
import numpy as np
import soxr
from pesq import pesq

print("pesq", version("pesq"))

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
    return soxr.resample(np.concatenate(chunks).astype(np.float32) / 32768, 22_050, 16_000)


said = say("the early train was late again this morning")
surplus = say("nobody had told the people who were waiting")
pause, silence = np.zeros(8_000, dtype=np.float32), np.zeros_like(surplus)
short = np.concatenate([said, pause, silence])
long = np.concatenate([said, pause, surplus])
more, less = pesq(16_000, short, long, "wb"), pesq(16_000, long, short, "wb")
itself = pesq(16_000, short, short, "wb")
print(f"against itself {itself:.2f}, one sentence too many {more:.2f}, one missing {less:.2f}")
assert more > 4.5 and less < 3
EOF
