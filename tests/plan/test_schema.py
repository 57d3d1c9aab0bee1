"""Study files: how a variant's config is put together, and one clear line for each mistake."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Literal

import pytest
import yaml
from pydantic import Field

from shared.config import ConfigError, Strict
from shared.plan.dotted import merge
from shared.plan.schema import Source, load_sources

ROOT = Path(__file__).parents[2]


class Small(Strict):
    family: Literal["small"]
    dim: int = Field(gt=0)


class Large(Strict):
    family: Literal["large"]
    dim: int = Field(gt=0)
    strides: tuple[int, ...] = ()


class Config(Strict):
    """A stand-in for VariantConfig."""

    sample_rate: int
    model: Annotated[Small | Large, Field(discriminator="family")]
    steps: int = 10


STUDY = {
    "source": "toy",
    "title": "Toy",
    "paper": "none",
    "studies": {"fig1": {"title": "Size", "variants": ["a", "b"], "axis": {"label": "dim", "field": "model.dim"}}},
    "variants": {
        "a": {"label": "A", "paper": {"model.dim": 64}, "cpu": {"model.dim": 4}},
        "b": {"label": "B", "all": {"steps": 7}, "paper": {"model.dim": 128}, "cpu": {"model.dim": 8}},
    },
    "scales": {
        "paper": {"sample_rate": 24000, "model": {"family": "large", "dim": 64, "strides": [2, 4]}},
        "cpu": {"extends": "paper", "sample_rate": 16000, "model": {"family": "small", "dim": 4}},
        "smoke": {"extends": "cpu", "steps": 2},
    },
    "guesses": {"model.strides": "not published"},
}


@pytest.fixture
def write(tmp_path):
    """Write a study (changed by a function) with the files beside it, and load it."""

    def make(change=lambda study: None, layout="def fig1(table):\n    pass\n"):
        study = yaml.safe_load(yaml.safe_dump(STUDY))
        change(study)
        folder = tmp_path / "toy"
        folder.mkdir(exist_ok=True)
        (folder / "study.yaml").write_text(yaml.safe_dump(study))
        (folder / "figures.py").write_text(layout)
        return Source(folder / "study.yaml", Config)

    return make


def test_a_scale_changes_its_config_for_one_study_alone_and_so_do_those_that_extend_it(write):
    def second_study(study):
        study["studies"]["fig2"] = {"title": "Steps", "variants": ["a"]}
        study["scales"]["cpu"]["studies"] = {"fig2": {"steps": 99, "model": {"dim": 2}}}
        study["scales"]["smoke"]["studies"] = {"fig2": {"steps": 3}}

    source = write(second_study, "def fig1(table):\n    pass\n\ndef fig2(table):\n    pass\n")
    assert [source.resolve("a", scale, "fig2").steps for scale in ("paper", "cpu", "smoke")] == [10, 99, 3]
    assert source.resolve("a", "smoke", "fig1").steps == 2 and source.resolve("a", "cpu").steps == 10
    # What a study varies comes last.
    assert source.resolve("a", "cpu", "fig2").model.dim == 4
    assert source.resolve("a", "cpu", "fig2", changes={"steps": 5}).steps == 5


def test_variant_overrides_of_the_nearest_scale(write):
    source = write()
    assert source.resolve("a", "paper").model.dim == 64
    assert source.resolve("a", "cpu").model.dim == 4
    assert source.resolve("a", "smoke") == Config(sample_rate=16000, model=Small(family="small", dim=4), steps=2)


def test_a_variant_changes_one_item_of_a_list(write):
    def change(study):
        study["variants"]["b"]["paper"] = {"model.strides.1": 8}

    source = write(change)
    assert [source.resolve(variant, "paper").model.strides for variant in "ab"] == [(2, 4), (2, 8)]


def test_an_item_past_the_end_of_a_list_is_refused(write):
    with pytest.raises(ConfigError, match=r"model\.large\.strides: Input should be a valid tuple"):
        write(lambda study: study["variants"]["b"].update(paper={"model.strides.2": 8}))


def test_overrides_for_all_scales_come_on_top_of_the_scale(write):
    source = write()
    assert source.resolve("b", "smoke").steps == 7
    # Resolving one variant leaves no trace in the next.
    assert source.resolve("a", "smoke").steps == 2


def test_another_family_replaces_the_whole_model(write):
    assert merge({"m": {"kind": "x", "only_x": 1}}, {"m": {"kind": "y"}}) == {"m": {"kind": "y"}}
    assert merge({"m": {"kind": "x", "a": 1}}, {"m": {"a": 2}}) == {"m": {"kind": "x", "a": 2}}


def _set(path, value):
    def change(study):
        *parents, last = path.split("/")
        for part in parents:
            study = study[part]
        study[last] = value

    return change


MISTAKES = {
    "unknown key": (_set("scales/cpu/stepz", 3), "stepz: unknown key; did you mean 'steps'?"),
    "unknown key of a model": (_set("variants/a/cpu", {"model.dmi": 3}), "dmi: unknown key; did you mean 'dim'?"),
    "negative dim": (_set("variants/a/cpu", {"model.dim": -4}), "dim: Input should be greater than 0 (got -4)"),
    "unknown variant": (_set("studies/fig1/variants", ["a", "c1"]), "studies.fig1.variants: no variant 'c1'"),
    "label of nothing": (_set("studies/fig1/labels", {"z": "Z"}), "studies.fig1.labels: no variant 'z'"),
    "seeds at no scale": (_set("studies/fig1/seeds", {"cup": [0]}), "studies.fig1.seeds: no scale 'cup'"),
    "no seeds": (_set("studies/fig1/seeds", {"cpu": []}), "studies.fig1.seeds.cpu: List should have at least 1 item"),
    "unknown scale": (_set("variants/a/cup", {}), "variants.a: no scale 'cup'; did you mean 'cpu'?"),
    "unknown study of a scale": (_set("scales/cpu/studies", {"fig": {}}), "scales.cpu.studies: no study 'fig'"),
    "variant of no study": (_set("variants/c", {"label": "C", "cpu": {"stepz": 1}}), "stepz: unknown key"),
    "unknown parent scale": (_set("scales/cpu/extends", "papr"), "scales: no 'papr'; did you mean 'paper'?"),
    "circle": (_set("scales/paper/extends", "cpu"), "goes in a circle"),
    "guess of nothing": (_set("guesses", {"model.stride": "x"}), "'model.stride'; did you mean 'model.strides'?"),
    "axis of nothing": (_set("studies/fig1/axis/field", "model.dime"), "'model.dime'; did you mean 'model.dim'?"),
    "top-level typo": (_set("studeis", {}), "studeis: unknown key; did you mean 'studies'?"),
    "another folder": (_set("source", "other"), "must equal its folder's name 'toy'"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_is_one_clear_line(write, name):
    change, expected = MISTAKES[name]
    with pytest.raises(ConfigError) as caught:
        write(change)
    lines = str(caught.value).splitlines()
    assert any(expected in line for line in lines), lines
    assert all("study.yaml" in line for line in lines)


def test_missing_layout_function_is_found_before_training(write):
    with pytest.raises(ConfigError, match=r"figures.py: no function fig1\(table\)"):
        write(layout="def fig2(table):\n    pass\n")


def test_yaml_error_names_the_line(tmp_path):
    folder = tmp_path / "toy"
    folder.mkdir()
    (folder / "study.yaml").write_text("source: toy\nstudies: [\n")
    with pytest.raises(ConfigError, match=r"study.yaml:\d+: not valid YAML"):
        Source(folder / "study.yaml", Config)


def test_no_sources_at_all(tmp_path):
    with pytest.raises(ConfigError, match=r"no <source>/study\.yaml"):
        load_sources(tmp_path)


def test_every_source_here_is_valid_at_each_of_its_scales():
    sources = load_sources(ROOT / "replications")
    assert "longcat" in sources


def test_reading_and_planning_studies_waits_for_no_large_library():
    large = "{'torch', 'transformers', 'datasets', 'pandas', 'matplotlib', 'scipy.signal', 'scipy.spatial', 'joblib'}"
    code = f"import sys, shared.plan.workflow; print({large} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "set()", done.stdout + done.stderr
