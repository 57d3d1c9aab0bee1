"""Turn recorded speech that Debian has as packages into a folder with metadata.csv, as `corpus=` reads it.

    pip install -r envs/prompts.txt
    python examples/telephone_prompts.py /my/prompts                             # US English: one voice, 17 minutes
    python examples/telephone_prompts.py /my/prompts --languages en es fr it ru  # four people, 83 minutes
    make CORPUS=/my/prompts figures/longcat_fig3.pdf

They are the prompts of the telephone exchange Asterisk, 16 kHz, each with its text. Elsewhere than on Debian or Ubuntu,
or without a network, --packages is a folder with asterisk-core-sounds-LL_*.deb, which has the texts, and
asterisk-core-sounds-LL-g722_*.deb for each language LL, or with what these were unpacked to (usr/share/...).

Left out are recordings without a text, with two different ones, with a remark in brackets in it, or with more text
than one can say in their time (it describes a tone); and those longer than --longest, since a batch of a generator
takes as long as its longest clip.

Many texts are nearly the same ("press 1 to ...", "press 2 to ..."). So that nothing like a test clip is heard in
training, those are on one side of train, validation and test that share half of their words or more, or are linked so
through others. Case and punctuation don't count, all numbers are one word, and a word counts as often as it is there;
the share is of the words of either. Whoever wants other splits removes the column `split` from metadata.csv.
"""

import argparse
import csv
import gzip
import io
import random
import re
import subprocess
import tempfile
import unicodedata
import zlib
from collections import Counter, defaultdict
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from shared.config import ConfigError
from shared.corpora.manifest import SPLITS
from shared.corpora.metadata import COLUMNS, METADATA
from shared.files import write_text
from shared.job import run_job
from shared.progress import Progress

LANGUAGES = ("en", "es", "fr", "it", "ru")
PACKAGE = "asterisk-core-sounds"
RATE = 16000  # Hz, of all G.722
SHARES = {"test": 0.15, "validation": 0.1}
BYTES_PER_SECOND = 8000  # of G.722 at 64 kbit/s
FASTEST = 28  # characters a second; of what is said whole, 25 at most
NEAR = 0.5  # share of words in common from which two texts are nearly the same
REMARK = re.compile(r"[][()<>]")


class Prompt(NamedTuple):
    """A recording: its file as packaged, its name in the folder to be, its text, and who says it."""

    source: Path
    name: str
    text: str
    speaker: str


