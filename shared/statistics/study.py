"""What a study's table is made of: the plan says it, and the jobs read it that tabulate, draw and keep clips."""

from pathlib import Path
from typing import Any

from pydantic import Field

from shared.config import Strict
from shared.metrics.config import KadConfig


class Axis(Strict):
    """What a study varies: `field` is a dotted path (or property) in the resolved variant config."""

    label: str
    field: str
    unit: str = ""


class StudiedVariant(Strict):
    """A variant and the files of what was measured of it.

    Attributes:
        setting, paper_setting: where it stands on the study's axis, ours and at the `paper` scale.
        scores: seed → side → scores.csv.
        latents: kind of measurement → seed → its file; kinds that the variant does not ask for are not there.
        trained: side → what names its training, which variants may share.
    """

    name: str
    label: str
    setting: Any = None
    paper_setting: Any = None
    scores: dict[int, dict[str, Path]]
    latents: dict[str, dict[int, Path]] = Field(default_factory=dict)
    trained: dict[str, str] = Field(default_factory=dict)


class Unkept(Strict):
    """A value whose data is not kept: of how many clips, over how many seeds."""

    value: float
    clips: int
    seeds: int


class StudySpec(Strict):
    """A study at one scale.

    Attributes:
        label: folder of the record under results/.
        ground_truth: scores.csv of the recordings, if they are scored.
        ladders: ladder.csv of the metrics on the corpus (`shared.metrics.ladder`).
        set_metrics: side → the metrics of sets of clips that all variants ask for.
        config_hash: of the config of all variants.
        folder: of the source, with paper.yaml, claims.yaml and figures.py.
        studies: study of the source → its variants.
        jobs: run folders of all jobs that the table rests on.
        pilot: evaluated on validation clips, to tune a recipe: nothing is decided.
        sequential: the seeds are those of a look that was set beforehand (`shared.statistics.looks`).
        unkept: side → metric → variant → what a record of before data were kept says of it.
    """

    source: str
    study: str
    title: str
    paper: str
    axis: Axis | None
    scale: str
    label: str
    seeds: list[int]
    variants: list[StudiedVariant] = Field(min_length=1)
    ground_truth: Path | None
    ladders: list[Path] = Field(default_factory=list)
    set_metrics: dict[str, list[str]]
    kad: KadConfig
    config_hash: str
    folder: Path
    studies: dict[str, list[str]]
    jobs: list[Path]
    pilot: bool = False
    sequential: bool = False
    unkept: dict[str, dict[str, dict[str, Unkept]]] = Field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Of the variants, in the study's order."""
        return [variant.name for variant in self.variants]

    def score_files(self) -> dict[tuple[str, int, str], Path]:
        """scores.csv by variant, seed and side."""
        return {
            (variant.name, seed, side): path
            for variant in self.variants
            for seed, sides in variant.scores.items()
            for side, path in sides.items()
        }

    def trainings(self) -> dict[str, list[str]]:
        """Side → what names the training of each variant."""
        sides = self.variants[0].trained
        return {side: [variant.trained[side] for variant in self.variants] for side in sides}

    def latent_files(self, kind: str) -> dict[tuple[str, int], Path]:
        """What a measurement of latents wrote, by variant and seed, of the variants that ask for it."""
        return {
            (variant.name, seed): path
            for variant in self.variants
            for seed, path in variant.latents.get(kind, {}).items()
        }


class HeardVariant(Strict):
    """A variant and, by side, the clips.json that is scored."""

    name: str
    label: str
    clips: dict[str, Path]


class ClipsSpec(Strict):
    """Whose clips are kept to be heard: the corpus's manifest, the training seed, the variants."""

    corpus: Path
    seed: int
    variants: list[HeardVariant] = Field(min_length=1)
