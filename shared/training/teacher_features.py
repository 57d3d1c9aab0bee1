"""Job: what a frozen speech encoder makes of each clip of the training split, once for all autoencoders."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from shared.config import Strict, parse
from shared.corpora.corpus import Corpus
from shared.evaluators.speech_encoder import SpeechEncoder
from shared.files import atomic_path, read_json
from shared.job import job_parser, run_job, set_threads
from shared.losses.config import Layer
from shared.progress import Progress
from shared.tensors import check_finite, check_offsets, damaged, read_tensors


class TeacherFeaturesSpec(Strict):
    """The whole config of this job; `teacher` is the spec of one trained here, or a hub id."""

    corpus: dict[str, Any]
    teacher: dict[str, Any] | str
    layer: Layer


@dataclass(frozen=True)
class TeacherFeatures:
    """Features of all clips, one after the other.

    Attributes:
        values: `(frames of all clips, dim)`, in half precision.
        offsets: first frame of each clip, and the total at the end; `(clips + 1,)`.
    """

    values: Tensor
    offsets: Tensor

    @property
    def dim(self) -> int:
        """Channels of a frame."""
        return self.values.shape[1]

    def __getitem__(self, clip: int) -> Tensor:
        """`(frames, dim)` of one clip."""
        return self.values[int(self.offsets[clip]) : int(self.offsets[clip + 1])].float()


def save_features(path: Path, features: list[Tensor]) -> None:
    """Write the clips' features, each `(frames, dim)`, in order."""
    lengths = torch.tensor([0] + [len(each) for each in features])
    tensors = {"values": torch.cat(features).half(), "offsets": lengths.cumsum(0)}
    with atomic_path(path) as temporary:
        save_file(tensors, temporary)


def load_features(path: Path, clips: int) -> TeacherFeatures:
    """Read what `save_features` wrote of so many clips.

    Raises:
        ConfigError: the file is missing, damaged, or holds no features of these clips.
    """
    tensors, _ = read_tensors(path, "values", "offsets")
    values, offsets = tensors["values"], tensors["offsets"]
    if values.ndim != 2 or values.dtype != torch.half:
        raise damaged(path, "its values are no frames in half precision")
    check_finite(path, tensors)
    check_offsets(path, offsets, len(values))
    if len(offsets) != clips + 1:
        raise damaged(path, f"it is of {len(offsets) - 1} clips, and {clips} are trained on")
    return TeacherFeatures(values, offsets)


def main() -> None:
    """Command line of the job."""
    parser = job_parser(__doc__, corpus="manifest.json", teacher="model.safetensors of a speech encoder, or a hub id")
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    spec = parse(TeacherFeaturesSpec, read_json(arguments.spec), arguments.spec)
    corpus = Corpus(arguments.corpus)
    clips = corpus.split("train")
    encoder = SpeechEncoder(arguments.teacher, spec.layer)
    progress = Progress("teacher features", len(clips), unit="clip")
    features = []
    for clip in clips:
        features.append(encoder(corpus.mono(clip), corpus.sample_rate).half())
        progress.update()
    save_features(Path(arguments.output), features)


if __name__ == "__main__":
    run_job(main)
