"""Job: pass the test clips through an autoencoder."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from shared.autoencoders.builder import load_autoencoder
from shared.config import Strict, parse
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import Split
from shared.corpora.test_items import item_seed, test_items
from shared.device import batch_of, clip_of, device
from shared.files import read_json
from shared.job import job_parser, run_job, set_threads
from shared.losses.kl import nats_to_kbps
from shared.progress import Progress
from shared.sampling.clips import GeneratedClip, write_clips


class ReconstructSpec(Strict):
    """The whole config of this job."""

    corpus: dict[str, Any]
    autoencoder: dict[str, Any]
    clips: int
    seed: int
    split: Split = "test"
    rate: int | None = None  # Hz of the clips where that is not the corpus's


@torch.inference_mode()
def reconstruct(spec: ReconstructSpec, corpus: Corpus, weights: Path) -> Iterator[tuple[GeneratedClip, np.ndarray]]:
    """The test clips, each encoded, sampled from its posterior and decoded."""
    autoencoder = load_autoencoder(weights).to(device())
    items = test_items(corpus.manifest, spec.clips, spec.seed, spec.split)
    progress = Progress("reconstruct", len(items), unit="clip")
    for index, (target, _) in enumerate(items):
        torch.manual_seed(item_seed(spec.seed, index))
        audio, _, posterior = autoencoder(batch_of(corpus.audio(target)))
        kl = posterior.kl().mean().item()
        rate = {"kl": kl, "kbps": nats_to_kbps(kl, corpus.sample_rate / autoencoder.hop)}
        clip = GeneratedClip(
            id=target.id, file=f"clips/{target.id}.wav", text=target.text, reference=target.id, prompt=None,
            speaker=target.speaker, **(rate if math.isfinite(kl) else {}),  # a latent without noise has no rate
        )
        yield clip, clip_of(audio)
        progress.update()


def main() -> None:
    """Command line of the job."""
    parser = job_parser(__doc__, corpus="manifest.json", autoencoder="model.safetensors of the autoencoder")
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    spec = parse(ReconstructSpec, read_json(arguments.spec), arguments.spec)
    corpus = Corpus(arguments.corpus)
    clips = reconstruct(spec, corpus, Path(arguments.autoencoder))
    write_clips(Path(arguments.output), corpus.sample_rate, clips, spec.rate)


if __name__ == "__main__":
    run_job(main)
