"""Job: encode a corpus's training split with a trained autoencoder."""

from pathlib import Path

import torch

from shared.autoencoders.builder import load_autoencoder
from shared.autoencoders.latents import save_latents
from shared.corpora.manifest import load_clip, load_manifest
from shared.device import device
from shared.job import job_parser, run_job, set_threads
from shared.progress import Progress


@torch.inference_mode()
def encode_corpus(corpus: Path, autoencoder_weights: Path, output: Path) -> None:
    """Write the posterior of each training clip, in the manifest's order."""
    autoencoder = load_autoencoder(autoencoder_weights).to(device())
    clips = load_manifest(corpus).split("train")
    progress = Progress("encode", len(clips), unit="clip")
    posteriors = []
    for clip in clips:
        audio = torch.from_numpy(load_clip(corpus, clip)).to(device()).unsqueeze(0)
        posterior = autoencoder.encode(audio)
        posteriors.append((posterior.mean[0].T.cpu(), posterior.std[0].T.cpu()))
        progress.update()
    save_latents(output, posteriors, autoencoder.hop, autoencoder.bottleneck.draw)


def main() -> None:
    """Command line of the job."""
    parser = job_parser(__doc__, corpus="manifest.json of the corpus", autoencoder="its model.safetensors")
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    encode_corpus(Path(arguments.corpus), Path(arguments.autoencoder), Path(arguments.output))


if __name__ == "__main__":
    run_job(main)
