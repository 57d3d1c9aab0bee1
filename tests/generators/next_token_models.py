"""Small next-token models for tests."""

from typing import Any

import torch
from torch import nn

from shared.generators.builder import build_generator
from shared.generators.next_token import NextTokenGenerator
from shared.generators.next_token_config import NextTokenConfig

DIM = 3
BACKBONE = {"kind": "transformer", "width": 16, "depth": 2, "heads": 2}
MLP = {"kind": "mlp", "depth": 1}
LOCAL = {"kind": "local_dit", "width": 16, "depth": 1, "heads": 2}
LATENTLM = NextTokenConfig.model_validate(
    {"kind": "next_token", "backbone": BACKBONE, "head": MLP, "prediction": "v_prediction"}
)
SEMAVOICE = NextTokenConfig.model_validate({**LATENTLM.model_dump(), "head": LOCAL, "patch": 2})
RECIPE = {
    **LATENTLM.model_dump(),
    "training": {"steps": 2, "batch": 4, "learning_rate": {"peak": 1e-3, "final": 0.0}, "gradient_clip": 1.0},
}


def ask_for_exposure_bias(study: dict[str, Any]) -> None:
    """Give LongCat's study at scale smoke a next-token generator, whose exposure bias is asked for.

    What varies an infilling generator's sampling goes.
    """
    for variant in ("dim64-mismatch", "dim64-cfg"):
        del study["variants"][variant]
        for each in study["studies"].values():
            each["variants"] = [name for name in each["variants"] if name != variant]
    smoke = study["scales"]["smoke"]
    smoke["generator"] = RECIPE
    smoke["sampling"] = {"solver": {"kind": "next_token", "evaluations": 2}}
    smoke["evaluation"]["generation"] = [*study["scales"]["cpu"]["evaluation"]["generation"], "exposure_bias"]


def make_generator(config: NextTokenConfig = LATENTLM, seed: int = 0) -> NextTokenGenerator:
    """A model whose head no longer predicts zero, and that goes on speaking."""
    torch.manual_seed(seed)
    generator = build_generator(config, DIM).eval()
    for name, parameter in generator.head.named_parameters():
        if name.split(".")[-2] in ("modulation", "project"):
            nn.init.normal_(parameter, std=0.1)
    nn.init.constant_(generator.end.bias, -100.0)
    return generator
