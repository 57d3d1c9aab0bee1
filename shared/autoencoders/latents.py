"""Latents of a corpus's training split, encoded once and kept in one safetensors file."""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from shared.bottlenecks.base import draw_clip
from shared.bottlenecks.config import Draw
from shared.files import atomic_path


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


def load_latents(path: Path) -> Latents:
    """Read what `save_latents` wrote."""
    with safe_open(path, framework="pt") as file:
        mean, std, offsets, hop = (file.get_tensor(name) for name in ("mean", "std", "offsets", "hop"))
        return Latents(mean, std, offsets, int(hop), file.metadata()["draw"])
