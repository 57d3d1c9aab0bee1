"""Job: encode a corpus's training split with a trained autoencoder."""

from pathlib import Path

import torch

from shared.autoencoders.builder import load_autoencoder
from shared.autoencoders.latents import save_latents
from shared.corpora.corpus import Corpus
from shared.device import batch_of, device
from shared.job import job_parser, run_job, set_threads
from shared.progress import Progress


@torch.inference_mode()
def encode_corpus(corpus: Corpus, autoencoder_weights: Path, output: Path) -> None:
    """Write the posterior of each training clip, in the manifest's order."""
    autoencoder = load_autoencoder(autoencoder_weights).to(device())
    clips = corpus.split("train")
    progress = Progress("encode", len(clips), unit="clip")
    posteriors = []
    for clip in clips:
        posterior = autoencoder.encode(batch_of(corpus.audio(clip)))
        posteriors.append((posterior.mean[0].T.cpu(), posterior.std[0].T.cpu()))
        progress.update()
    save_latents(output, posteriors, autoencoder.hop, autoencoder.bottleneck.draw)


def main() -> None:
    """Command line of the job."""
    parser = job_parser(__doc__, corpus="manifest.json of the corpus", autoencoder="its model.safetensors")
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    encode_corpus(Corpus(arguments.corpus), Path(arguments.autoencoder), Path(arguments.output))


if __name__ == "__main__":
    run_job(main)
