"""What the user changes in the configs of a source's variants: each change must come to something."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from shared.config import SettingError
from shared.plan.dotted import get, has


def check_changes(source: str, changes: dict[str, Any], configs: list[BaseModel]) -> None:
    """Whether each of a source's `changes`, nested as in study.yaml, shows in one of its variants' `configs` at least.

    What a study varies is set after the changes, so that a change never levels it out; one that is lost in all
    variants would vanish without a word.

    Raises:
        ConfigError: one of them shows nowhere.
    """
    for dotted, value in _leaves(changes):
        found = [get(config, dotted) for config in configs if has(config, dotted)]
        if found and not any(_is(each, value) for each in found):
            raise SettingError(
                f"changes: {source}.{dotted}: changes nothing, since every variant has its own ({found[0]}); "
                "drop it, or edit the source's study.yaml"
            )


def _leaves(changes: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in changes.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _is(found: Any, value: Any) -> bool:
    """Whether a config's `found` is what `value` asked for; lists are not looked into."""
    return isinstance(found, tuple | list | BaseModel) or found == value
