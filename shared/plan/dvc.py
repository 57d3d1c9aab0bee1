"""`dvc.yaml`, made from the same study files that the Snakefile reads, so that the two cannot drift apart.

One stage for corpora and evaluators and one for each source. DVC decides by content whether a stage runs and versions
what it made; Snakemake, inside the stage, decides which jobs. What DVC versions is a mirror of `runs/` (see
`shared.plan.versions`), never that folder itself: `dvc exp run` deletes an output whose version it doesn't have. The
outputs persist: DVC would else delete them before a run, and what has to be made again is Snakemake's to say.
"""

from typing import Any

import yaml

from shared.plan.own_latents import is_written
from shared.plan.point import SHARED
from shared.plan.schema import Source

FILE = "dvc.yaml"
HEAD = """\
# Made by `replicate dvc` from replications/*/study.yaml; a test holds the two together.
# dvc repro: everything; dvc repro longcat: one source. Settings: params.yaml; `dvc exp run -S scale=gpu` for one run.
"""
WORKFLOW = ["Snakefile", "rules", "profiles/default", "envs/cpu.txt", "envs/music.txt", "shared"]
VERSIONS = "versions/${scale}"
MIRROR = "python -m shared.plan.versions"
TABLES = (".csv", ".md", "_verdicts.csv", "_provenance.json", "_manifest.json")


def stages(sources: dict[str, Source]) -> dict[str, Any]:
    """Content of dvc.yaml; studies that a user had written are none of the project's."""
    sources = {name: each for name, each in sources.items() if not is_written(each.path)}
    return {"stages": {"corpora": _corpora(sources), **{name: _source(each) for name, each in sources.items()}}}


def text(sources: dict[str, Source]) -> str:
    """dvc.yaml as it is written."""
    return HEAD + yaml.safe_dump(stages(sources), sort_keys=False, width=120)


def _corpora(sources: dict[str, Source]) -> dict[str, Any]:
    return {
        "desc": "Corpora and evaluators, which all sources share",
        "cmd": _commands("snakemake -- corpora", SHARED),
        "deps": [*WORKFLOW, *_pieces(*sources.values()), *(source.path.as_posix() for source in sources.values())],
        "params": ["scale", "corpus", "changes"],
        "outs": [_persistent(f"{VERSIONS}/{SHARED}")],
    }


def _source(source: Source) -> dict[str, Any]:
    record = f"results/${{scale}}/{source.name}"
    studies = list(source.file.studies)
    tables = [f"{record}/{study}{end}" for study in studies for end in TABLES]
    return {
        "desc": f"{source.file.title}: {', '.join(study.title.lower() for study in source.file.studies.values())}",
        # A run on another corpus is told apart by DVC, so its record goes where DVC looks for it.
        "cmd": _commands(f"snakemake --config label=${{scale}} -- {source.name}", source.name),
        "deps": [*WORKFLOW, *_pieces(source), source.folder.as_posix(), f"{VERSIONS}/{SHARED}"],
        "params": ["scale", "seeds", "corpus", f"changes.{source.name}"],
        "outs": [
            _persistent(f"{VERSIONS}/{source.name}"),
            *(_persistent(f"figures/{source.name}_{study}.pdf") for study in studies),
            *(_in_git(path) for path in (*tables, f"{record}/scores", f"{record}/clips")),
        ],
        "metrics": [_in_git(f"{record}/{study}_metrics.json") for study in studies],
        "plots": [_in_git(f"{record}/{study}.png") for study in studies],
    }


def _pieces(*sources: Source) -> list[str]:
    """The file of pieces, where a source names one."""
    return sorted({source.pieces.path.as_posix() for source in sources if source.pieces.used})


def _commands(make: str, owner: str) -> list[str]:
    """Fill runs/ with what DVC has of it, make what is missing or out of date, mirror what came of it."""
    return [f"{MIRROR} restore", make, f"{MIRROR} keep ${{scale}} {owner}"]


def _persistent(path: str) -> dict[str, Any]:
    return {path: {"persist": True}}


def _in_git(path: str) -> dict[str, Any]:
    return {path: {"persist": True, "cache": False}}
