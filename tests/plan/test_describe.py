"""What a study trains, as `replicate describe` shows it."""

from pathlib import Path

import pytest
import yaml

from shared.plan.describe import ASSUMED_SECONDS, as_text, describe, describe_variant
from shared.plan.pieces import load_study
from shared.plan.plan import Plan
from shared.plan.schema import Source
from tests.sources import SOURCES

LONGCAT = Path(__file__).parents[2] / "replications/longcat"


@pytest.fixture
def reconstructing(tmp_path):
    """Longcat, which measures reconstructions only."""
    study = load_study(LONGCAT / "study.yaml")
    study["scales"]["smoke"]["evaluation"]["generation"] = []
    folder = tmp_path / "longcat"
    folder.mkdir()
    (folder / "study.yaml").write_text(yaml.safe_dump(study))
    (folder / "figures.py").write_text((LONGCAT / "figures.py").read_text())
    return Source(folder / "study.yaml")


def test_a_generator_that_is_not_trained_costs_nothing(reconstructing):
    both, bare = (describe(source, "smoke") for source in (SOURCES["longcat"], reconstructing))
    assert both["variants"]["dim64"]["generator"]["parameters"] > 0
    assert bare["variants"]["dim64"]["generator"] is None
    assert bare["variants"]["dim64"]["autoencoder"] == both["variants"]["dim64"]["autoencoder"]
    (line,) = (line for line in as_text(bare).splitlines() if line.split()[:1] == ["dim64"])
    assert line.split()[-4:-2] == ["–", "–"]


def test_stereo_is_counted_with_both_channels():
    """The paper's sizes, too: they are only built on the meta device."""
    plan = Plan({"same": SOURCES["same"]}, "paper", seeds=[0])
    points = {point.variant: point for each in plan.points.values() for point in each}
    shaped, vae1024 = (describe_variant(points[name], ASSUMED_SECONDS) for name in ("shaped", "vae1024"))
    assert shaped["autoencoder"]["parameters"] == 852_127_072  # SAME-L, and 2 x 256 of its bottleneck
    assert shaped["generator"]["parameters"] == 1_453_367_552
    assert vae1024["autoencoder"]["parameters"] < shaped["autoencoder"]["parameters"]
