"""What the small autoencoders of speech reach in how much time, side by side with another commit's.

    .venv/bin/python benchmarks/small_autoencoders.py --work FOLDER --against 037cb14 --variants longcat/dim128

Each commit trains its own recipe by its own code, a process after the other, one thread each, on one corpus; then the
validation split is reconstructed and heard. Per training it prints process seconds of the training alone, PESQ, STOI,
the share of the recording's voiced frames in which the reconstruction has the same pitch within 6 %, and how many
seconds it takes to decode a second. Seeds are such as recipes are tuned on. Finished trainings are rows of
FOLDER/small_autoencoders.csv, and are not done again. `--picture FILE.png` draws the spectrogram of the first clip as
it was recorded and as each whole training makes it, and writes these beside it as MP3.
"""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COLUMNS = ("code", "variant", "seed", "steps", "clips", "seconds", "pesq", "stoi", "voiced", "decoding")
LOWEST_HZ, HIGHEST_HZ = 50, 400
WINDOW, HOP = 0.04, 0.01  # seconds
LEAST_CORRELATION, LEAST_POWER = 0.6, 1e-3  # of a voiced frame; its power over the loudest frame's
TOLERANCE = 0.06


def pitch(waveform, rate):
    """Fundamental frequency of each frame in Hz, 0 where it is not voiced: the normalised autocorrelation's peak.

    Of the lags within a tenth of the highest value the shortest counts, since a multiple of a period is one too.
    """
    import numpy as np

    lags = np.arange(rate // HIGHEST_HZ, rate // LOWEST_HZ + 1)
    window, hop, longest = round(WINDOW * rate), round(HOP * rate), lags[-1]
    count = max(0, (len(waveform) - window - longest) // hop)
    frames = waveform[np.arange(count)[:, None] * hop + np.arange(window + longest)].astype(float)
    size = 2 ** int(window + longest).bit_length()
    spectra = np.fft.rfft(frames, size), np.fft.rfft(frames[:, :window], size)
    products = np.fft.irfft(spectra[0] * spectra[1].conj(), size)[:, lags]
    power = np.pad(np.cumsum(frames**2, axis=1), ((0, 0), (1, 0)))
    here, later = power[:, window : window + 1], power[:, lags + window] - power[:, lags]
    correlation = products / np.sqrt(here * later + 1e-9)
    best = correlation.max(axis=1, initial=0)
    found = (correlation >= 0.9 * best[:, None]).argmax(axis=1)
    for frame, place in enumerate(found):
        while place + 1 < len(lags) and correlation[frame, place + 1] > correlation[frame, place]:
            place += 1
        found[frame] = place
    voiced = (best > LEAST_CORRELATION) & (here[:, 0] > LEAST_POWER * here.max(initial=0))
    return np.where(voiced, rate / lags[found], 0)


def same_pitch(reference, clip, rate):
    """How many of the reference's voiced frames have the same pitch in the clip, and how many there are."""
    import numpy as np

    wanted, heard = pitch(reference, rate), pitch(clip, rate)
    length = min(len(wanted), len(heard))
    wanted, heard = wanted[:length], heard[:length]
    voiced = wanted > 0
    return int((abs(heard / np.where(voiced, wanted, 1) - 1) < TOLERANCE)[voiced].sum()), int(voiced.sum())


def one(arguments: argparse.Namespace) -> None:
    """Train by the code that is on the path, and print a row."""
    import numpy as np
    import torch

    from shared.autoencoders.builder import load_autoencoder
    from shared.corpora.build import build_corpus
    from shared.corpora.corpus import Corpus
    from shared.metrics.pesq import wideband_pesq
    from shared.metrics.stoi import stoi
    from shared.plan.schema import Source
    from shared.training.autoencoder import AutoencoderSpec, train_autoencoder

    torch.set_num_threads(1)
    source, variant = arguments.serve.split("/")
    config = Source(Path("replications") / source / "study.yaml").resolve(variant, "cpu")
    recipe = config.autoencoder
    steps = round(recipe.training.steps * arguments.share)
    recipe = recipe.model_copy(update={"training": recipe.training.model_copy(update={"steps": steps})})
    manifest = arguments.work / "corpus/manifest.json"
    if not manifest.exists():
        build_corpus(config.corpus, manifest)
    folder = arguments.work / f"{arguments.code}-{source}-{variant}-{arguments.seed}-{steps}"
    folder.mkdir(exist_ok=True)
    spec = AutoencoderSpec(corpora=[{}], autoencoder=recipe, seed=arguments.seed)
    start = time.process_time()
    train_autoencoder(spec, [manifest], None, folder / "checkpoints", "", folder / "model.safetensors")
    seconds = time.process_time() - start
    autoencoder, corpus = load_autoencoder(folder / "model.safetensors"), Corpus(manifest)
    quality, right, voiced, start, length = [], 0, 0, 0.0, 0.0
    for clip in corpus.split("validation")[: arguments.clips]:
        audio = corpus.audio(clip)
        torch.manual_seed(0)
        begun = time.process_time()
        with torch.inference_mode():
            made = autoencoder(torch.from_numpy(audio)[None, None])[0][0, 0].numpy()
        start, length = start + time.process_time() - begun, length + clip.seconds
        quality.append((wideband_pesq(audio, made, corpus.sample_rate), stoi(audio, made, corpus.sample_rate)))
        counts = same_pitch(audio, made, corpus.sample_rate)
        right, voiced = right + counts[0], voiced + counts[1]
    pesq, intelligible = np.mean(quality, axis=0)
    values = arguments.code, arguments.serve, arguments.seed, steps, arguments.clips
    print(*values, f"{seconds:.1f},{pesq:.3f},{intelligible:.3f},{right / voiced:.3f},{start / length:.3f}", sep=",")


def draw(arguments: argparse.Namespace) -> None:
    """The first validation clip, recorded and as each finished training of the asked variants makes it."""
    import matplotlib.pyplot as plt
    import numpy as np
    import soundfile
    import torch

    from shared.autoencoders.builder import load_autoencoder
    from shared.corpora.corpus import Corpus

    corpus = Corpus(arguments.work / "corpus/manifest.json")
    audio = corpus.audio(corpus.split("validation")[0])
    heard = {"recording": audio}
    for row in sorted(rows(arguments.work / "small_autoencoders.csv"), key=lambda row: row["code"]):
        if row["share"] == "1.0" and row["variant"] in arguments.variants and int(row["seed"]) in arguments.seeds:
            name = "-".join([row["code"], *row["variant"].split("/"), row["seed"], row["steps"]])
            autoencoder = load_autoencoder(arguments.work / name / "model.safetensors")
            with torch.inference_mode():
                made = autoencoder(torch.from_numpy(audio)[None, None], sample=False)[0][0, 0].numpy()
            heard[f"{row['code']} {row['variant'].partition('/')[2]}"] = made
    figure, axes = plt.subplots(1, len(heard), figsize=(3 * len(heard), 2.6), sharey=True, layout="constrained")
    for axis, (name, waveform) in zip(axes, heard.items(), strict=True):
        noise = 1e-6 * np.random.default_rng(0).standard_normal(len(waveform))  # whose logarithm is finite
        shown = {"NFFT": 512, "noverlap": 384, "Fs": corpus.sample_rate, "vmin": -120, "vmax": -30, "cmap": "Greys"}
        axis.specgram(waveform + noise, **shown)
        axis.set(title=name, xlabel="time (s)", ylim=(0, 4000))
        soundfile.write(arguments.picture.with_name(f"{name.replace(' ', '-')}.mp3"), waveform, corpus.sample_rate)
    axes[0].set_ylabel("frequency (Hz)")
    figure.savefig(arguments.picture, dpi=110)


def rows(table: Path) -> list[dict[str, str]]:
    """The finished trainings."""
    return list(csv.DictReader(table.open())) if table.exists() else []


def run(tree: Path, code: str, variant: str, seed: int, share: float, arguments: argparse.Namespace) -> None:
    """One training in a process of its own, unless its row is there."""
    table = arguments.work / "small_autoencoders.csv"
    wanted = {"code": code, "variant": variant, "seed": str(seed), "clips": str(arguments.clips)}
    done = [row for row in rows(table) if wanted.items() <= row.items() and row["share"] == str(share)]
    if not done:
        command = [sys.executable, __file__, "--work", arguments.work, "--clips", arguments.clips, "--serve", variant,
                   "--code", code, "--seed", seed, "--share", share]  # fmt: skip
        environment = os.environ | {"PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}
        made = subprocess.run(list(map(str, command)), cwd=tree, env=environment, check=True, stdout=subprocess.PIPE)
        new = not table.exists()
        with table.open("a") as file:
            if new:
                print(*COLUMNS, "share", sep=",", file=file)
            print(made.stdout.decode().splitlines()[-1], share, sep=",", file=file)
        done = rows(table)[-1:]
    print("  ".join(done[0][name].rjust(max(9, len(name))) for name in COLUMNS), flush=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for corpus, trainings and the table")
    parser.add_argument("--against", help="a commit to compare with (default: none)")
    parser.add_argument("--variants", nargs="+", default=["longcat/dim128"], help="source/variant at the cpu scale")
    parser.add_argument("--seeds", nargs="+", type=int, default=[100], help="(default: 100)")
    parser.add_argument("--shares", nargs="+", type=float, default=[1.0], help="of the recipe's steps (default: 1)")
    parser.add_argument("--clips", type=int, default=100, help="of the validation split (default: 100)")
    parser.add_argument("--picture", type=Path, help="PNG to draw of what is finished; then nothing is trained")
    for hidden in ("--serve", "--code"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--share", type=float, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.work = arguments.work.resolve()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if arguments.serve:
        return one(arguments)
    if arguments.picture:
        return draw(arguments)
    trees = {"here": ROOT}
    with tempfile.TemporaryDirectory() as folder:
        git = ["git", "-C", str(ROOT), "worktree"]
        if arguments.against:
            trees = {arguments.against: Path(folder) / "before"} | trees
            subprocess.run([*git, "add", "--quiet", "--detach", folder + "/before", arguments.against], check=True)
        try:
            print("  ".join(name.rjust(max(9, len(name))) for name in COLUMNS), flush=True)
            for seed in arguments.seeds:
                for variant in arguments.variants:
                    for share in arguments.shares:
                        for code, tree in trees.items():
                            run(tree, code, variant, seed, share, arguments)
        finally:
            if arguments.against:
                subprocess.run([*git, "remove", "--force", folder + "/before"], check=True)


if __name__ == "__main__":
    main()
