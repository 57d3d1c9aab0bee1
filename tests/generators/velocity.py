"""What every model of a velocity has to do with its inputs, whatever it is made of."""

from typing import Any

import torch

from shared.generators.base import VelocityModel
from shared.text.base import Text


def check_padding(model: VelocityModel, batch: dict[str, Any]) -> None:
    """The second example (6 frames, 4 tokens) is the same alone and beside a longer one, whatever is past its end."""
    padded = model(**batch)[1, :6]
    alone = {name: value[1:] for name, value in batch.items() if name != "text"}
    alone |= {name: alone[name][:, :6] for name in ("latents", "context")}
    alone["text"] = Text(batch["text"].features[1:, :4], batch["text"].lengths[1:])
    torch.testing.assert_close(model(**alone)[0], padded, rtol=1e-4, atol=1e-5)
    batch["text"].features[1, 4:] = 99.0
    batch["latents"][1, 6:] = 99.0
    batch["context"][1, 6:] = 99.0
    torch.testing.assert_close(model(**batch)[1, :6], padded)


def check_prepared(model: VelocityModel, batch: dict[str, Any]) -> Any:
    """A condition with all that blocks make of it gives the same velocities and gradients; returns the condition."""
    given = {name: value for name, value in batch.items() if name not in ("latents", "time")}
    condition = model.prepare(**given, blocks=True)
    for time in (batch["time"], 1 - batch["time"]):
        expected = model(**batch | {"time": time})
        result = model.predict(batch["latents"], time, condition)
        torch.testing.assert_close(result, expected)
        gradients = (
            torch.autograd.grad(each.square().sum(), list(model.parameters()), retain_graph=True)
            for each in (result, expected)
        )
        for mine, plain in zip(*gradients, strict=True):
            torch.testing.assert_close(mine, plain, rtol=1e-4, atol=1e-5)
    return condition


def change_of(model: VelocityModel, batch: dict[str, Any], name: str) -> torch.Tensor:
    """By how much the velocity of each example changes at most, if the input called `name` is another; `(batch,)`."""
    before = model(**batch)
    changed = batch["text"].features if name == "text" else batch[name]
    changed += 0.1
    return (model(**batch) - before).abs().flatten(1).amax(dim=1)
