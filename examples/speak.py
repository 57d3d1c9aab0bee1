"""Say a sentence with an autoencoder and a generator that were trained here.

    snakemake figures/longcat_fig3.pdf --config scale=smoke        # trains some pairs
    python examples/speak.py longcat dim64 "Good morning." --scale smoke

The voice is that of a test clip. Once their folders are known, three lines do it:

    from shared.sampling.pair import Pair
    pair = Pair.from_pretrained(AUTOENCODER_FOLDER, GENERATOR_FOLDER)
    audio = pair.say("Good morning.", prompt=recording, prompt_text="What is said in the recording.")
"""

import argparse
from pathlib import Path

import soundfile

from shared.config import ConfigError
from shared.corpora.corpus import Corpus
from shared.corpora.test_items import test_items
from shared.job import run_job
from shared.plan.plan import Plan
from shared.plan.schema import load_sources
from shared.sampling.pair import Pair


def main() -> None:
    """Find the variant's folders in the plan, and speak."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="a folder of replications/")
    parser.add_argument("variant", help="one of its variants; `replicate list` names them")
    parser.add_argument("text", help="what to say, or the caption of a sound")
    parser.add_argument("--scale", default="cpu", help="at which it was trained (default: cpu)")
    parser.add_argument("--seed", type=int, default=0, help="training seed (default: 0)")
    parser.add_argument("--output", type=Path, default=Path("spoken.wav"), help="default: spoken.wav")
    arguments = parser.parse_args()

    plan = Plan(load_sources(Path("replications")), arguments.scale, [arguments.seed])
    samples = plan.samples_of(arguments.source, arguments.variant, arguments.seed)
    folders = [Path(samples.inputs[kind]).parent for kind in ("autoencoder", "generator")]
    if missing := [folder for folder in folders if not (folder / "model.safetensors").exists()]:
        raise ConfigError(f"{missing[0]}: not trained yet; make a figure of {arguments.source} at this scale first")

    pair = Pair.from_pretrained(*folders)
    corpus = Corpus(samples.inputs["corpus"])
    (item,) = test_items(corpus.manifest, 1, seed=0)
    if item.prompt:
        audio = pair.say(arguments.text, prompt=corpus.audio(item.prompt), prompt_text=item.prompt.text)
    else:
        audio = pair.say(arguments.text, seconds=item.target.seconds)
    soundfile.write(arguments.output, audio.T, pair.sample_rate)
    print(arguments.output)


if __name__ == "__main__":
    run_job(main)
