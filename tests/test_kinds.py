"""Kinds of configs are found by the names of their modules."""

import sys
from typing import Annotated

import pytest
from pydantic import Field

from shared.config import ConfigError, Strict, parse
from shared.kinds import by_key, modules_named, of_kind

LATE = '''"""A kind that nothing lists."""

from typing import Literal

from tests_made_up_kinds.config import Shape


class Square(Shape):
    """Of four sides."""

    kind: Literal["square"]
    side: float = 1.0


def area(config):
    """In square metres."""
    return config.side**2
'''
APART = '''"""A kind whose config is read without the rest."""

from typing import Literal

from tests_made_up_kinds.config import Shape


class Oval(Shape):
    """Of two radii."""

    kind: Literal["oval"]
    weight: float = 1.0
'''
CONFIG = '''"""Configs that need no module."""

from typing import ClassVar, Literal

from shared.kinds import Kind


class Shape(Kind):
    """The base."""

    PACKAGE: ClassVar[str] = "tests_made_up_kinds"
    kind: str


class Circle(Shape):
    """Of one side."""

    kind: Literal["circle"]
    radius: float
'''


@pytest.fixture
def drawing(tmp_path, monkeypatch):
    """A config with shapes of the kinds that lie in a package made here: its class."""
    folder = tmp_path / "tests_made_up_kinds"
    folder.mkdir()
    (folder / "config.py").write_text(CONFIG)
    (folder / "square.py").write_text(LATE)
    (folder / "oval_config.py").write_text(APART)
    (folder / "oval.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.startswith("tests_made_up_kinds")]:
        monkeypatch.delitem(sys.modules, name)
    from tests_made_up_kinds.config import Shape

    class Drawing(Strict):
        first: Shape
        others: tuple[Shape, ...] = ()
        last: Shape | None = None
        oval: Annotated[Shape | None, *of_kind("oval")] = None
        named: Annotated[dict[str, Shape], *by_key(Shape)] = Field(default_factory=dict)

    return Drawing


def test_a_kind_is_found_when_it_is_named_and_not_before(drawing):
    parse(drawing, {"first": {"kind": "circle", "radius": 1}}, "f.yaml")
    assert "tests_made_up_kinds.square" not in sys.modules
    found = parse(drawing, {"first": {"kind": "circle", "radius": 1}, "last": {"kind": "square", "side": 3}}, "f.yaml")
    assert found.last.module.area(found.last) == 9
    assert modules_named(found) == {"tests_made_up_kinds.circle", "tests_made_up_kinds.square"}


def test_it_is_written_with_all_fields_of_its_kind(drawing):
    given = {"first": {"kind": "square"}, "others": [{"kind": "circle", "radius": 2.0}], "last": None}
    found = parse(drawing, given, "f.yaml")
    rest = {"oval": None, "named": {}}
    assert found.model_dump(mode="json") == given | rest | {"first": {"kind": "square", "side": 1.0}}
    assert found.model_dump(mode="json", exclude_defaults=True) == {name: given[name] for name in ("first", "others")}
    assert parse(drawing, found.model_dump(mode="json"), "f.yaml") == found


def test_a_config_that_lies_beside_its_module_is_read_without_it(drawing):
    found = parse(drawing, {"first": {"kind": "oval"}}, "f.yaml")
    assert modules_named(found) == {"tests_made_up_kinds.oval"} and "tests_made_up_kinds.oval" not in sys.modules


def test_a_field_or_a_key_says_a_kind_that_is_then_not_written(drawing):
    named = {"oval": {"weight": 2.0}, "other": {"kind": "circle", "radius": 3.0}}
    given = {"first": {"kind": "circle", "radius": 1.0}, "oval": {"weight": 3.0}, "named": named}
    off = {"square": None, "more": {"kind": "oval", "weight": 0}}
    found = parse(drawing, given | {"named": named | off}, "f.yaml")
    assert [each.kind for each in (found.oval, *found.named.values())] == ["oval", "oval", "circle"]
    assert found.model_dump(mode="json", exclude_defaults=True) == given
    assert parse(drawing, found.model_dump(mode="json"), "f.yaml") == found
    assert modules_named(found) == {"tests_made_up_kinds.oval", "tests_made_up_kinds.circle"}


@pytest.mark.parametrize(("named", "message"), [
    ({"ovl": {}}, "named.ovl: no kind 'ovl'; did you mean 'oval'?"),
    ({"oval": {"weigth": 2}}, "named.oval.weigth: unknown key; did you mean 'weight'?"),
    ({"ovl": None}, "named: no kind 'ovl'; did you mean 'oval'?"),
    ({"oval": {"weigth": 2, "weight": 0}}, "named.weigth: unknown key"),
    ([], "named: Input should be a valid dictionary"),
])  # fmt: skip
def test_what_is_wrong_under_a_key_is_named_with_it(drawing, named, message):
    with pytest.raises(ConfigError) as failed:
        parse(drawing, {"first": {"kind": "circle", "radius": 1}, "named": named}, "f.yaml")
    assert f"f.yaml: {message}" in str(failed.value)


@pytest.mark.parametrize(("first", "message"), [
    ({"kind": "circel", "radius": 1}, "first: no kind 'circel'; did you mean 'circle'?"),
    ({"radius": 1}, "first: kind is missing; known: circle, oval, square"),
    ("circle", "first: should be a mapping with a kind"),
    ({"kind": "circle", "radius": "wide"}, "first.radius: Input should be a valid number"),
    ({"kind": "circle", "radius": 1, "radus": 1}, "first.radus: unknown key; did you mean 'radius'?"),
])  # fmt: skip
def test_what_is_wrong_is_named_with_its_field(drawing, first, message):
    with pytest.raises(ConfigError) as failed:
        parse(drawing, {"first": first}, "f.yaml")
    assert f"f.yaml: {message}" in str(failed.value)
