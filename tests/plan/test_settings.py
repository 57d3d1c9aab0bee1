"""What is typed after `snakemake --config` arrives as it was typed, or is refused in one line before any job."""

import pytest

from shared.plan.workflow import load_plan, load_settings


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


@pytest.mark.parametrize(("typed", "config", "wrong"), [
    ("scale=smok", {"scale": "smok"}, "params.yaml or --config: scale: no 'smok'; did you mean 'smoke'?"),
    ("sale=cpu", {"sale": "cpu"}, "--config: sale: unknown key; did you mean 'scale'?"),
    ("seeds=one", {"seeds": "one"}, "--config: seeds.0: Input should be a valid integer"),
    ("corpus=./nowhere", {"corpus": "./nowhere"}, "params.yaml or --config: corpus: ./nowhere is not a folder"),
    ("corpus=2024", {"corpus": 2024}, "params.yaml or --config: corpus: 2024 is no folder here, none of libritts, "),
])  # fmt: skip
def test_a_mistake_is_one_line_that_names_the_setting(typed, config, wrong):
    with pytest.raises(SystemExit) as stopped:
        load_plan(load_settings(config, (typed,)))
    assert wrong in str(stopped.value) and "\n" not in str(stopped.value)
