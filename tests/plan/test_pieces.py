"""Pieces that study files share: what extends what, and one clear line for each mistake."""

from pathlib import Path

import pytest
import yaml

from shared.config import ConfigError
from shared.plan.pieces import load_study
from shared.plan.schema import Source
from tests.plan.test_schema import STUDY, Config
from tests.sources import SOURCES

REPLICATIONS = Path(__file__).parents[2] / "replications"
BASE = {
    "models": {"small": {"family": "small", "dim": 4}, "wide": {"extends": "models.small", "dim": 8}},
    "scales": {"cpu": {"sample_rate": 16000, "model": {"extends": "models.wide"}}, "short": {"steps": 1}},
    "variants": {"seven": {"label": "7", "all": {"steps": 7}}},
    "guesses": {"toy": {"steps": "not published"}},
}


@pytest.fixture
def write(tmp_path):
    """Write a study and the pieces beside its folder, and load it."""

    def make(study, base=BASE):
        folder = tmp_path / "toy"
        folder.mkdir()
        (folder / "study.yaml").write_text(yaml.safe_dump(STUDY | study))
        (folder / "figures.py").write_text("def fig1(table):\n    pass\n")
        if base is not None:
            (tmp_path / "base.yaml").write_text(yaml.safe_dump(base))
        return Source(folder / "study.yaml", Config)

    return make


def scales(**scale):
    return {"scales": STUDY["scales"] | {"cpu": scale}}


def variants(**more):
    return {"variants": STUDY["variants"] | more}


def test_a_config_starts_from_a_piece_and_what_else_it_says_goes_over_it(write):
    source = write(scales(sample_rate=8000, model={"extends": "models.wide"}, extends="scales.cpu"))
    assert source.resolve("b", "smoke").model_dump() == {
        "sample_rate": 8000, "model": {"family": "small", "dim": 8}, "steps": 7,
    }  # fmt: skip
    assert source.pieces.used == {"scales.cpu", "models.wide", "models.small"}


def test_a_scale_extends_another_of_its_file_and_pieces_the_later_over_the_earlier(write):
    source = write(scales(extends=["paper", "scales.cpu", "scales.short"], model={"dim": 2}))
    config = source.resolve("a", "cpu")
    assert (config.sample_rate, config.steps, config.model.family) == (16000, 1, "small")
    # Overrides go by the scales of the file: `a` has those of cpu, which hold at smoke, too.
    assert config.model.dim == source.resolve("a", "smoke").model.dim == 4


def test_a_variant_has_the_overrides_of_those_it_extends(write):
    source = write(
        variants(
            c={"extends": "b", "label": "C", "cpu": {"steps": 3}},
            d={"extends": ["c", "variants.seven"], "label": "D", "paper": {"model.strides.0": 8}},
        )
    )
    assert source.file.variants["d"].overrides == {
        "all": {"steps": 7}, "paper": {"model.dim": 128, "model.strides.0": 8}, "cpu": {"model.dim": 8, "steps": 3},
    }  # fmt: skip
    assert [source.resolve(variant, "cpu").steps for variant in "bcd"] == [7, 3, 3]
    assert source.file.variants["d"].label == "D"


def test_guesses_extend_pieces(write):
    guesses = write({"guesses": {"extends": "guesses.toy", "model.strides": "ours"}}).file.guesses
    assert guesses == {"steps": "not published", "model.strides": "ours"}


def test_a_study_that_names_no_piece_needs_no_file_of_them(write):
    assert not write({}, base=None).pieces.used


def test_a_study_with_its_pieces_in_it_stands_alone(write):
    source = write(scales(extends=["paper", "scales.cpu"]) | variants(c={"extends": "b", "label": "C"}))
    alone = load_study(source.path)
    assert alone["scales"]["cpu"]["extends"] == "paper" and "models" not in yaml.safe_dump(alone)
    source.path.write_text(yaml.safe_dump(alone))
    (source.folder.parent / "base.yaml").unlink()
    assert Source(source.path, Config).resolve_all("smoke") == source.resolve_all("smoke")


MISTAKES = {
    "no such piece": (scales(model={"extends": "models.smal"}),
                      "toy/study.yaml: scales.cpu.model.extends: no 'models.smal'; did you mean 'models.small'?"),
    "in a list": (scales(strides=[{"extends": "models.smal"}]), "scales.cpu.strides.0.extends: no 'models.smal'"),
    "no such piece of a scale": (scales(extends="scales.gpu"), "scales.cpu.extends: no 'scales.gpu'; did you"),
    "two scales": (scales(extends=["paper", "smoke"]), "scales.cpu.extends: paper and smoke are two scales of this"),
    "a scale inside one": (scales(model={"extends": "paper"}), "scales.cpu.model.extends: no 'paper'"),
    "no such variant": (variants(c={"extends": "bb", "label": "C"}), "variants.c.extends: no 'bb'; did you mean 'b'?"),
    "variants in a circle": (variants(c={"extends": "d"}, d={"extends": "c"}), "c extends d extends c goes in a"),
    "no mapping": (variants(b=None, c={"extends": "b", "label": "C"}), "study.yaml: variants.b: Input should be"),
    "no name": (scales(extends={"models": "small"}), "scales.cpu.extends: must be a name or a list of names (got {'"),
    "a wrong piece": (scales(extends="scales.cpu", model={"size": 3}),
                      "(with {base}): variant a at scale cpu in study fig1: model.small.size: unknown key"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_is_one_clear_line(write, name, tmp_path):
    study, expected = MISTAKES[name]
    with pytest.raises(ConfigError) as caught:
        write(study)
    lines = str(caught.value).splitlines()
    assert any(expected.replace("{base}", str(tmp_path / "base.yaml")) in line for line in lines), lines


BROKEN = {
    "no file": (None, "no 'models.wide'; pieces are in {base}, and there is no such file"),
    "pieces in a circle": (
        {"models": {"wide": {"extends": "models.small"}, "small": {"x": {"extends": "models.wide"}}}},
        "{base}: models.small.x: models.wide extends models.small extends models.wide goes in a circle",
    ),
    "a piece of a piece": ({"models": {"wide": {"extends": "models.w"}}}, "{base}: models.wide.extends: no 'models.w'"),
    "no mapping": ({"models": {"wide": [8]}}, "{base}: models.wide: must be a mapping (got [8])"),
    "no section": ({"models": None}, "{base}: models: must be a mapping (got None)"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_with_the_pieces_names_their_file(write, name, tmp_path):
    base, expected = BROKEN[name]
    with pytest.raises(ConfigError) as caught:
        write(scales(model={"extends": "models.wide"}), base)
    assert expected.replace("{base}", str(tmp_path / "base.yaml")) in str(caught.value)


def test_every_piece_here_is_named():
    sources = SOURCES.values()
    unused = set(next(iter(sources)).pieces.known) - set().union(*(source.pieces.used for source in sources))
    assert not unused, f"{REPLICATIONS / 'base.yaml'}: nothing extends {', '.join(sorted(unused))}; drop it"


def test_there_is_one_way_to_say_a_thing_once():
    for path in [REPLICATIONS / "base.yaml", *REPLICATIONS.glob("*/study.yaml")]:
        anchors = [token.value for token in yaml.scan(path.read_text()) if isinstance(token, yaml.AnchorToken)]
        assert not anchors, f"{path}: &{anchors[0]}: name a piece of base.yaml, or let a variant extend another"
