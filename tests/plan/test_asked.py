"""What is asked of a corpus: of what Snakemake will run, by models that learn from the corpus."""

from types import SimpleNamespace

import pytest

from shared.plan.plan import Plan
from shared.plan.workflow import asked_of, say_left_out
from tests.sources import SOURCES

RULES = {"scores": "score", "samples": "sample"}


def dag_of(plan, *kinds):
    """The jobs of these kinds as Snakemake has them."""
    places = [place for place in plan.jobs if place[1] in kinds]
    wildcards = [SimpleNamespace(owner=owner, key=key) for owner, _, key in places]
    rules = [SimpleNamespace(name=RULES.get(kind, kind)) for _, kind, _ in places]
    pairs = zip(rules, wildcards, strict=True)
    return SimpleNamespace(jobs=[SimpleNamespace(rule=rule, wildcards=each) for rule, each in pairs])


def corpora_of(plan):
    return [job.output for job in plan.jobs.values() if job.kind == "corpus"]


@pytest.fixture(scope="module")
def plan():
    return Plan({"longcat": SOURCES["longcat"]}, "smoke", [0])


def test_scores_ask_for_their_metrics(plan):
    (corpus,) = corpora_of(plan)
    asked = asked_of(plan, dag_of(plan, "scores", "samples", "autoencoder"), corpus)
    assert {"wer", "sim", "pesq"} <= set(asked) and [*asked] == sorted(asked)
    assert asked_of(plan, dag_of(plan, "scores"), "another/manifest.json") == {}


def test_where_corpora_alone_are_made_all_of_the_plan_asks(plan):
    (corpus,) = corpora_of(plan)
    assert asked_of(plan, dag_of(plan, "corpus"), corpus) == asked_of(plan, dag_of(plan, "scores"), corpus)


def test_a_model_of_the_hub_asks_nothing_of_the_corpus():
    plan = Plan({"longcat": SOURCES["longcat"]}, "paper", [0])
    asked = {metric for corpus in corpora_of(plan) for metric in asked_of(plan, dag_of(plan, "scores"), corpus)}
    assert "pesq" in asked and not asked & {"sim", "wer"}


def test_swapped_prompts_need_a_third_text():
    swapped = [name for name, source in SOURCES.items() if "swapped" in source.path.read_text()]
    assert swapped
    for name in swapped:
        plan = Plan({name: SOURCES[name]}, "smoke", [0])
        asked = [asked_of(plan, dag_of(plan, "samples"), corpus) for corpus in corpora_of(plan)]
        assert {"swapped": "three_texts"} in asked


def test_only_what_was_asked_for_is_said_to_be_left_out(capsys):
    plan = Plan(SOURCES, "smoke", [0], "musdb")

    def said(*outputs, rule="publish_figure"):
        jobs = [SimpleNamespace(rule=SimpleNamespace(name=rule), output=outputs)]
        say_left_out(plan, SimpleNamespace(jobs=jobs))
        return capsys.readouterr().err

    assert said("figures/longcat_fig3.pdf") == ""
    for rule in ("all", "same"):
        assert said(rule=rule).startswith("figures/same_table2.pdf is left out: ")
    plan = Plan(SOURCES, "smoke", [0], "clotho")
    assert said("figures/same_table2.pdf") == "figures/same_table2.pdf goes without chroma: recordings have no notes\n"
    assert said("figures/longcat_fig3.pdf") == ""
