"""Posteriors of validation clips through a training: how a latent comes to be what it is.

RAVE (arXiv 2111.05011, App. E) follows the effective dimensions of its latent over both stages so.
"""

from pathlib import Path

import numpy as np
import torch
from accelerate import PartialState
from safetensors.torch import save_file
from torch import nn

from shared.autoencoders.base import Autoencoder
from shared.autoencoders.latents import Latents, latents_of, load_latents, save_latents
from shared.config import ConfigError
from shared.files import atomic_path
from shared.tensors import damaged, read_tensors

FOLDER = "snapshots"  # beside the checkpoint
PATTERN = "step_*.safetensors"
EACH = ("mean", "std")  # what differs from snapshot to snapshot


class Snapshots:
    """Writes what the encoder, as it is after a step, makes of the clips: a file of latents every so many steps.

    It is the weights that train which encode, not their average. Nothing of the training changes, no random number is
    drawn, and a step that is done again after a resume writes the same bytes again.

    Args:
        every: steps from one to the next.
        autoencoder: the model that is trained, whole.
        waveforms: clips to encode, each `(time,)` or, of stereo, `(2, time)`.
        checkpoints: folder of the checkpoint.

    Raises:
        ConfigError: there are no clips.
    """

    def __init__(self, every: int, autoencoder: Autoencoder, waveforms: list[np.ndarray], checkpoints: Path):
        if not waveforms:
            raise ConfigError("snapshots: the corpora have no validation clips; drop it, or give a corpus some")
        self.every, self.autoencoder = every, autoencoder
        self.waveforms = [torch.from_numpy(np.atleast_2d(waveform)) for waveform in waveforms]
        self.folder = Path(checkpoints) / FOLDER

    def __call__(self, done: int) -> None:
        """Write the snapshot that is due after `done` steps, if one is; of several processes the first does."""
        if done % self.every == 0 and PartialState().is_main_process:
            bottleneck = self.autoencoder.bottleneck
            save_latents(_path(self.folder, done), self._posteriors(), self.autoencoder.hop, bottleneck.draw)

    @torch.no_grad()
    def _posteriors(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        modules = self.autoencoder.encoder, self.autoencoder.bottleneck
        device = next(self.autoencoder.parameters()).device
        with _Evaluating(*modules):
            posteriors = [self.autoencoder.encode(waveform.to(device).unsqueeze(0)) for waveform in self.waveforms]
        return [(posterior.mean[0].T.cpu(), posterior.std[0].T.cpu()) for posterior in posteriors]


class _Evaluating:
    """Modules in eval mode for a while; each trains or is frozen as a whole."""

    def __init__(self, *modules: nn.Module):
        self.were = [(module, module.training) for module in modules]

    def __enter__(self) -> None:
        for module, _ in self.were:
            module.eval()

    def __exit__(self, *_: object) -> None:
        for module, training in self.were:
            module.train(training)


def load_snapshots(checkpoints: Path) -> dict[int, Latents]:
    """Posteriors of the clips by the number of steps that were done, in order.

    Raises:
        FileNotFoundError: the training kept none.
    """
    folder = Path(checkpoints) / FOLDER
    paths = sorted(folder.glob(PATTERN))
    found = {int(path.stem.removeprefix("step_")): load_latents(path, finite=False) for path in paths}
    if not found:
        raise FileNotFoundError(f"{folder}: no snapshots; train with `snapshots: {{every: …}}` in the recipe")
    return found


def keep_snapshots(checkpoints: Path, steps: int, every: int, output: Path) -> None:
    """Gather the snapshots of a training in one file, which stays when its folder of checkpoints goes.

    Of several processes the first writes.

    Raises:
        ConfigError: the folder lacks some, since somebody cleaned it up and left the checkpoint.
    """
    if not PartialState().is_main_process:
        return
    paths = {done: _path(Path(checkpoints) / FOLDER, done) for done in range(every, steps + 1, every)}
    if missing := [path for path in paths.values() if not path.exists()]:
        raise ConfigError(
            f"{missing[0]}: {len(missing)} of {len(paths)} snapshots are missing; delete {checkpoints} and run again, "
            "which trains anew"
        )
    found = {done: load_latents(path, finite=False) for done, path in paths.items()}
    first = next(iter(found.values()))
    tensors = {
        "steps": torch.tensor(list(found)),
        "mean": torch.stack([each.mean for each in found.values()]),
        "std": torch.stack([each.std for each in found.values()]),
        "offsets": first.offsets,
        "hop": torch.tensor(first.hop),
    }
    with atomic_path(output) as temporary:
        save_file(tensors, temporary, metadata={"draw": first.draw})


def read_kept(path: Path) -> dict[int, Latents]:
    """What `keep_snapshots` gathered: posteriors of the clips by the number of steps that were done, in order.

    Raises:
        ConfigError: the file is missing, damaged, or holds no snapshots.
    """
    tensors, metadata = read_tensors(path, "steps", "mean", "std", "offsets", "hop")
    steps = tensors.pop("steps")
    ascend = steps.ndim == 1 and len(steps) > 0 and not steps.is_floating_point() and steps[0] > 0
    if not ascend or (steps.diff() <= 0).any() or any(tensors[name].shape[:1] != steps.shape for name in EACH):
        raise damaged(path, "it is not of so many steps")
    apart = [{**tensors, **{name: tensors[name][k] for name in EACH}} for k in range(len(steps))]
    return {int(done): latents_of(path, each, metadata) for done, each in zip(steps, apart, strict=True)}


def _path(folder: Path, done: int) -> Path:
    return folder / PATTERN.replace("*", f"{done:08d}")
