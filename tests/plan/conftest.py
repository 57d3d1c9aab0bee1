"""LongCat's plan, which the tests of plans edit."""

from pathlib import Path

import pytest

from shared.plan.plan import Plan
from tests.sources import SOURCES

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def sources():
    return {"longcat": SOURCES["longcat"]}


@pytest.fixture
def plan(sources):
    return Plan(sources, "smoke", [0])
