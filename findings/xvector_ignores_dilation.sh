#!/usr/bin/env bash
# Packages: transformers 5.23.0, torch 2.13.0.
# Guess: with an attention mask, an x-vector model pools a clip's own frames and no padding, so that a clip has the
#   same embedding alone as padded, and one that the model embeds without a mask it embeds with one.
# What happens: six frames past the clip's end enter the pooled mean and deviation, so that the padding's length of
#   zeros moves the embedding. A clip of 0.305 to 0.325 s leaves one frame, whose deviation is NaN, with no warning
#   but torch's.
# Why: the length left over by the time-delay layers is computed from their kernels (5, 3, 3, 1, 1) without their
#   dilations (1, 2, 3, 1, 1): 8 frames less than the encoder's, where the layers leave 14 less.
# Who meets it: whoever embeds clips of several lengths in a batch with WavLM, Wav2Vec2 or their relatives ForXVector.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile torch==2.13.0 transformers==5.23.0 numpy==2.4.6
cd "$folder"
env/bin/python -W ignore - <<'EOF'
import torch
import transformers
from transformers import WavLMConfig, WavLMForXVector

print("transformers", transformers.__version__, "torch", torch.__version__)
torch.manual_seed(0)
config = WavLMConfig(
    hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, conv_dim=(16,) * 7,
    feat_extract_norm="layer", num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=2,
    tdnn_dim=(16, 16, 16, 16, 32), xvector_output_dim=8,
)
model = WavLMForXVector(config).eval()


@torch.inference_mode()
def pooled(clip, padding):
    """The statistics that the embedding is made of, the mask 0 over the padding."""
    found = []
    hook = model.feature_extractor.register_forward_hook(lambda module, inputs, output: found.append(inputs[0]))
    mask = torch.cat([torch.ones_like(clip), torch.zeros(1, padding)], dim=1).long()
    model(torch.cat([clip, torch.zeros(1, padding)], dim=1), attention_mask=mask)
    hook.remove()
    return found[0]


clip = torch.randn(1, 16_000)
alone, padded = pooled(clip, 0), pooled(clip, 16_000)
change = float((alone - padded).norm() / alone.norm())
print(f"one second alone against one second padded: relative change {change:.3f}")
encoded = model._get_feat_extract_output_lengths(torch.tensor([16_000]))
counted = int(model._get_tdnn_output_lengths(encoded)[0])
real = int(encoded[0])
for layer in model.tdnn:
    real -= layer.dilation * (layer.kernel.in_features // layer.in_conv_dim - 1)
print(f"frames after the time-delay layers: {real}, taken as valid: {counted}")
short = {count: bool(pooled(torch.randn(1, count), 0).isnan().any()) for count in (4_880, 5_199, 5_200)}
print("NaN by number of samples:", short)
assert counted - real == 6 and change > 1e-3 and short == {4_880: True, 5_199: True, 5_200: False}
EOF
