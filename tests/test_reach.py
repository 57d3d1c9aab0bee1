"""What jobs import of the kinds that configs name: none, so that an edit of one concerns those that name it."""

import subprocess
import sys

import pytest

from shared.autoencoders.config import ArchitectureConfig
from shared.bottlenecks.config import BottleneckConfig
from shared.code import ROOT, _file, _reachable
from shared.discriminators.config import DiscriminatorConfig
from shared.generators import config as generators
from shared.generators.backbones.config import BackboneConfig
from shared.generators.heads.config import HeadConfig
from shared.generators.paths.config import PathConfig
from shared.losses.config import ReconstructionTermConfig, ShapingLossConfig, SpectralTermConfig
from shared.sampling.solver_config import SolverConfig
from shared.text.config import TextConfig
from shared.training.recipes import GeneratorRecipe

BASES = (
    ArchitectureConfig, BottleneckConfig, DiscriminatorConfig, generators.GeneratorConfig,
    generators.ArchitectureConfig, BackboneConfig, HeadConfig, PathConfig, ReconstructionTermConfig, ShapingLossConfig,
    SpectralTermConfig, SolverConfig, TextConfig, GeneratorRecipe,
)  # fmt: skip
JOBS = ("training.autoencoder", "training.encode", "training.generator", "sampling.samples", "sampling.reconstruct")


@pytest.mark.parametrize("job", JOBS)
def test_a_job_imports_no_kind(job):
    reached = _reachable(_file(f"shared.{job}", ROOT), ROOT)
    kinds = {f"{base.PACKAGE}.{name}" for base in BASES for name in base.kinds()}
    assert len(kinds) > 25
    assert {kind for kind in kinds if _file(kind, ROOT) in reached} == set()


@pytest.mark.parametrize("package", ["autoencoders", "bottlenecks", "discriminators", "losses"])
def test_a_kind_imports_no_other(package):
    names = {name for base in BASES if f"shared.{package}" == base.PACKAGE for name in base.kinds()}
    files = {name: _file(f"shared.{package}.{name}", ROOT) for name in names}
    for name, file in files.items():
        assert {other for other in names - {name} if files[other] in _reachable(file, ROOT)} == set(), name


def test_recipes_are_read_without_torch():
    code = (
        "import sys; from pathlib import Path; from shared.plan.schema import load_sources; "
        "load_sources(Path('replications')); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "False", done.stdout + done.stderr
