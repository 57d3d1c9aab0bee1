#!/usr/bin/env bash
# Packages: Resemblyzer 0.1.4 (its weights are in it), torch 2.13.0, librosa 0.11.0; webrtcvad-wheels is webrtcvad
#   with wheels; soxr and espeakng-loader make the speech.
# Guess: `preprocess_wav` normalises the volume, so that the embedding of a voice does not depend on the gain that a
#   clip was written with.
# What happens: of a clip at -29 dBFS the cosine to itself is 0.999 at a tenth of the gain, and 0.93 at three times.
#   The synthesiser's British accent in place of its American one costs less than a fiftieth of that. Without the
#   preprocessing it is 0.57 at a tenth of the gain.
# Why: clips below -30 dBFS over all of their samples are raised to that and louder ones are left as they are
#   (`increase_only=True`); the spectrogram is not logarithmic, and so the network hears the level.
# Who meets it: whoever compares a voice between recordings, or between a recording and what a model makes of it, where
#   one of the two is loud: most speech that was normalised for listening is above -30 dBFS.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile torch==2.13.0 librosa==0.11.0 scipy==1.17.1 webrtcvad-wheels==2.0.14 \
  soxr==1.1.0 espeakng-loader==0.2.4 numpy==2.4.6
"$folder/env/bin/pip" install --quiet --no-compile --no-deps Resemblyzer==0.1.4  # it asks for webrtcvad's source
cd "$folder"
env/bin/python -W ignore - <<'EOF'
import ctypes
from importlib.metadata import version

import espeakng_loader
import numpy as np
import soxr
from resemblyzer import VoiceEncoder, preprocess_wav

print("Resemblyzer", version("Resemblyzer"))

Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
espeak = ctypes.CDLL(espeakng_loader.get_library_path())
espeak.espeak_Initialize(2, 0, espeakng_loader.get_data_path().encode(), 0x8000)
chunks = []


@Callback
def collect(samples, count, _events):
    if samples and count > 0:
        chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
    return 0


espeak.espeak_SetSynthCallback(collect)


def say(voice):
    """A sentence at 16 kHz with a peak of 1."""
    chunks.clear()
    espeak.espeak_SetVoiceByName(voice)
    data = b"the early train was late again this morning"
    espeak.espeak_Synth(data, ctypes.c_size_t(len(data) + 1), 0, 1, 0, 1, None, None)
    audio = soxr.resample(np.concatenate(chunks).astype(np.float32) / 32768, 22_050, 16_000)
    return audio / abs(audio).max()


encoder = VoiceEncoder("cpu", verbose=False)
clip, accent = 0.3 * say(b"en-us"), 0.3 * say(b"en-gb")


def embed(audio):
    return encoder.embed_utterance(preprocess_wav(audio))


itself = {gain: float(embed(clip) @ embed(np.float32(gain) * clip)) for gain in (0.1, 0.5, 2, 3)}
for gain, cosine in itself.items():
    level = 10 * np.log10(np.mean((gain * clip) ** 2))
    print(f"gain {gain}, {level:.1f} dBFS: cosine to itself {cosine:.4f}")
other = float(embed(clip) @ embed(accent))
print(f"British accent, same level: cosine {other:.4f}")
bare = float(encoder.embed_utterance(clip) @ encoder.embed_utterance(np.float32(0.1) * clip))
print(f"gain 0.1 without preprocessing: {bare:.4f}")
assert min(itself[0.1], itself[0.5], other) > 0.99 and itself[3] < min(itself[2], 0.97) and bare < 0.8
EOF
