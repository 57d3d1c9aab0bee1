"""Latents of a corpus's training split, encoded once and kept in one safetensors file."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

import torch
from safetensors.torch import save_file
from torch import Tensor

from shared.bottlenecks.base import draw_clip
from shared.bottlenecks.config import Draw
from shared.files import atomic_path
from shared.tensors import check_finite, check_offsets, damaged, read_tensors


@dataclass(frozen=True)
class Latents:
    """Posterior means and standard deviations of all clips, one after the other.

    Attributes:
        mean, std: `(frames of all clips, dim)`.
        offsets: first frame of each clip, and the total at the end; `(clips + 1,)`.
        hop: samples of audio for each frame.
        draw: what the noise of a clip is scaled by, each time that the clip is drawn.
    """

    mean: Tensor
    std: Tensor
    offsets: Tensor
    hop: int
    draw: Draw = "fixed"

    @property
    def dim(self) -> int:
        """Channels of a latent frame."""
        return self.mean.shape[1]

    def overall_std(self) -> float:
        """Standard deviation of the sampled latents over all frames and channels, about their common mean."""
        second_moment = (self.mean.square() + self.std.square()).mean()
        return float((second_moment - self.mean.mean().square()).sqrt())

    def sample(self, clip: int) -> Tensor:
        """A draw from the posterior of one clip, `(frames, dim)`, with torch's global generator."""
        window = slice(int(self.offsets[clip]), int(self.offsets[clip + 1]))
        return draw_clip(self.mean[window], self.std[window], self.draw)


def save_latents(path: Path, posteriors: list[tuple[Tensor, Tensor]], hop: int, draw: Draw = "fixed") -> None:
    """Write the clips' `(mean, std)`, each `(frames, dim)`, in order."""
    lengths = torch.tensor([0] + [len(mean) for mean, _ in posteriors])
    tensors = {
        "mean": torch.cat([mean for mean, _ in posteriors]).contiguous(),
        "std": torch.cat([std for _, std in posteriors]).contiguous(),
        "offsets": lengths.cumsum(0),
        # Not in the metadata: safetensors writes several entries in any order, and the bytes would differ each time.
        "hop": torch.tensor(hop),
    }
    with atomic_path(path) as temporary:
        save_file(tensors, temporary, metadata={"draw": draw})


def load_latents(path: Path, finite: bool = True) -> Latents:
    """Read what `save_latents` wrote.

    Args:
        path: the file.
        finite: whether values that are not finite are an error.

    Raises:
        ConfigError: the file is missing, damaged, or holds no latents.
    """
    tensors, metadata = read_tensors(path, "mean", "std", "offsets", "hop")
    if finite:
        check_finite(path, tensors)
    return latents_of(path, tensors, metadata)


def latents_of(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> Latents:
    """The latents of a file's tensors.

    Raises:
        ConfigError: the tensors don't fit each other, or are not such as latents have.
    """
    mean, std, offsets, hop = (tensors[name] for name in ("mean", "std", "offsets", "hop"))
    if mean.ndim != 2 or mean.shape != std.shape or not (mean.is_floating_point() and std.is_floating_point()):
        raise damaged(path, f"mean {tuple(mean.shape)} and std {tuple(std.shape)} are not of the same frames")
    if std.numel() and std.min() < 0:
        raise damaged(path, "a standard deviation is negative")
    if hop.ndim or hop.is_floating_point() or hop <= 0:
        raise damaged(path, "its hop is no number of samples")
    if metadata.get("draw") not in get_args(Draw):
        raise damaged(path, "it does not say how its noise is drawn")
    check_offsets(path, offsets, len(mean))
    return Latents(mean, std, offsets, int(hop), cast(Draw, metadata["draw"]))
