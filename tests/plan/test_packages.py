"""A package that a metric needs and that is missing ends the program before anything is trained."""

import sys
from types import SimpleNamespace

import pytest

from shared.metrics.distillmos import PredictedQuality
from shared.plan.workflow import check_packages


def job(rule: str) -> SimpleNamespace:
    return SimpleNamespace(rule=SimpleNamespace(name=rule), wildcards=SimpleNamespace(owner="longcat", key="k"))


def check(rule: str, monkeypatch, python: str = sys.executable) -> None:
    monkeypatch.setattr(PredictedQuality, "package", "no_such_package")
    monkeypatch.setenv("REPLICATE_PYTHON", python)
    scores = SimpleNamespace(spec={"metrics": ["stoi", "distillmos"]})
    check_packages(SimpleNamespace(job=lambda *name: scores), SimpleNamespace(needrun_jobs=lambda: [job(rule)]))


def test_before_a_scoring_job(monkeypatch):
    with pytest.raises(SystemExit, match="error: the metric distillmos needs the package no_such_package"):
        check("score", monkeypatch)


def test_not_without_one_or_where_another_python_runs_it(monkeypatch):
    check("encode", monkeypatch)
    check("score", monkeypatch, "/usr/bin/another/python")
