#!/usr/bin/env bash
# Packages: distillmos 0.9.1 (its weights are in it), xls-r-sqa 0.1.0, torch 2.13.0; soxr and espeakng-loader make the
#   speech. distillmos imports torchaudio, for its command line alone. An empty module stands in for it, as torchaudio's
#   builds on PyPI want CUDA's libraries, which a torch for CPUs does not have.
# Guess: of a clip shorter than the model's window what is there is judged; the model takes clips of any length.
# What happens: a sentence of two seconds has the same score as with 5.5 s of digital silence behind it. Said again
#   until the window is full it scores 0.2 to 0.4 higher, and said twice it lies between.
# Why: `forward` fills a clip up with zeros to 7.68 s, and the network attends to all of its frames, without a mask.
# Who meets it: whoever scores sentences of a few seconds, most of a speech corpus, or compares systems whose outputs
#   differ in length: the shorter ones are judged for silence that nobody made.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile torch==2.13.0 soxr==1.1.0 espeakng-loader==0.2.4 numpy==2.4.6
"$folder/env/bin/pip" install --quiet --no-compile --no-deps distillmos==0.9.1 xls-r-sqa==0.1.0
cd "$folder"
touch torchaudio.py
env/bin/python -W ignore - <<'EOF'
import ctypes
from importlib.metadata import version

import distillmos
import espeakng_loader
import numpy as np
import soxr
import torch

print("distillmos", version("distillmos"))

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


model = distillmos.ConvTransformerSQAModel().eval()
WINDOW = 122_880


@torch.inference_mode()
def score(audio):
    return float(model(torch.from_numpy(audio)[None]))


for text in ("the early train was late again this morning", "a clear voice on the radio read the news of the day"):
    clip = say(text)
    alone, silence = score(clip), score(np.pad(clip, (0, WINDOW - len(clip))))
    twice, full = score(np.tile(clip, 2)), score(np.resize(clip, WINDOW))
    print(f"{len(clip) / 16_000:.2f} s alone {alone:.3f}, with silence {silence:.3f}, twice {twice:.3f}, full {full:.3f}")
    assert alone == silence and alone + 0.03 < twice < full - 0.03
EOF
