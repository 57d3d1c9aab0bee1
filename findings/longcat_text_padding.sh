#!/usr/bin/env bash
# Packages: diffusers 0.42.1, torch 2.13.0.
# Guess: LongCat's audio transformer takes a mask of its text, so that a text has the same velocity alone as beside a longer
#   one, padded with zeros under the mask.
# What happens: padding changes the output of the text that is padded, the more of it the more, with random weights by some
#   percent; the mask is right, and zeros are padded.
# Why: the four ConvNeXt-V2 blocks over the text see no mask. Their biases fill the padding, convolutions carry that back into
#   the text, and the response norm takes its mean square over the padding, too; only what comes out is masked.
# Who meets it: whoever samples texts of several lengths in a batch, or pads all to one length, and compares with one by one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile torch==2.13.0 diffusers==0.42.1 transformers==5.23.0 numpy==2.4.6
cd "$folder"
env/bin/python -W ignore - <<'EOF'
import diffusers
import torch
from diffusers import LongCatAudioDiTTransformer

print("diffusers", diffusers.__version__, "torch", torch.__version__)
torch.manual_seed(0)
model = LongCatAudioDiTTransformer(dit_dim=32, dit_depth=2, dit_heads=2, dit_text_dim=8, latent_dim=4).eval()
for weights in model.parameters():  # as after a training: its last layer begins at zero
    torch.nn.init.normal_(weights, std=0.2)
latents, text, time = torch.randn(1, 20, 4), torch.randn(1, 10, 8), torch.tensor([0.5])


@torch.inference_mode()
def velocity(padding):
    """Of the same latents and text, with so many zeros under the mask after it."""
    padded = torch.cat([text, torch.zeros(1, padding, 8)], dim=1)
    mask = torch.arange(10 + padding)[None] < 10
    everything = torch.ones(1, 20, dtype=torch.bool)
    return model(latents, padded, mask, time, attention_mask=everything, latent_cond=torch.zeros_like(latents)).sample


alone = velocity(0)
changes = {count: float((velocity(count) - alone).norm() / alone.norm()) for count in (0, 1, 10, 100)}
print("relative change by tokens of padding:", {count: round(change, 4) for count, change in changes.items()})
blocks = model.text_conv_layer
model.text_conv_layer = torch.nn.Identity()
plain = velocity(0)
without = float((velocity(100) - plain).norm() / plain.norm())
print(f"without the blocks over the text, 100 tokens: {without:.1e}")
assert changes[0] == 0 and 1e-3 < changes[1] < changes[10] < changes[100] and without < 1e-5
EOF
