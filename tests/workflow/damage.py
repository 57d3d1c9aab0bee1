"""Damages each kind of file that jobs leave in run folders, one at a time, and sees whether that is noticed.

python -m tests.workflow.damage FOLDER     of a project whose `runs/` is whole; it is put back as it was
"""

import argparse
import contextlib
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from shared.config import ConfigError
from shared.corpora.corpus import Corpus
from shared.sampling.clips import load_audio, load_clips
from shared.seal import NAME, check_inputs


def flipped(content: bytes, other: bytes, rng: random.Random) -> bytes:
    """One bit of it is another."""
    place = rng.randrange(8 * len(content))
    damaged = bytearray(content)
    damaged[place // 8] ^= 1 << place % 8
    return bytes(damaged)


def cut(content: bytes, other: bytes, rng: random.Random) -> bytes:
    """The end is lost."""
    return content[: rng.randrange(len(content))]


def swapped(content: bytes, other: bytes, rng: random.Random) -> bytes:
    """It is another job's file."""
    return other


DAMAGES = flipped, cut, swapped


def damage(project: Path, seed: int = 0) -> tuple[Counter[str], list[str]]:
    """How many damages were tried on files of each kind of job, and those that no error names; all are mended again."""
    rng, tried, unnamed = random.Random(seed), Counter[str](), []
    with contextlib.chdir(project):
        for path, read in _files():
            content = path.read_bytes()
            for each in DAMAGES:
                damaged = each(content, _other(path), rng)
                if damaged == content:  # two jobs may have written the same
                    continue
                tried[f"{path.parts[3]} {each.__name__}"] += 1
                path.write_bytes(damaged)
                try:
                    read()
                    unnamed.append(f"{path} {each.__name__}: nothing is said")
                except ConfigError as error:
                    if path.name not in str(error) or "delete" not in str(error) or "\n" in str(error):
                        unnamed.append(f"{path} {each.__name__}: {error}")
                finally:
                    path.write_bytes(content)
        assert all(_read_quietly(read) for _, read in _files()), "not mended"
    return tried, unnamed


def _files() -> Iterator[tuple[Path, Callable[[], object]]]:
    """One file of each name in each kind of job, and what would read it."""
    seen = set()
    for sealed in sorted(Path("runs").glob(f"**/{NAME}")):
        folder, seal = sealed.parent, json.loads(sealed.read_text())
        result = folder / seal["results"][0]
        for path in [sealed, *(folder / name for name in seal["files"])]:
            kind = path.parts[3], path.suffix if path.suffix in (".csv", ".mp3") else path.name
            if kind not in seen:
                seen.add(kind)
                yield path, lambda result=result: check_inputs([result])
        if result.name in ("manifest.json", "clips.json") and (folder.parent.name, "audio") not in seen:
            seen.add((folder.parent.name, "audio"))
            yield _audio_of(result)


def _audio_of(result: Path) -> tuple[Path, Callable[[], object]]:
    """The first recording of a corpus, or clip of a set, and what would read it."""
    if result.name == "manifest.json":
        clip = Corpus(result).manifest.clips[0]
        return result.parent / clip.file, lambda: Corpus(result).audio(clip)
    made = load_clips(result)
    return result.parent / made.clips[0].file, lambda: load_audio(result, made, made.clips[0])


def _other(path: Path) -> bytes:
    """Another file of the name, or at least the kind; else what no job wrote."""
    alike = sorted(Path("runs").glob(f"**/{path.name}")) + sorted(path.parent.glob(f"*{path.suffix}"))
    return next((each.read_bytes() for each in alike if each != path), b"other")


def _read_quietly(read: Callable[[], object]) -> bool:
    read()
    return True


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path, nargs="?", default=Path())
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    tried, unnamed = damage(arguments.project, arguments.seed)
    for kind, count in sorted(tried.items()):
        print(f"{kind:40} {count}")
    print(f"{sum(tried.values())} damages, {len(unnamed)} not named", *unnamed, sep="\n")


if __name__ == "__main__":
    main()
