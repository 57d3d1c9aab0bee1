"""Seeded fuzzer of configs: real study files are damaged in a copy, and what a dry run says of them is sorted.

    python -m tests.plan.fuzz_configs --cases 320 --seed 0

A case is a source, one file of it (or base.yaml, figures.py, params.yaml) and one mutation of `tests.plan.mutations`.
It ends in one of five ways: *refused by name* (one line for each mistake, with the file and the field), *harmless*
(what is accepted is legal, or no config shows it), *wrongly accepted*, *traceback*, *vague*. The last three are ours to
mend.
"""

import argparse
import itertools
import random
import re
import shutil
import sys
import tempfile
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from shared.config import ConfigError
from shared.plan.schema import Source
from shared.plan.workflow import load_plan, load_settings
from shared.statistics.paper import PaperValue, load_paper
from tests.plan import mutations, mutations_of_files
from tests.plan.mutations import Mutation

ROOT = Path(__file__).parents[2]
KINDS = {**mutations.KINDS, **mutations_of_files.KINDS}
SOURCES = sorted(path.parent.name for path in ROOT.glob("replications/*/study.yaml"))
REFUSED, HARMLESS = "refused by name", "harmless"
WRONG, TRACEBACK, VAGUE = "wrongly accepted", "traceback", "vague"
NOT_YAML = re.compile(r"\.yaml:\d+: not valid YAML")  # what is no YAML has a line and no field
FILES = ("study.yaml", "base.yaml", "claims.yaml", "paper.yaml", "figures.py", "params.yaml", "--config")


class Outcome(NamedTuple):
    """How a case ended, and what was said."""

    kind: str
    source: str
    mutation: Mutation
    ending: str
    text: str


def copy_source(source: str, folder: Path) -> Path:
    """A project of one source in `folder`; returns its replications."""
    replications = folder / "replications"
    shutil.copytree(ROOT / "replications" / source, replications / source)
    shutil.copy(ROOT / "replications" / "base.yaml", replications)
    (folder / "params.yaml").write_text("scale: cpu\nseeds: null\ncorpus: null\nchanges:\n  " + source + ": {}\n")
    return replications


def dry_run(folder: Path, typed: tuple[str, ...] = ()) -> dict[str, Source]:
    """What `snakemake -n` reads and checks, in this process.

    Raises:
        ConfigError, SystemExit: it is refused.
    """
    settings = load_settings({}, typed, folder / "params.yaml")
    plan = load_plan(settings, folder)
    for source, study in plan.points:
        plan.study_spec(source, study)
    return plan.sources


def said(sources: dict[str, Source]) -> str:
    """All that follows from the files: configs, studies, claims, published values."""
    return repr([  # no hash: it takes no infinity

        [
            [config.model_dump(mode="json") for scale in source.file.scales for config in source.resolve_all(scale)],
            [study.model_dump(mode="json") for study in source.file.studies.values()],
            [claim.model_dump(mode="json") for claim in source.claims],
            [[*key, value.value] for key, value in _published(source).items()],
            source.file.guesses,
        ]
        for source in sources.values()
    ])  # fmt: skip


def _published(source: Source) -> dict[tuple[str, str, str, str], PaperValue]:
    return load_paper(source.folder / "paper.yaml", source.variants_of_studies())


@cache
def unchanged(source: str) -> str:
    """`said` of a source as it is."""
    with tempfile.TemporaryDirectory() as folder:
        copy_source(source, Path(folder))
        return said(dry_run(Path(folder)))


def run_case(kind: str, source: str, rng: random.Random) -> Outcome | None:
    """One case; None where the source has nothing to mutate in this way."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_source(source, folder)
        mutation = KINDS[kind](folder, source, rng)
        if mutation is None:
            return None
        try:
            sources = dry_run(folder, mutation.typed)
        except (ConfigError, SystemExit) as error:
            text = str(error)
            return Outcome(kind, source, mutation, REFUSED if _named(text, mutation) else VAGUE, text)
        except BaseException:
            return Outcome(kind, source, mutation, TRACEBACK, traceback.format_exc(limit=-3))
        shows = mutation.always or (mutation.wrong and said(sources) != unchanged(source))
        return Outcome(kind, source, mutation, WRONG if shows else HARMLESS, "")


def _named(text: str, mutation: Mutation) -> bool:
    """Whether each line names a file and the text one of the words that say where."""
    lines = text.splitlines()
    files = all(any(file in line for file in FILES) for line in lines)
    placed = not mutation.hints or NOT_YAML.search(text) or any(hint in text for hint in mutation.hints)
    return bool(files and placed and "Snakefile" not in text)


def run_cases(count: int, seed: int) -> Iterator[Outcome]:
    """So many cases, each kind about as often as the others."""
    for number in itertools.count():
        rng = random.Random(f"{seed}/{number}")
        outcome = run_case(list(KINDS)[number % len(KINDS)], rng.choice(SOURCES), rng)
        if outcome:
            yield outcome
            count -= 1
        if not count:
            return


def main() -> None:
    """Print the counts, and each case that is ours to mend."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=320)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", action="store_true", help="print every case")
    arguments = parser.parse_args()
    by_kind: dict[str, Counter[str]] = defaultdict(Counter)
    for outcome in run_cases(arguments.cases, arguments.seed):
        by_kind[outcome.kind][outcome.ending] += 1
        if arguments.show or outcome.ending in (WRONG, TRACEBACK, VAGUE):
            print(f"{outcome.ending}: {outcome.kind}: {outcome.source}: {outcome.mutation.what}", flush=True)
            print(f"{outcome.text}\n")
    for kind, counts in by_kind.items():
        print(f"{kind:24} {dict(counts)}")
    totals = sum(by_kind.values(), Counter())
    print(", ".join(f"{totals[each]} {each}" for each in (REFUSED, HARMLESS, WRONG, TRACEBACK, VAGUE)))
    sys.exit(any(totals[each] for each in (WRONG, TRACEBACK, VAGUE)))


if __name__ == "__main__":
    main()
