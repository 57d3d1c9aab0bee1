"""The claims are what the papers say: every one of them holds in its paper's own numbers."""

import numpy as np
import pytest

from shared.plan.dotted import get
from shared.plan.schema import Source
from shared.statistics.claims import Claim, load_claims, margin_of
from shared.statistics.paper import load_paper
from tests.sources import SOURCES


def claims_of(source: Source) -> list[Claim]:
    return load_claims(source.folder / "claims.yaml", source.variants_of_studies())


def published(source: Source) -> dict:
    return load_paper(source.folder / "paper.yaml", source.variants_of_studies())


CLAIMS = [(name, claim) for name, source in SOURCES.items() for claim in claims_of(source)]


@pytest.mark.parametrize(("source", "claim"), CLAIMS, ids=[f"{name}-{claim.id}" for name, claim in CLAIMS])
def test_holds_in_the_papers_numbers_if_there_are_any(source, claim):
    source, paper = SOURCES[source], published(SOURCES[source])
    needs = [[(claim.study, variant, *need) for variant in claim.variants] for need in claim.needs()]
    assert claim.in_words == any(key not in paper for keys in needs for key in keys)
    if not claim.in_words:
        values = [np.array([[paper[key].value] for key in keys]) for keys in needs]
        axis = source.study(claim.study).axis
        settings = [get(source.resolve(name, "paper", claim.study), axis.field) for name in claim.variants if axis]
        assert margin_of(claim, values, settings)[0] > 0


def test_the_point_that_longcats_two_figures_share_is_one_point():
    paper = published(SOURCES["longcat"])
    shared = {study: {key[2:]: value.value for key, value in paper.items() if key[:2] == (study, "dim64")}
              for study in ("fig3", "fig4")}
    assert shared["fig3"] == shared["fig4"]
    assert len(shared["fig3"]) == 8
