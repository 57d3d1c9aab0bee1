"""The claims are what the papers say: each holds in its paper's own numbers, and one of no difference could fail."""

import numpy as np
import pytest

from shared.plan.dotted import get
from shared.plan.schema import Source
from shared.statistics.catalogue import STATISTICS
from shared.statistics.claims import Claim, load_claims
from shared.statistics.inference import Runs
from shared.statistics.paper import load_paper
from shared.statistics.relations.base import Measured, find_relation, sign_of
from tests.sources import SOURCES

ROUNDING = 1e-9


def claims_of(source: Source) -> list[Claim]:
    return load_claims(source.folder / "claims.yaml", source.variants_of_studies())


def published(source: Source) -> dict:
    return load_paper(source.folder / "paper.yaml", source.variants_of_studies())


CLAIMS = [(name, claim) for name, source in SOURCES.items() for claim in claims_of(source)]
TOLERANT = [(name, claim) for name, claim in CLAIMS if claim.tolerance]
PAPERS = {name: published(source) for name, source in SOURCES.items()}


def named(claims):
    return {"argvalues": claims, "ids": [f"{name}-{claim.id}" for name, claim in claims]}


def printed(source: str, claim: Claim, variants: list[str]) -> bool:
    return all((claim.study, variant, *need) in PAPERS[source] for need in claim.needs() for variant in variants)


def margin(name: str, claim: Claim, variants: list[str]) -> float:
    """What the paper's numbers leave, as if each were the one run of its variant."""
    source, relation = SOURCES[name], find_relation(claim.relation)
    axis = source.study(claim.study).axis
    settings = [get(source.resolve(each, "paper", claim.study), axis.field) for each in variants if axis]
    measured = []
    for side, metric in claim.needs():
        values = np.array([[PAPERS[name][claim.study, each, side, metric].value] for each in variants])
        scaled = values if relation.plain else STATISTICS[metric].to_scale(values)
        places = list(range(len(variants)))
        runs = Runs(scaled, np.zeros((len(variants), 1, 1)), tuple(places))
        measured.append(Measured(runs, places, sign_of(claim, metric), settings))
    ask = relation.test if variants == claim.variants else relation.control
    return ask(claim, measured).effect.estimate


@pytest.mark.parametrize(("source", "claim"), **named(CLAIMS))
def test_holds_in_the_papers_numbers_if_there_are_any(source, claim):
    assert claim.in_words == (not printed(source, claim, claim.variants))
    if not claim.in_words:
        assert margin(source, claim, claim.variants) > (-ROUNDING if claim.tolerance else 0)


@pytest.mark.parametrize(("source", "claim"), **named(TOLERANT))
def test_a_control_fails_in_the_papers_numbers_if_there_are_any(source, claim):
    if not printed(source, claim, claim.control):
        pytest.skip("the paper does not print them")
    assert margin(source, claim, claim.control) < 0


@pytest.mark.parametrize(("source", "claim"), **named(TOLERANT))
def test_a_tolerance_is_a_quarter_of_what_the_paper_ranges_over_or_its_own_difference(source, claim):
    if find_relation(claim.relation).of_setting or not printed(source, claim, [*claim.variants, *claim.control]):
        pytest.skip("it is a share, or the paper does not print the values")
    (need,) = claim.needs()
    values = {key[1]: each.value for key, each in PAPERS[source].items() if (key[0], *key[2:]) == (claim.study, *need)}
    own = [values.pop(name) for name in claim.variants]
    assert claim.tolerance <= max(np.ptp([*own, *values.values()]) / 4, np.ptp(own)) + ROUNDING


@pytest.mark.parametrize("source", SOURCES)
def test_a_paper_is_read_for_one_claim(source):
    claims = [claim for name, claim in CLAIMS if name == source]
    of_paper = any(claim.origin == "paper" for claim in claims)
    assert sum(claim.primary for claim in claims) == of_paper


def test_the_point_that_longcats_two_figures_share_is_one_point():
    paper = PAPERS["longcat"]
    shared = {study: {key[2:]: value.value for key, value in paper.items() if key[:2] == (study, "dim64")}
              for study in ("fig3", "fig4")}
    assert shared["fig3"] == shared["fig4"]
    assert len(shared["fig3"]) == 8
