"""What this machine has: hardware, Python packages, and which evaluators and corpora can be reached."""

import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from shared.corpora.hub import KNOWN
from shared.plan.schema import Source
from shared.record.origin import hardware

PACKAGES = (
    "torch",
    "accelerate",
    "transformers",
    "datasets",
    "snakemake",
    "soundfile",
    "soxr",
    "pesq",
    "pystoi",
    "speechmos",
    "onnxruntime",
    "swift-f0",
    "jiwer",
    "matplotlib",
    "espeakng-loader",
    "tinysoundfont",
    "pretty_midi",
)
# Of envs/evaluators.txt: metrics that not everybody asks for need them.
OPTIONAL = ("distillmos", "hama", "Resemblyzer", "libsvm-official", "visqol-python")


def checks(sources: dict[str, Source], online: bool) -> Iterator[tuple[bool, str, str]]:
    """`(fine, what, finding)` one by one; only with `online` the network is asked."""
    machine = hardware()
    supported = (3, 11) <= sys.version_info[:2] <= (3, 13)
    yield supported, "python", machine["python"] + ("" if supported else ": 3.11 to 3.13 is needed")
    yield True, "processor", f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB"
    free = shutil.disk_usage(Path()).free / 2**30
    yield free > 5, "disk", f"{free:.0f} GiB free here"
    yield True, "gpu", ", ".join(machine["gpu"]) or "none: scales smoke and cpu need none"
    for package in PACKAGES:
        yield package_check(package)
    for package in OPTIONAL:
        yield package_check(package, "make evaluators")
    for kind, name, used_by in hub_names(sources):
        yield hub_check(kind, name, used_by, online)


def package_check(package: str, target: str = "make env") -> tuple[bool, str, str]:
    """Whether a package is installed, and which version."""
    try:
        return True, package, version(package)
    except PackageNotFoundError:
        return False, package, f"missing: `{target}` installs it"


def hub_names(sources: dict[str, Source]) -> list[tuple[str, str, str]]:
    """`(model or dataset, id, who uses it)` of everything that comes from the hub, at any scale."""
    found: dict[tuple[str, str], set[str]] = {}
    for source in sources.values():
        for scale in source.file.scales:
            for config in source.resolve_all(scale):
                models = (
                    config.teacher,
                    config.evaluators.asr,
                    config.evaluators.speaker,
                    config.evaluators.clap,
                    config.evaluators.utmos,
                    config.evaluators.muq_eval,
                )
                names = [("model", name) for name in models if isinstance(name, str)]
                for corpus in (config.corpus, *config.autoencoder_corpora):
                    if corpus.kind == "hub":
                        known = KNOWN.get(corpus.name.lower())
                        names.append(("dataset", known.dataset if known else corpus.name))
                for name in names:
                    found.setdefault(name, set()).add(f"{source.name} at {scale}")
    return [(*name, ", ".join(sorted(users))) for name, users in sorted(found.items())]


def hub_check(kind: str, name: str, used_by: str, online: bool) -> tuple[bool, str, str]:
    """Whether a model or data set is in the local cache, or else (if `online`) reachable."""
    from huggingface_hub.constants import HF_HUB_CACHE

    repository = name.partition("@")[0]
    if (Path(HF_HUB_CACHE) / f"{kind}s--{repository.replace('/', '--')}").exists():
        return True, name, f"{kind} in the local cache ({used_by})"
    if not online:
        return False, name, f"{kind} not in the local cache ({used_by}); --online asks the hub"
    reachable, finding = reach(kind, repository)
    return reachable, name, f"{kind} {finding} ({used_by})"


def reach(kind: str, repository: str) -> tuple[bool, str]:
    """Ask the hub for a repository."""
    import requests
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    try:
        HfApi().repo_info(repository, repo_type=kind, timeout=10)
    except (HfHubHTTPError, requests.RequestException, OSError) as error:
        return False, f"not reachable: {type(error).__name__}"
    return True, "reachable on the hub"
