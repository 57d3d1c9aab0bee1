"""Nested configs: merging them, and dotted paths into them."""

import difflib
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from shared.autoencoders.given import GIVEN
from shared.config import did_you_mean
from shared.kinds import Kind

_TAGS = ("kind", "family")  # when one of these changes, a deep merge would mix two models' fields


def merge(base: dict, over: dict) -> dict:
    """Deep merge; a dict whose `kind` or `family` changes is replaced whole: its fields mean other things."""
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        if isinstance(old, dict) and isinstance(value, dict) and not _other_kind(old, value):
            merged[key] = merge(old, value)
        else:
            merged[key] = value
    return merged


def _other_kind(old: dict, new: dict) -> bool:
    if (GIVEN in new) != (GIVEN in old):
        return True  # an autoencoder that is trained and one that is given have nothing in common
    return any(tag in new and new[tag] != old.get(tag) for tag in _TAGS)


def assign(data: Any, dotted: str, value: Any) -> Any:
    """`data` with `a.b.c` set in its nested dicts, or `a.0.c` in a list that has such an item.

    Copied on the way, so that scales never share what a variant changes.
    """
    part, _, rest = dotted.partition(".")
    if isinstance(data, list) and part.isdecimal() and int(part) < len(data):
        place, items = int(part), list(data)
        items[place] = assign(items[place], rest, value) if rest else value
        return items
    copy = dict(data) if isinstance(data, dict) else {}
    copy[part] = assign(copy.get(part), rest, value) if rest else value
    return copy


def get(config: Any, dotted: str) -> Any:
    """Value at a dotted path of a model: of fields and of properties, but no method and nothing of pydantic's own.

    Raises:
        AttributeError: there is none.
    """
    for part in dotted.split("."):
        if not isinstance(config, BaseModel) or not (part in type(config).model_fields or _is_property(config, part)):
            raise AttributeError(part)
        config = getattr(config, part)
    return config


def _is_property(config: BaseModel, name: str) -> bool:
    return isinstance(getattr(type(config), name, None), property) and not hasattr(Kind, name)


def has(config: Any, dotted: str) -> bool:
    """Whether a dotted path leads somewhere."""
    try:
        get(config, dotted)
    except AttributeError:
        return False
    return True


def near(configs: list[BaseModel], dotted: str) -> str:
    """A did-you-mean for a dotted path, from all the paths that the configs have."""
    known = {path for config in configs for path in _paths(config)}
    return did_you_mean(dotted, difflib.get_close_matches(dotted, known, n=1))


def _paths(config: BaseModel, prefix: str = "") -> Iterator[str]:
    for name in type(config).model_fields:
        yield prefix + name
        value = getattr(config, name)
        if isinstance(value, BaseModel):
            yield from _paths(value, f"{prefix}{name}.")
