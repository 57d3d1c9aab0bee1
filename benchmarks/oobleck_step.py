"""A training step of Oobleck against diffusers' AutoencoderOobleck with the same weights.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/oobleck_step.py

Forward, backward and AdamW of the reconstruction by the posterior's mean, no shortcuts. diffusers has a Snake before
the encoder's last convolution, which is left out here. All take turns on one thread; the medians of process time are
printed, and how far output and gradient of the waveform are from those of diffusers, over their norm. Peak memory is of
a process of its own for each, less what it held before the model was built. "Recomputed" is ours where each block keeps
only its input for the backward pass.
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch
from diffusers import AutoencoderOobleck
from torch import Tensor, nn

from shared.autoencoders.oobleck import OobleckDecoder, OobleckEncoder
from shared.autoencoders.oobleck_config import OobleckConfig
from shared.layers.unit import Unit
from shared.training.models import recompute_activations

# Channels, multipliers, strides; batch and samples.
CASES = {
    "small": (16, (1, 2, 4, 8), (2, 4, 4, 8), 4, 16384),
    "large": (24, (1, 2, 4, 8, 16), (2, 4, 4, 8, 8), 4, 49152),
}
WAYS = ("ours", "recomputed", "diffusers")


class Oobleck(nn.Module):
    """Ours; the latent has half as many values as there are channels, and the rest are the posterior's scales."""

    def __init__(self, config: OobleckConfig):
        super().__init__()
        self.encoder = OobleckEncoder(config, config.channels)
        self.decoder = OobleckDecoder(config, config.channels // 2)

    def forward(self, audio: Tensor) -> Tensor:
        """`(batch, 1, time)` -> the same."""
        return self.decoder(self.encoder(audio).chunk(2, dim=1)[0])


class Peer(nn.Module):
    """The same by diffusers."""

    def __init__(self, config: OobleckConfig):
        super().__init__()
        self.model = AutoencoderOobleck(
            encoder_hidden_size=config.channels, downsampling_ratios=list(config.strides),
            channel_multiples=list(config.multipliers), decoder_channels=config.channels,
            decoder_input_channels=config.channels // 2, audio_channels=1,
        )  # fmt: skip
        self.model.encoder.snake1 = nn.Identity()

    def forward(self, audio: Tensor) -> Tensor:
        """`(batch, 1, time)` -> the same."""
        return self.model(audio, return_dict=False)[0]


def build(way: str, case: str) -> nn.Module:
    """One of `WAYS`, its weights random."""
    channels, multipliers, strides, *_ = CASES[case]
    sizes = {"channels": channels, "multipliers": multipliers, "strides": strides}
    config = OobleckConfig(family="oobleck", shortcuts=False, **sizes)
    model = Peer(config) if way == "diffusers" else Oobleck(config)
    if way == "recomputed":
        for unit in (module for module in model.modules() if isinstance(module, Unit)):
            recompute_activations(unit)
    return model


def draw(case: str) -> Tensor:
    """Noise as audio."""
    *_, batch, length = CASES[case]
    return 0.1 * torch.randn(batch, 1, length)


def step(model: nn.Module, optimizer: torch.optim.Optimizer, audio: Tensor) -> None:
    """Forward, backward and update."""
    (model(audio) - audio).square().mean().backward()
    optimizer.step()
    optimizer.zero_grad()


def optimizer_of(model: nn.Module) -> torch.optim.Optimizer:
    """The one that our jobs take."""
    return torch.optim.AdamW(model.parameters(), 1e-4, fused=True)


def most_held() -> int:
    """Bytes of memory that this process held at most; what getrusage says of a child begins with its parent's."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def peak(way: str, case: str) -> float:
    """GB that two steps add to this process."""
    before = most_held()
    model, audio = build(way, case), draw(case)
    optimizer = optimizer_of(model)
    for _ in range(2):
        step(model, optimizer, audio)
    return (most_held() - before) / 1e9


def peak_of_its_own(way: str, case: str) -> float:
    """The same in a new process."""
    command = [sys.executable, __file__, "--peak", way, case]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def compare(case: str, runs: int) -> str:
    """A line of the table."""
    torch.manual_seed(0)
    models = {way: build(way, case) for way in WAYS}
    weights = [each + 0.05 * torch.randn_like(each) for each in models["diffusers"].parameters()]
    for model in models.values():
        for parameter, weight in zip(model.parameters(), weights, strict=True):
            parameter.data.copy_(weight.view_as(parameter))
    audio, made = draw(case), {}
    for way, model in models.items():
        waveform = audio.clone().requires_grad_()
        output = model(waveform)
        made[way] = output.detach(), *torch.autograd.grad(output.square().mean(), waveform)
        del output
    apart = [(one - other).norm() / other.norm() for one, other in zip(made["ours"], made["diffusers"], strict=True)]
    optimizers = {way: optimizer_of(model) for way, model in models.items()}
    spent: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(runs):
        for way, model in models.items():
            start = time.process_time()
            step(model, optimizers[way], audio)
            spent[way].append(time.process_time() - start)
    ours, recomputed, theirs = (statistics.median(each[1:]) for each in spent.values())
    memory = "".join(f"{peak_of_its_own(way, case):8.2f}" for way in WAYS)
    millions = sum(each.numel() for each in weights) / 1e6
    shape = f"{audio.shape[0]} x {audio.shape[-1]}"
    return (
        f"{millions:8.2f}  {shape:10s}{ours:8.3f}{recomputed:11.3f}{theirs:10.3f}{theirs / ours:7.2f}"
        f"{apart[0]:9.0e}{apart[1]:9.0e}  {memory}"
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9, help="of each, alternating, the first left out (default: 9)")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--peak", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.peak:
        return print(peak(*arguments.peak))
    print("                    seconds a step                       differ by      peak GB")
    print("M weights waveforms     ours recomputed diffusers  ratio  output gradient  ours recomputed diffusers")
    for case in arguments.cases:
        print(compare(case, arguments.runs), flush=True)


if __name__ == "__main__":
    main()
