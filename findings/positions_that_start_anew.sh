#!/usr/bin/env bash
# Packages: transformers 5.23.0, torch 2.13.0.
# Guess: position_ids only turn the rotary embedding, and use_cache only says whether keys and values are returned.
# What happens: where positions start anew within a sequence, each token sees only those since the last start, as if
#   the rest were another document, if there is neither a mask nor a cache. With use_cache=True, the default, or with
#   a mask of ones it sees all. So training (no cache) and sampling (a cache) attend to different things.
# Why: without a mask and a cache the mask's maker looks for jumps in position_ids and takes them for packed
#   sequences.
# Who meets it: whoever gives text and audio positions of their own in one sequence, both from 0, as several
#   text-to-speech models do.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile torch==2.13.0 transformers==5.23.0 numpy==2.4.6
cd "$folder"
env/bin/python - <<'EOF'
import torch
import transformers
from transformers import LlamaConfig, LlamaModel

print("transformers", transformers.__version__, "torch", torch.__version__)
torch.manual_seed(0)
sizes = {"vocab_size": 8, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
model = LlamaModel(LlamaConfig(**sizes)).eval()
x = torch.randn(1, 6, 16)
changed = x.clone()
changed[0, 0] += 1
positions = torch.tensor([[0, 1, 2, 0, 1, 2]])


@torch.inference_mode()
def reached(**options):
    """Which outputs the first token has an influence on."""
    first, second = (
        model(inputs_embeds=each, position_ids=positions, **options).last_hidden_state for each in (x, changed)
    )
    return (first != second).any(-1)[0].int().tolist()


without = reached(use_cache=False)
with_cache = reached(use_cache=True)
with_mask = reached(use_cache=False, attention_mask=torch.ones(1, 6, dtype=torch.long))
print("positions:", positions[0].tolist())
print("the first token reaches, without mask and cache:", without)
print("with a cache:", with_cache, "with a mask of ones:", with_mask)
assert without == [1, 1, 1, 0, 0, 0] and with_cache == with_mask == [1] * 6
EOF
