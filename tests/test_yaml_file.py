"""YAML that people write: plain values are what they look like, and what is damaged or said twice is one line."""

import pytest

from shared.config import ConfigError
from shared.yaml_file import load_yaml, parse_yaml


@pytest.mark.parametrize(("text", "value"), [
    ("1:30", "1:30"), ("no", "no"), ("012", 12), ("1e-3", 0.001), ("1_000", "1_000"), ("0x1F", "0x1F"), ("-3", -3),
    (".5", 0.5), ("1.", 1.0), ("True", True), ("~", None), ("", None), ("'3'", "3"), ("2001-01-01", "2001-01-01"),
    ("!!str 3", "3"), ("[1, {a: b}]", [1, {"a": "b"}]), ("{<<: {a: 1}}", {"<<": {"a": 1}}),
    ("[&x {a: [1]}, *x]", [{"a": [1]}, {"a": [1]}]),
])  # fmt: skip
def test_a_value_is_what_it_looks_like(text, value):
    assert parse_yaml(text, "f") == value


@pytest.mark.parametrize(("text", "line", "problem"), [
    ("a: 1\nb: 2\na: 3", 3, "the key 'a' stands twice in a mapping"),
    ("{a: {b: 1, b: 1}}", 1, "the key 'b' stands twice"),
    ("3: x", 1, "the key 3 is no text; put it in quotes"),
    ("? [a]\n: x", 1, "the key a list or a mapping is no text"),
    ("a: .inf", 1, ".inf is no finite number"),
    ("a:\n- -.NaN", 2, "-.NaN is no finite number"),
    ("1e999", 1, "1e999 is no finite number"),
    ("9" * 50, 1, "an integer of more than 40 digits"),
    ("[" * 100 + "]" * 100, 1, "more than 40 lists and mappings inside each other"),
    ("- &a [*a]", 1, "nothing before it is called &a"),
    ("a: !!set {b}", 1, "the tag tag:yaml.org,2002:set is not read here"),
    ("a: ]", 1, "not valid YAML: "),
    ("a: 1\n---\nb: 2", 2, "a second document begins here"),
])  # fmt: skip
def test_what_is_wrong_is_one_line_with_its_number(text, line, problem):
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, "f.yaml")
    assert str(caught.value).startswith(f"f.yaml:{line}: {problem}") and "\n" not in str(caught.value)


def test_aliases_count_as_what_they_stand_for():
    text = "- &a [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n" + "".join(
        f"- &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcde", "bcdef", strict=True)
    )
    with pytest.raises(ConfigError, match="more than 200000 values"):
        parse_yaml(text, "f.yaml")


@pytest.mark.parametrize(("content", "problem"), [
    (b"a: \xff", "not UTF-8 (byte 3: 0xff)"), (b"a: \0", "not valid YAML"), (None, "a folder, not a file")
])  # fmt: skip
def test_a_file_that_can_not_be_read_is_named(tmp_path, content, problem):
    path = tmp_path / "f.yaml"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_yaml(path)
    assert str(caught.value).startswith(str(path)) and problem in str(caught.value)
    with pytest.raises(ConfigError, match="no such file"):
        load_yaml(tmp_path / "g.yaml")
