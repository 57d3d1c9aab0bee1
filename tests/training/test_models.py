"""Activation checkpointing and compilation change memory and time, and nothing else."""

import functools
import shutil

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from shared.autoencoders import blocks
from shared.autoencoders.builder import build_autoencoder
from shared.autoencoders.config import AutoencoderConfig
from shared.training.models import prepare_model
from tests.sources import SOURCES

CONFIG = SOURCES["longcat"].resolve("dim64", "smoke").autoencoder
OOBLECK = {"family": "oobleck", "channels": 4, "multipliers": [2], "strides": [8]}
DAC = {"family": "dac", "channels": 4, "strides": [8], "projection": "attention", "heads": 2,
       "decoder": {"kind": "bigvgan", "channels": 8, "strides": [8], "kernels": [16], "resblock_kernels": [3],
                   "resblock_dilations": [1]}}
CAUSAL = {"family": "causal", "channels": 4, "strides": [8], "depths": [1, 1], "layer_scale": 0.5, "initial_std": None}
RAVE = {"family": "rave", "bands": 2, "channels": 4, "strides": [4], "noise": {"points": 3, "strides": [4]}}
FAMILIES = {
    "oobleck": {"architecture": OOBLECK, "bottleneck": {"dim": 4}},
    "dac": {"architecture": DAC, "bottleneck": {"dim": 4}},
    "causal": {"architecture": CAUSAL, "bottleneck": {"kind": "sigma", "dim": 4, "std": 0.0, "draw": "fixed"}},
    "spectral": {},
    "rave": {"architecture": RAVE, "bottleneck": {"dim": 4}},
}

NEEDS_COMPILER = pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler on a CPU")


@pytest.fixture(autouse=True)
def fresh_accelerator():
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture(autouse=True)
def few_residual_units(family, monkeypatch):
    """A block of DAC has one, and of Oobleck none: they differ in a number alone, and each takes seconds to trace."""
    monkeypatch.setattr(blocks, "DILATIONS", () if family == "oobleck" else (1,))


def gradients(family: str, **training) -> dict[str, torch.Tensor]:
    """Gradients by parameter name, and how many saved activations there were."""
    config = {"architecture": CONFIG.architecture, "bottleneck": CONFIG.bottleneck} | FAMILIES[family]
    torch.manual_seed(0)
    model = build_autoencoder(AutoencoderConfig.model_validate(config))
    model = prepare_model(model, Accelerator(cpu=True), CONFIG.training.model_copy(update=training))
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: saved.append(tensor.numel()) or tensor, lambda x: x):
        output, *_ = model(torch.randn(2, 1, 4096), phases=False)
    output.square().mean().backward()
    assert model.state_dict().keys() == build_autoencoder(AutoencoderConfig.model_validate(config)).state_dict().keys()
    return {name: parameter.grad for name, parameter in model.named_parameters()} | {"saved": torch.tensor(sum(saved))}


@pytest.mark.parametrize("family", FAMILIES)
def test_recomputing_keeps_less_and_gives_the_same_gradients(family):
    plain, recomputed = gradients(family), gradients(family, recompute_activations=True)
    assert recomputed.pop("saved") < plain.pop("saved")
    assert_same(plain, recomputed)


# What is traced is ours, how it is differentiated and the code generated from it are not: one family is compiled to the
# end, and one differentiated by the compiler, which has autograd nodes of our own; what is done first is the same.
COMPILED = [pytest.param("spectral", "inductor", marks=[pytest.mark.slow, NEEDS_COMPILER]), ("oobleck", "aot_eager")]
COMPILED += [(family, "eager") for family in FAMILIES if family != "oobleck"]


@pytest.mark.parametrize(("family", "backend"), COMPILED)
def test_compiled_blocks_give_the_same_gradients(family, backend, monkeypatch):
    torch._dynamo.reset()
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend=backend))
    plain = gradients(family)
    compiled = gradients(family, compile=True)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] > 0
    plain.pop("saved"), compiled.pop("saved")
    assert_same(plain, compiled)


def assert_same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, gradient in one.items():
        torch.testing.assert_close(other[name], gradient, msg=name, rtol=1e-3, atol=1e-4)
