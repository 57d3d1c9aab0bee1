"""What jobs import of the kinds that configs name: none, so that an edit of one concerns those that name it."""

import subprocess
import sys
from collections import defaultdict

import pytest

from shared.autoencoders.adapters.config import AdapterConfig
from shared.autoencoders.config import ArchitectureConfig
from shared.bottlenecks.config import BottleneckConfig
from shared.discriminators.config import DiscriminatorConfig
from shared.generators import config as generators
from shared.generators.backbones.config import BackboneConfig
from shared.generators.heads.config import HeadConfig
from shared.generators.paths.config import PathConfig
from shared.losses.config import ReconstructionTermConfig, ShapingLossConfig, SpectralTermConfig
from shared.sampling.solver_config import SolverConfig
from shared.text.config import TextConfig
from shared.training.recipes import GeneratorRecipe
from tests.test_layout import ROOT, _imports

BASES = (
    ArchitectureConfig, BottleneckConfig, DiscriminatorConfig, generators.GeneratorConfig,
    generators.ArchitectureConfig, BackboneConfig, HeadConfig, PathConfig, ReconstructionTermConfig, ShapingLossConfig,
    SpectralTermConfig, SolverConfig, TextConfig, GeneratorRecipe, AdapterConfig,
)  # fmt: skip
JOBS = ("training.autoencoder", "training.encode", "training.generator", "sampling.samples", "sampling.reconstruct")


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """What each module imports itself."""
    found = defaultdict(set)
    for one, other in _imports(ROOT):
        found[one].add(other)
    return found


@pytest.fixture(scope="module")
def kinds() -> set[str]:
    """The modules of all kinds."""
    return {f"{base.PACKAGE}.{name}" for base in BASES for name in base.kinds()}


def reached(module: str, imports: dict[str, set[str]]) -> set[str]:
    """What a module imports, at any depth."""
    found, todo = set(), [module]
    while todo:
        new = imports[todo.pop()] - found
        found |= new
        todo += new
    return found


@pytest.mark.parametrize("job", JOBS)
def test_a_job_imports_no_kind(job, imports, kinds):
    assert len(kinds) > 25
    assert kinds.isdisjoint(reached(f"shared.{job}", imports))


@pytest.mark.parametrize("package", ["autoencoders", "bottlenecks", "discriminators", "losses"])
def test_a_kind_imports_no_other(package, imports, kinds):
    own = {kind for kind in kinds if kind.rpartition(".")[0] == f"shared.{package}"}
    assert len(own) > 2
    assert [kind for kind in own if not own.isdisjoint(reached(kind, imports) - {kind})] == []


def test_recipes_are_read_without_torch():
    code = (
        "import sys; from pathlib import Path; from shared.plan.schema import load_sources; "
        "load_sources(Path('replications')); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "False", done.stdout + done.stderr
