#!/usr/bin/env bash
# Packages: pystoi 0.4.1; soxr and espeakng-loader make the speech.
# Guess: STOI is lowered by anything that was added to the reference, noise or other speech.
# What happens: what is added where the reference is silent changes nothing: with loud noise in each pause, or with a
#   second sentence after the first, STOI is exactly 1.
# Why: frames of the reference 40 dB below its loudest one are removed from both signals before they are compared.
# Who meets it: whoever takes STOI for a check that a vocoder or generator leaves pauses empty and stops in time.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile pystoi==0.4.1 soxr==1.1.0 espeakng-loader==0.2.4 numpy==2.4.6
cd "$folder"
env/bin/python - <<'EOF'
import ctypes
from importlib.metadata import version

import espeakng_loader
import numpy as np
import soxr
from pystoi import stoi

print("pystoi", version("pystoi"))

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
    return soxr.resample(np.concatenate(chunks).astype(np.float64) / 32768, 22_050, 16_000)


first, second = say("the early train was late again"), say("nobody had told the people")
pause = np.zeros(16_000)
reference = np.concatenate([first, pause, second, pause])
noisy = reference.copy()
loud = np.random.default_rng(0).normal(0, np.std(first), 12_000)
noisy[len(first) + 2_000 : len(first) + 14_000] += loud
alone = np.concatenate([first, pause, np.zeros_like(second)])
talking_on = np.concatenate([first, pause, second])
values = stoi(reference, noisy, 16_000), stoi(alone, talking_on, 16_000)
everywhere = reference + np.random.default_rng(1).normal(0, np.std(first), len(reference))
print(f"noise in a pause {values[0]:.6f}, a sentence too many {values[1]:.6f}, "
      f"the same noise everywhere {stoi(reference, everywhere, 16_000):.3f}")
assert min(values) > 0.999999 and stoi(reference, everywhere, 16_000) < 0.9
EOF