def main() -> None:
    """Get the packages, unpack them, and convert what has a text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="to make; it must not hold a metadata.csv yet")
    parser.add_argument("--languages", nargs="+", choices=LANGUAGES, default=["en"], help="default: en")
    parser.add_argument("--packages", type=Path, help="folder of packages, packed or not (default: apt-get download)")
    parser.add_argument("--longest", type=float, default=10.0, help="seconds of a clip (default: 10)")
    parser.add_argument("--seed", type=int, default=0, help="of the splits (default: 0)")
    arguments = parser.parse_args()
    if (arguments.folder / METADATA).exists():
        raise ConfigError(f"{arguments.folder / METADATA}: is there already; remove it, or choose another folder")
    languages = sorted(set(arguments.languages))
    with tempfile.TemporaryDirectory() as temporary:
        share = unpacked(languages, arguments.packages, Path(temporary)) / "usr/share"
        prompts = [prompt for each in languages for prompt in prompts_of(share, each, arguments.longest)]
        if not prompts:
            raise ConfigError(f"{share}: no recording that can be used")
        splits = split([prompt.text for prompt in prompts], arguments.seed)
        seconds = convert(prompts, arguments.folder)
        licence = licence_note(share, languages)
    write_text(arguments.folder / "LICENSE", licence)
    write_text(arguments.folder / METADATA, as_csv(prompts, splits))
    counts = Counter(splits)
    speakers = len({prompt.speaker for prompt in prompts})
    print(licence.partition("\n\n\n")[0])
    print(f"\n{arguments.folder}: {len(prompts)} clips, {sum(seconds) / 60:.0f} minutes, {speakers} speaker(s);",
          ", ".join(f"{name} {counts[name]}" for name in SPLITS))  # fmt: skip


def unpacked(languages: list[str], packages: Path | None, temporary: Path) -> Path:
    """The folder in which the languages' packages lie unpacked: the user's own, or `temporary`.

    Raises:
        ConfigError: they can't be had; the message says what is missing.
    """
    if packages is not None and (packages / "usr/share").is_dir():
        return packages
    names = [f"{PACKAGE}-{language}{part}" for language in languages for part in ("", "-g722")]
    if packages is None:
        packages = temporary
        run(["apt-get", "download", *names], temporary, "get the packages on Debian or Ubuntu, and give --packages")
    for name in names:
        found = sorted(packages.glob(f"{name}_*.deb"))
        if not found:
            raise ConfigError(f"{packages}: no {name}_*.deb; `apt-get download {name}` gets it")
        unpack = ["dpkg-deb", "-x", str(found[-1].resolve()), "."]
        run(unpack, temporary, "install dpkg, or unpack the packages elsewhere (ar x, tar x) and give --packages")
    return temporary


def run(command: list[str], folder: Path, otherwise: str) -> None:
    """Run a command in a folder; `otherwise` is what to do where that does not work."""
    print("running", *command[:2], "...", flush=True)
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    except FileNotFoundError:
        raise ConfigError(f"{command[0]}: no such command here; {otherwise}") from None
    if done.returncode:
        said = done.stderr.strip() or f"exit status {done.returncode}"
        raise ConfigError(f"{' '.join(command)}: {said}\nmend that (`apt-get update`, a network), or {otherwise}")


def prompts_of(share: Path, language: str, longest: float) -> list[Prompt]:
    """A language's recordings of up to `longest` seconds whose text is what is said; what is left out is counted aloud.

    Raises:
        ConfigError: the packages' files are not where they should be.
    """
    path = share / f"doc/{PACKAGE}-{language}/core-sounds-{language}.txt.gz"
    voices = sorted(share.glob(f"asterisk/sounds/{language}_*"))
    if not path.is_file() or not voices:
        what = path if voices else f"{share}/asterisk/sounds/{language}_*"
        raise ConfigError(f"{what}: not there; {PACKAGE}-{language} and {PACKAGE}-{language}-g722 have it")
    texts = read_texts(path)
    prompts, left_out = [], Counter[str]()
    for voice in voices:
        for source in sorted(voice.rglob("*.g722")):
            key = source.relative_to(voice).with_suffix("").as_posix()
            if problem := problem_of(texts[key], source.stat().st_size / BYTES_PER_SECOND, longest):
                left_out[problem] += 1
            else:
                (text,) = texts[key]
                # The folder ends in the name of the voice, which may have more than one language.
                prompts.append(Prompt(source, f"{voice.name}/{key}.flac", text, voice.name.rpartition("_")[2]))
    print(f"{language}: {len(prompts)} recordings; left out:",
          ", ".join(f"{count} {problem}" for problem, count in sorted(left_out.items())) or "none")  # fmt: skip
    return prompts


def read_texts(path: Path) -> dict[str, set[str]]:
    """The texts of each recording, from lines `name: text`; those that begin with a semicolon are comments.

    Raises:
        ConfigError: the file is damaged.
    """
    try:
        content = gzip.decompress(path.read_bytes()).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: damaged ({error}); get the package anew") from None
    texts = defaultdict(set)
    for line in content.splitlines():
        key, colon, text = line.partition(":")
        if colon and not line.startswith(";"):
            texts[key.strip()].add(" ".join(text.split()))
    return texts


def problem_of(texts: set[str], seconds: float, longest: float) -> str | None:
    """Why a recording with these texts and of this length can't be used, or None."""
    if not any(words(text) for text in texts):
        return "without a text"
    if len(texts) > 1:
        return "with two texts"
    (text,) = texts
    if REMARK.search(text):
        return "with a remark in the text"
    if len(text) > FASTEST * seconds:
        return "too short for the text"
    return f"longer than {longest:g} s" if seconds > longest else None


