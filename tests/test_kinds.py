"""Kinds of configs are found by the names of their modules."""

import sys

import pytest

from shared.config import ConfigError, Strict, parse
from shared.kinds import modules_named

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
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.startswith("tests_made_up_kinds")]:
        monkeypatch.delitem(sys.modules, name)
    from tests_made_up_kinds.config import Shape

    class Drawing(Strict):
        first: Shape
        others: tuple[Shape, ...] = ()
        last: Shape | None = None

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
    assert found.model_dump(mode="json") == given | {"first": {"kind": "square", "side": 1.0}}
    assert found.model_dump(mode="json", exclude_defaults=True) == {name: given[name] for name in ("first", "others")}
    assert parse(drawing, found.model_dump(mode="json"), "f.yaml") == found


@pytest.mark.parametrize(("first", "message"), [
    ({"kind": "circel", "radius": 1}, "first: no kind 'circel'; did you mean 'circle'?"),
    ({"radius": 1}, "first: kind is missing; known: circle, square"),
    ("circle", "first: should be a mapping with a kind"),
    ({"kind": "circle", "radius": "wide"}, "first.radius: Input should be a valid number"),
    ({"kind": "circle", "radius": 1, "radus": 1}, "first.radus: unknown key; did you mean 'radius'?"),
])  # fmt: skip
def test_what_is_wrong_is_named_with_its_field(drawing, first, message):
    with pytest.raises(ConfigError) as failed:
        parse(drawing, {"first": first}, "f.yaml")
    assert f"f.yaml: {message}" in str(failed.value)
