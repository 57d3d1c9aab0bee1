"""What a config says beyond its defaults, and what is said of a wrong one."""

from typing import Annotated, Literal

import pytest
from pydantic import Field

from shared.config import ConfigError, Role, Strict, differences, digest, parse


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