def words(text: str) -> Counter[str]:
    """How often each word is in a text, without case and punctuation; all numbers are one word."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return Counter(re.findall(r"\w+", re.sub(r"\d+", "0", plain)))


def near_duplicates(texts: list[str]) -> np.ndarray:
    """(texts,) the group of each text: those are in one that share at least NEAR of their words, at any remove."""
    found = [[(word, time) for word, count in words(text).items() for time in range(count)] for text in texts]
    columns = {token: place for place, token in enumerate(sorted({token for each in found for token in each}))}
    lengths = np.array([len(each) for each in found])
    places = [columns[token] for each in found for token in each]
    starts = np.concatenate([[0], np.cumsum(lengths)])
    has = csr_array((np.ones(len(places), dtype=int), places, starts), shape=(len(texts), len(columns)))
    common = (has @ has.T).tocoo()
    near = common.data >= NEAR * (lengths[common.row] + lengths[common.col] - common.data)
    linked = csr_array((common.data[near], (common.row[near], common.col[near])), shape=common.shape)
    return connected_components(linked, directed=False)[1]


def split(texts: list[str], seed: int) -> list[str]:
    """The split of each text: groups of near-duplicates in random order, each to the first split with room for it."""
    groups = defaultdict(list)
    for place, group in enumerate(near_duplicates(texts)):
        groups[group].append(place)
    room = {name: round(share * len(texts)) for name, share in SHARES.items()}
    splits = ["train"] * len(texts)
    for group in random.Random(f"prompts/{seed}").sample(list(groups.values()), len(groups)):
        name = next((name for name, left in room.items() if len(group) <= left), None)
        if name:
            room[name] -= len(group)
            for place in group:
                splits[place] = name
    return splits


def convert(prompts: list[Prompt], folder: Path) -> list[float]:
    """Write the clips as FLAC; their lengths in seconds."""
    progress = Progress("prompts", len(prompts), unit="clip")
    seconds = []
    for prompt in prompts:
        path = folder / prompt.name
        path.parent.mkdir(parents=True, exist_ok=True)
        samples = read_g722(prompt.source)
        soundfile.write(path, samples, RATE)
        seconds.append(len(samples) / RATE)
        progress.update()
    return seconds


def read_g722(path: Path) -> np.ndarray:
    """The int16 samples (time,) at RATE of a file of bare G.722 at 64 kbit/s.

    Raises:
        ConfigError: PyAV is missing.
    """
    try:
        import av
    except ModuleNotFoundError:
        raise ConfigError("PyAV, which reads G.722, is missing: pip install -r envs/prompts.txt") from None
    with av.open(str(path), format="g722") as file:
        return np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])


def licence_note(share: Path, languages: list[str]) -> str:
    """Whose the recordings are and what may be done with them, then the packages' own words in full."""
    full = {language: copyright_of(share, language) for language in languages}
    lines = [f"{language}: {PACKAGE}-{language}, recordings (c) {' under '.join(terms(full[language], language))}"
             for language in languages]  # fmt: skip
    head = "Prompts of Asterisk as packaged by Debian, decoded from G.722 to FLAC, in train, validation and test."
    return "\n\n\n".join(["\n".join([head, *lines, "The licences follow in full."]), *dict.fromkeys(full.values())])


def copyright_of(share: Path, language: str) -> str:
    """What the package says of its copyright.

    Raises:
        ConfigError: it says nothing.
    """
    path = share / f"doc/{PACKAGE}-{language}/copyright"
    if not path.is_file():
        raise ConfigError(f"{path}: not there; without it nobody knows what may be done with the recordings")
    return path.read_text(encoding="utf-8")


def terms(text: str, language: str) -> tuple[str, str]:
    """Holder and licence of a language's files: those of the last paragraph for them (Debian's format 1.0).

    Raises:
        ConfigError: there is none.
    """
    found = None
    for paragraph in re.split(r"\n\s*\n", text):
        fields = dict(re.findall(r"^(Files|Copyright|License):[ \t]*(.+)$", paragraph, re.MULTILINE))
        if len(fields) == 3 and any(fnmatchcase(f"{language}-", each) for each in fields["Files"].split()):
            found = fields["Copyright"], fields["License"]
    if found is None:
        raise ConfigError(f"the copyright file of {PACKAGE}-{language} names no licence for the recordings")
    return found


def as_csv(prompts: list[Prompt], splits: list[str]) -> str:
    """The rows of metadata.csv."""
    file = io.StringIO(newline="")
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(COLUMNS)
    for prompt, name in zip(prompts, splits, strict=True):
        rows.writerow([prompt.name, prompt.text, prompt.speaker, name])
    return file.getvalue()


if __name__ == "__main__":
    run_job(main)
