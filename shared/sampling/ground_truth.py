"""Job: the real recordings of the test items as a set of clips, the ceiling of what a generator can score.

`python -m shared.sampling.ground_truth --spec SPEC.json --corpus manifest.json --output clips.json`
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from shared.config import Strict, parse
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import CorpusError, Split
from shared.corpora.test_items import TestItem, test_items
from shared.files import read_json
from shared.job import job_parser, run_job
from shared.progress import Progress
from shared.sampling.clips import GeneratedClip, clip_file, write_clips


class GroundTruthSpec(Strict):
    """The whole config of this job."""

    corpus: dict[str, Any]
    clips: int = Field(gt=0)
    seed: int
    split: Split = "test"


def recordings(items: list[TestItem], corpus: Corpus) -> Iterator[tuple[GeneratedClip, np.ndarray]]:
    """Each item's target as if it had been generated from the item's prompt, if it has one."""
    progress = Progress("ground truth", len(items), unit="clip")
    for target, prompt in items:
        clip = GeneratedClip(
            id=target.id,
            file=clip_file(target.id),
            text=target.text,
            reference=None,
            prompt=None if prompt is None else prompt.id,
            speaker=target.speaker,
        )
        yield clip, corpus.audio(target)
        progress.update()


def main() -> None:
    """Command line of the job."""
    parser = job_parser("Collect the real recordings of the test items.", corpus="manifest.json")
    arguments = parser.parse_args()
    spec = parse(GroundTruthSpec, read_json(arguments.spec), arguments.spec)
    corpus = Corpus(arguments.corpus)
    items = test_items(corpus.manifest, spec.clips, spec.seed, spec.split)
    if not items:
        raise CorpusError(f"{corpus.path}: no test clip has another clip by its speaker to be its prompt")
    write_clips(Path(arguments.output), corpus.sample_rate, recordings(items, corpus))


if __name__ == "__main__":
    run_job(main)
