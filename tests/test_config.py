"""What a config says beyond its defaults, and what is said of a wrong one."""

from typing import Annotated, ClassVar, Literal

import pytest
from pydantic import Field, TypeAdapter

from shared.config import MODEL, ConfigError, Name, Role, Strict, differences, digest, parse


class Inner(Strict):
    """Part of a config."""

    width: int = 4
    ratio: float = 1.0
    compiled: Annotated[bool, Role.EXECUTION] = False


class Tagged(Strict):
    """One of several kinds."""

    kind: Literal["tagged"] = "tagged"
    size: int = 1


class Outer(Strict):
    """A config."""

    steps: int
    inner: Inner = Inner(width=8)
    plain: Inner | None = None
    several: tuple[Inner, ...] = ()
    tagged: Tagged = Field(default_factory=Tagged)
    model: Annotated[str | Inner | None, Role.MODEL] = "hub/id"


@pytest.mark.parametrize(("given", "expected"), [
    ({}, {}),
    ({"inner": {"width": 8, "ratio": 1}}, {}),
    ({"inner": {"width": 8, "compiled": True}}, {}),
    ({"inner": {}}, {"inner": {}}),
    ({"inner": {"width": 8, "ratio": 2.0}}, {"inner": {"width": 8, "ratio": 2.0}}),
    ({"plain": {}}, {"plain": {}}),
    ({"several": [{}, {"width": 5}]}, {"several": [{}, {"width": 5}]}),
    ({"tagged": {"size": 2}}, {"tagged": {"kind": "tagged", "size": 2}}),
    ({"model": "other/id"}, {"model": "other/id"}),
    ({"model": {"width": 5}}, {"model": {"width": 5}}),
    ({"model": None}, {"model": None}),
])  # fmt: skip
def test_only_what_differs_is_said_at_any_depth(given, expected):
    found = differences(Outer.model_validate({"steps": 3, **given}))
    assert found == {"steps": 3, **expected}
    assert digest(found)


def test_configs_are_found_in_what_holds_them():
    assert differences({"a": [Inner(width=5), 1], "b": None}) == {"a": [{"width": 5}, 1], "b": None}


def test_something_may_stand_for_a_model_even_by_default():
    def content(role, field, text):
        return f"{role.value} {field} {text}"

    found = differences({"outer": Outer(steps=3)}, content)
    assert found == {"outer": {"steps": 3, "model": "model outer.model hub/id"}}


class Wider(Inner):
    """`Inner` with a field more."""

    new: int = 0


def test_a_new_field_with_a_default_changes_nothing():
    assert differences(Wider(width=5)) == differences(Inner(width=5))


def test_an_unknown_key_in_a_list_that_could_be_one_thing_is_named():
    class Either(Strict):
        inner: list[Inner] | Inner

    with pytest.raises(ConfigError, match="widht: unknown key; did you mean 'width'"):
        parse(Either, {"inner": [{"widht": 1}]}, "here")


class Sized(Strict):
    """A config with a number of each kind."""

    count: int = 1
    share: float | Literal["std"] = 0.5
    on: bool = True
    pair: tuple[int, ...] = ()
    by_seed: dict[int, float] = Field(default_factory=dict)
    inner: Inner = Inner()


@pytest.mark.parametrize(("given", "field"), [
    ({"count": True}, "count"), ({"count": "3"}, "count"), ({"count": 3.0}, "count"),
    ({"share": float("inf")}, "share"), ({"share": float("nan")}, "share"), ({"share": "0.5"}, "share"),
    ({"share": False}, "share"), ({"on": "yes"}, "on"), ({"on": 1}, "on"), ({"pair": [1, True]}, "pair.1"),
    ({"by_seed": {"0": True}}, "by_seed.0"), ({"inner": {"ratio": "1"}}, "inner.ratio"),
    ({"inner": {"width": True}}, "inner.width"),
])  # fmt: skip
def test_a_number_is_finite_and_nothing_else(given, field):
    with pytest.raises(ConfigError, match=rf"^f: {field}.*: Input should be a"):
        parse(Sized, given, "f")


def test_json_has_no_nan_either_and_its_keys_are_text():
    with pytest.raises(ValueError, match="finite number"):
        Sized.model_validate_json('{"share": NaN}')
    assert Sized.model_validate_json('{"by_seed": {"0": 1}, "pair": [2]}').by_seed == {0: 1.0}


def test_a_row_of_a_csv_file_has_its_numbers_as_text():
    class Cells(Strict):
        FROM_TEXT: ClassVar[bool] = True
        count: int

    assert Cells.model_validate({"count": "3"}).count == 3


@pytest.mark.parametrize("name", ["", "../up", "a b", "-x", "x-", ".", "a/b", "a\nb", "x\n", "é", "x" * 65, "$(true)"])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(ValueError, match="is no name"):
        TypeAdapter(Name).validate_python(name)


def test_names_and_models_that_are_fine():
    assert [TypeAdapter(Name).validate_python(name) for name in ("x", "dim64-cfg", "rate7.81", "a__b", "x" * 64)]
    for model in ("gpt2", "openai/whisper-large-v3", "./asr", "/models/asr", "~/asr", "a/b/model.safetensors"):
        assert TypeAdapter(Annotated[str, *MODEL]).validate_python(model) == model


@pytest.mark.parametrize("model", ["", "no such model", "-x", "a/b c", "*", "owner/"])
def test_what_can_be_no_model_is_refused(model):
    with pytest.raises(ValueError, match="no model's id on the hub"):
        TypeAdapter(Annotated[str, *MODEL]).validate_python(model)
