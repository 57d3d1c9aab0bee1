"""YAML files that people write: YAML 1.2's plain values, every key once, and one line for what is wrong.

PyYAML reads YAML 1.1, where `1:30` is 90, `no` is false, `012` is 10 and `1e-3` is text, and of two equal keys it takes
the last. Here a number is what looks like one, true and false are written so, and all else is text.
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from shared.config import ConfigError
from shared.user_files import read_text

LONGEST = 1 << 24  # bytes
MOST_LEVELS = 40  # mappings and lists inside each other
MOST_VALUES = 200_000  # with what aliases stand for
MOST_DIGITS = 40  # of an integer

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C where PyYAML was built with it: eight times as quick
_CONSTANTS = {"": None, "~": None, "null": None, "true": True, "false": False}
_CONSTANTS |= {each(name): value for name, value in _CONSTANTS.items() for each in (str.capitalize, str.upper)}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|nan)", re.IGNORECASE)
_PLAIN_TAG, _TEXT_TAG = (None, "!"), "tag:yaml.org,2002:str"


def load_yaml(path: Path) -> Any:
    """Parse a YAML file.

    Raises:
        ConfigError: the file is missing, can't be read, or is not YAML as this module has it (with the line).
    """
    try:
        return parse_yaml(read_text(path, most=LONGEST), str(path))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except OSError as error:
        raise ConfigError(f"{path}: not readable: {error.strerror}") from None


def parse_yaml(text: str, where: str) -> Any:
    """The value of a YAML document; `where` names its file, for errors.

    Raises:
        ConfigError: it is no YAML, or more than one document; a key stands twice or is no text; a tag, an infinity or
            NaN; lists and mappings too deep, or too much of them.
    """
    try:
        return _Reader(yaml.parse(text, Loader=_LOADER), where).document()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it can't be read"
        raise ConfigError(f"{where}{line}: not valid YAML: {problem}") from None


class _Reader:
    """Makes values of a document's events, which come one by one, so that no depth and no size exhausts anything."""

    def __init__(self, events: Iterator[Any], where: str):
        self.events, self.where = events, where
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.count = 0  # values so far

    def document(self) -> Any:
        """The document's value; None of an empty file."""
        value, seen = None, 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                seen += 1
                if seen > 1:
                    raise self._error(event, "a second document begins here; a file has one")
                value = self._value(next(self.events), 0)
        return value

    def _value(self, event: Any, level: int) -> Any:
        if level > MOST_LEVELS:
            raise self._error(event, f"more than {MOST_LEVELS} lists and mappings inside each other")
        before = self.count
        self.count += 1
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise self._error(event, f"nothing before it is called &{event.anchor}")
            value, size = self.anchors[event.anchor]
            self.count += size
        elif isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
        else:
            if event.tag is not None:
                raise self._error(event, f"the tag {event.tag} is not read here; leave it out")
            is_list = isinstance(event, yaml.SequenceStartEvent)
            value = self._list(level) if is_list else self._mapping(level)
        if self.count > MOST_VALUES:
            raise self._error(event, f"more than {MOST_VALUES} values in a file")
        if (anchor := getattr(event, "anchor", None)) and not isinstance(event, yaml.AliasEvent):
            self.anchors[anchor] = (value, self.count - before)
        return value

    def _list(self, level: int) -> list[Any]:
        items = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._value(event, level + 1))
        return items

    def _mapping(self, level: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._value(event, level + 1)
            if not isinstance(key, str):
                shown = event.value if isinstance(event, yaml.ScalarEvent) else "a list or a mapping"
                raise self._error(event, f"the key {shown or 'nothing'} is no text; put it in quotes")
            if key in mapping:
                raise self._error(event, f"the key {key!r} stands twice in a mapping")
            mapping[key] = self._value(next(self.events), level + 1)
        return mapping

    def _scalar(self, event: Any) -> Any:
        text = event.value
        if event.tag == _TEXT_TAG or (event.tag in _PLAIN_TAG and not event.implicit[0]):
            return text
        if event.tag not in _PLAIN_TAG:
            raise self._error(event, f"the tag {event.tag} is not read here; leave it out")
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _INTEGER.fullmatch(text):
            if len(text) > MOST_DIGITS:
                raise self._error(event, f"an integer of more than {MOST_DIGITS} digits")
            return int(text)
        number = float(text) if _FLOAT.fullmatch(text) else 0.0
        if math.isinf(number) or _NOT_FINITE.fullmatch(text):
            raise self._error(event, f"{text} is no finite number")
        return number if _FLOAT.fullmatch(text) else text

    def _error(self, event: Any, problem: str) -> ConfigError:
        return ConfigError(f"{self.where}:{event.start_mark.line + 1}: {problem}")
