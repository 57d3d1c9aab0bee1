"""The claims are what the paper says: every one of them holds in the paper's own numbers."""

from pathlib import Path

import numpy as np
import pytest

from shared.studies.claims import load_claims, margin_of
from shared.studies.paper import load_paper
from shared.studies.schema import Source

FOLDER = Path(__file__).parents[3] / "replications" / "longcat"
STUDIES = Source(FOLDER / "study.yaml").variants_of_studies()
PAPER = load_paper(FOLDER / "paper.yaml", STUDIES)


@pytest.mark.parametrize("claim", load_claims(FOLDER / "claims.yaml", STUDIES), ids=lambda claim: claim.id)
def test_holds_in_the_papers_numbers(claim):
    values = [
        np.array([[PAPER[claim.study, variant, side, metric].value] for variant in claim.variants])
        for side, metric in claim.needs()
    ]
    assert margin_of(claim, values)[0] > 0


def test_the_point_that_both_figures_share_is_one_point():
    shared = {study: {key[2:]: value.value for key, value in PAPER.items() if key[:2] == (study, "dim64")}
              for study in ("fig3", "fig4")}
    assert shared["fig3"] == shared["fig4"]
    assert len(shared["fig3"]) == 8
