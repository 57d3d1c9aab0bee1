#!/usr/bin/env bash
# Packages: accelerate 1.15.0, torch 2.13.0.
# Guess: `with accelerator.accumulate(model)` counts the micro-batches of that model.
# What happens: there is one counter for the whole process. Of two models that take turns, each in its own accumulate
#   with two micro-batches a step, one steps at every micro-batch and the other never; no error, no warning.
# Why: accumulate() raises the accelerator's own step by one whatever it is given, and the optimisers ask the one
#   resulting flag whether to step.
# Who meets it: whoever trains a generator and a discriminator with gradient accumulation: every GAN vocoder and
#   codec.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile torch==2.13.0 accelerate==1.15.0 numpy==2.4.6
cd "$folder"
env/bin/python - <<'EOF'
import accelerate
import torch
from accelerate import Accelerator

print("accelerate", accelerate.__version__, "torch", torch.__version__)
accelerator = Accelerator(cpu=True, gradient_accumulation_steps=2)
models = {name: torch.nn.Linear(1, 1) for name in ("generator", "discriminator")}
optimizers = {name: torch.optim.SGD(model.parameters(), lr=0.1) for name, model in models.items()}
for name in models:
    models[name], optimizers[name] = accelerator.prepare(models[name], optimizers[name])
steps = dict.fromkeys(models, 0)
for micro_batch in range(8):
    for name, model in models.items():
        before = model.weight.item()
        with accelerator.accumulate(model):
            accelerator.backward(model(torch.ones(1, 1)).sum())
            optimizers[name].step()
            optimizers[name].zero_grad()
        steps[name] += model.weight.item() != before
print("updates in 8 micro-batches, accumulated by two:", steps)
assert steps == {"generator": 0, "discriminator": 8}
EOF
