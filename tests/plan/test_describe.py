"""What a study trains, as `replicate describe` shows it."""

from pathlib import Path

import pytest
import yaml

from shared.plan.describe import as_text, describe
from shared.plan.pieces import load_study
from shared.plan.schema import Source

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
    both, bare = (describe(source, "smoke") for source in (Source(LONGCAT / "study.yaml"), reconstructing))
    assert both["variants"]["dim64"]["generator"]["parameters"] > 0
    assert bare["variants"]["dim64"]["generator"] is None
    assert bare["variants"]["dim64"]["autoencoder"] == both["variants"]["dim64"]["autoencoder"]
    (line,) = (line for line in as_text(bare).splitlines() if line.split()[:1] == ["dim64"])
    assert line.split()[-4:-2] == ["–", "–"]


def test_stereo_is_counted_with_both_channels():
    """The paper's sizes, too: they are only built on the meta device."""
    same = Source(LONGCAT.parent / "same/study.yaml")
    paper = describe(same, "paper")["variants"]
    assert paper["shaped"]["autoencoder"]["parameters"] == 852_127_072  # SAME-L, and 2 x 256 of its bottleneck
    assert paper["shaped"]["generator"]["parameters"] == 1_453_367_552
    assert paper["vae1024"]["autoencoder"]["parameters"] < paper["shaped"]["autoencoder"]["parameters"]
