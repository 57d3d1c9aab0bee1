#!/usr/bin/env bash
# Packages: transformers 5.23.0, torch 2.13.0.
# Guess: audio of whole frames comes back from DAC as long as it was; with `use_causal_conv` no latent frame of EnCodec
#   depends on what comes after it, so that the beginning of a clip has the beginning of its latents.
# What happens: with the strides of DAC at 16 and 24 kHz (2, 4, 5, 8) it comes back 8 samples shorter, whatever its
#   length, from `forward` too; with those at 44.1 kHz (2, 4, 8, 8) it does not. EnCodec's frame 0 depends on the audio
#   up to frame 6, so that it is known after 93 ms in place of 13, frame 1 on that up to 5, frame 2 up to 4; the guess
#   is right from frame 3 on. Weights are random, as neither fact depends on them.
# Why: DAC's transposed convolutions of an odd stride s pad ceil(s / 2) on both sides, and make s n - 1 steps of n.
#   EnCodec's causal convolutions pad on the left by reflection, with what follows; the last one has a kernel of 7
#   frames. With `pad_mode="constant"`, as Mimi has it, no frame looks ahead.
# Who meets it: whoever subtracts a reconstruction from its original, counts samples by frames, or encodes a stream
#   piece by piece and expects the latents of the whole.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile torch==2.13.0 transformers==5.23.0 numpy==2.4.6
cd "$folder"
env/bin/python -W ignore - <<'EOF'
import torch
import transformers
from transformers import DacConfig, DacModel, EncodecConfig, EncodecModel

print("transformers", transformers.__version__, "torch", torch.__version__)
torch.manual_seed(0)
torch.set_grad_enabled(False)


def lost(strides, frames):
    """Samples that audio of so many whole frames is shorter after DAC, by `decode(encode())` and by `forward`."""
    config = DacConfig(
        encoder_hidden_size=4, downsampling_ratios=strides, decoder_hidden_size=32, upsampling_ratios=strides[::-1],
        n_codebooks=1, codebook_size=16, codebook_dim=4, hidden_size=8,
    )
    model = DacModel(config).eval()
    audio = torch.randn(1, 1, frames * config.hop_length)
    encoded = model.encode(audio)
    assert encoded.audio_codes.shape[-1] == frames
    decoded = model.decode(encoded.quantized_representation).audio_values, model(audio).audio_values
    return tuple(audio.shape[-1] - each.shape[-1] for each in decoded)


short = {(strides, frames): lost(list(strides), frames) for strides in ((2, 4, 5, 8), (2, 4, 8, 8)) for frames in (1, 75)}
for (strides, frames), samples in short.items():
    print(f"DAC, strides {strides}, {frames} frames: decode(encode()) and forward are {samples} samples short")


def reach(pad_mode):
    """The last frame that changes each of the first ten latent frames of a causal EnCodec, when its audio changes."""
    config = EncodecConfig(num_filters=4, hidden_size=8, codebook_size=16, target_bandwidths=[0.5], pad_mode=pad_mode)
    encoder, hop = EncodecModel(config).eval().encoder, config.hop_length
    assert config.use_causal_conv
    audio = torch.randn(1, 1, 20 * hop)
    latents, last = encoder(audio), {}
    for changed in range(20):
        other = audio.clone()
        other[..., changed * hop : (changed + 1) * hop] = torch.randn(hop)
        moved = (encoder(other) != latents).any(dim=1)[0]
        last |= {frame: changed for frame in range(10) if moved[frame]}
    return [last[frame] for frame in range(10)]


reflected, zeros = reach("reflect"), reach("constant")
print("EnCodec, causal: last frame of audio that frames 0 to 9 depend on:", reflected)
print("the same with zeros in place of the reflection:", zeros)
assert set(short.items()) == {(each, (8, 8) if 5 in each[0] else (0, 0)) for each in short}
assert reflected == [6, 5, 4, 3, 4, 5, 6, 7, 8, 9] and zeros == list(range(10))
EOF
