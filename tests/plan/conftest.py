"""LongCat's plan, which the tests of plans edit."""

from pathlib import Path

import pytest

from shared.plan.plan import Plan
from shared.plan.schema import load_sources

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def sources():
    return {"longcat": load_sources(ROOT / "replications")["longcat"]}


@pytest.fixture
def plan(sources):
    return Plan(sources, "smoke", [0])
