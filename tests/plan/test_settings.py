"""What is typed after `snakemake --config` arrives as it was typed, or is refused in one line before any job."""

import pytest

from shared.plan.workflow import load_settings


def settings(*typed, **config):
    """What `snakemake --config TYPED` comes to, `config` being what Snakemake makes of it; else the error's text."""
    try:
        return load_settings(config, typed)
    except SystemExit as stopped:
        return str(stopped)


@pytest.mark.parametrize(("path", "parsed"), [
    ("2024", 2024),
    ("1e3", 1000.0),
    ("/music/set #1", "/music/set"),
    ("/a: b", {"/a": "b"}),
    ("[live] takes", ["live"]),
    ("/my audio", "/my audio"),
    ("/a=b", "/a=b"),
    ("007", 7),
])  # fmt: skip
def test_a_corpus_is_taken_as_typed(path, parsed):
    assert settings("scale=smoke", f"corpus={path}", corpus=parsed).corpus == path
    assert settings(f"corpus='{path}'", corpus=parsed).corpus == path


def test_a_label_that_looks_like_a_number_is_a_name():
    assert settings("label=2024", label=2024).label == "2024"
    assert settings(label="x").label == "x"


def test_null_is_what_it_says():
    nulls = dict.fromkeys(["corpus", "seeds", "label", "max_rejected"], "null")
    found = settings("corpus=null", "seeds=null", **nulls)
    assert (found.corpus, found.seeds, found.label, found.max_rejected) == (None, None, None, None)
    assert settings("corpus=", corpus=None).corpus is None


@pytest.mark.parametrize(("seeds", "wrong"), [
    (-1, "seeds.0: Input should be greater than or equal to 0 (got -1)"),
    ("0,-3", "seeds.1: Input should be greater than or equal to 0 (got -3)"),
    ([2**31], "seeds.0: Input should be less than 2147483648"),
    ("[]", "seeds.0: Input should be a valid integer"),
    ([], "seeds: List should have at least 1 item"),
    (0.5, "seeds: Input should be a valid list"),
])  # fmt: skip
def test_seeds_that_no_training_takes_are_refused(seeds, wrong):
    assert wrong in settings(seeds=seeds)
