"""Hash of the code that a job runs: each rule carries it as a parameter, since Snakemake does not see such an edit.

It covers definitions, not files: the job's main program and what that names, at any depth and wherever it lies. Of a
module that is imported counts what is named of it, and what it does when it is imported; all of it where more can't be
told. Comments, docstrings, formatting, annotations of functions, texts for `--help` and of fields, what is printed, and
modules that only report (`ONLY_REPORTS = True`) are no part of the hash.

Of configs it covers what the job has of them. Their classes count with their methods; in place of their fields stand
the values that the job's config has, defaults or not, where code that the job runs reads the field's name. So a new
field with a default changes nothing until code reads it, which then counts where it runs; another value for an old
default makes those jobs rerun that rest on it and read it. The module of a kind (`shared.kinds`) counts where a config
is of that kind and the job's code reaches that config, so that nothing new is of concern to a job that doesn't name it.
"""

import functools
import hashlib
import json
import operator
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from shared.config import Role, digest
from shared.definitions import Part, facts_of, find_file, imported_with, part_of, read_module
from shared.kinds import Kind

ROOT = Path(__file__).resolve().parents[1]


def code_hash(module: str, config: Any = None, others: Iterable[str] = (), root: Path = ROOT, length: int = 12) -> str:
    """Hash of what runs when a module, or a file given by its path, is run on a config.

    Args:
        module: dotted name, or a path that ends in `.py`.
        config: what the job is given: a config, or JSON-like data that may hold some.
        others: further modules that run, which the code finds by names that it makes up.
        root: folder of the repository.
        length: in hexadecimal digits.

    Raises:
        ModuleNotFoundError: there is no such module under `root`.
    """
    code, names = _reached((module, *sorted(others)), _held(config), root)
    text = json.dumps([code, _values(config, names)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def _values(value: Any, names: frozenset[str], in_config: bool = False) -> Any:
    """The values of those fields of configs that are among the names; what lies outside of configs is None.

    That is in the run's name, as is where a model lies, which may move.
    """
    if isinstance(value, BaseModel):
        return _values_of(_Same(value), names)
    if isinstance(value, dict):
        return {name: _values(each, names, in_config) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_values(each, names, in_config) for each in value]
    return to_jsonable_python(value) if in_config else None


@functools.cache
def _values_of(same: "_Same", names: frozenset[str]) -> dict[str, Any]:
    return {
        name: _values(getattr(same.value, name), names, in_config=True)
        for name, info in type(same.value).model_fields.items()
        if name in names and _counts(info, getattr(same.value, name))
    }


def _counts(info: FieldInfo, value: Any) -> bool:
    roles = {each for each in info.metadata if isinstance(each, Role)}
    return not roles or (Role.EXECUTION not in roles and value == info.default)


class _Held(NamedTuple):
    """The classes of a job's configs with their bases; which lies within which; and the modules of kinds."""

    classes: frozenset[type[BaseModel]] = frozenset()
    within: frozenset[tuple[type[BaseModel], type[BaseModel]]] = frozenset()
    modules: frozenset[tuple[type[BaseModel], str]] = frozenset()

    def __or__(self, other: "_Held") -> "_Held":
        return _Held(self.classes | other.classes, self.within | other.within, self.modules | other.modules)


def _held(value: Any) -> _Held:
    """What a value holds."""
    found = (_held_by(_Same(config)) for config in _configs(value))
    return functools.reduce(operator.or_, found, _Held())


@functools.cache
def _held_by(same: "_Same") -> _Held:
    config, bases = same.value, _bases(type(same.value))
    within: set[tuple[type[BaseModel], type[BaseModel]]] = set()
    # Of each base, which may have its kinds in a package of its own: a recipe's is not that of what is trained by it.
    kinds = [base for base in bases if issubclass(base, Kind) and hasattr(base, "PACKAGE")]
    modules = {(base, f"{base.PACKAGE}.{getattr(config, base.TAG)}") for base in kinds}
    held = _Held(frozenset(bases), frozenset(), frozenset(modules))
    for name in type(config).model_fields:
        for inner in _configs(getattr(config, name)):
            within.update((base, type(inner)) for base in bases if name in base.model_fields)
            held |= _held_by(_Same(inner))
    return held | _Held(within=frozenset(within))


@functools.cache
def _bases(config: type[BaseModel]) -> list[type[BaseModel]]:
    return [each for each in config.__mro__ if issubclass(each, BaseModel)]


def _configs(value: Any) -> Iterator[BaseModel]:
    """The configs in a value, without those that lie in them."""
    if isinstance(value, BaseModel):
        yield value
    else:
        for each in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
            yield from _configs(each)


class _Same:
    """A config, to look up by what it is and not by what it says, which takes as long as to look through it."""

    def __init__(self, value: BaseModel):
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.value is other.value


class _Walk:
    """Follows code from part to part; `parts` are those that it reached."""

    def __init__(self, held: _Held, root: Path):
        self.root = root
        self.parts: set[Part] = set()
        self.loaded: set[Path] = set()
        self.todo: list[Part] = []
        self.held = {part: each for each in held.classes for part in self._parts_of(each)}
        self.inner: dict[type[BaseModel], set[type[BaseModel]]] = {}
        self.modules = held.modules
        for owner, inner in held.within:
            self.inner.setdefault(owner, set()).add(inner)

    def run(self, path: Path) -> None:
        """Reach what a program runs, or all of a module that is none."""
        module = read_module(path, self.root)
        self.load(path)
        self.todo += [part_of(path, index) for index in module.main] or module.whole
        while self.todo:
            part = self.todo.pop()
            if part not in self.parts:
                self.parts.add(part)
                self._follow(part)

    def load(self, path: Path) -> None:
        """Reach what the import of a module does."""
        paths, parts = imported_with(path, self.root)
        self.loaded |= paths
        self.todo += parts - self.parts

    @property
    def of_configs(self) -> Iterator[Part]:
        """The classes of the job's configs among what was reached."""
        return (part for part in self.parts if part in self.held)

    def _follow(self, part: Part) -> None:
        facts = facts_of(part, self.root)
        self.todo += facts.parts - self.parts
        for path in facts.loads - self.loaded:
            self.load(path)
        if part in self.held:
            self._follow_config(self.held[part])
        elif facts.is_class and not part.fields:
            self.todo.append(_fields(part))
        # Code that makes a config itself may rest on any default.
        for config in [self.held[each] for each in facts.called & self.held.keys()]:
            self.todo += [_fields(each) for base in _bases(config) for each in self._parts_of(base)]

    def _follow_config(self, config: type[BaseModel]) -> None:
        """Reach the configs in it that the job has, and the modules of their kinds."""
        found = set(self.inner.get(config, ()))
        if issubclass(config, Kind) and "PACKAGE" in vars(config):
            kinds = (each for each in self.held.values() if issubclass(each, config))
            found |= {each for each in kinds if each.PACKAGE == config.PACKAGE}
        for each in found:
            self.todo += self._parts_of(each)
        for path in [find_file(name, self.root) for each, name in self.modules if each is config]:
            if path is not None:
                self.load(path)
                self.todo += read_module(path, self.root).whole

    def _parts_of(self, config: type[BaseModel]) -> frozenset[Part]:
        path = find_file(config.__module__, self.root)
        return frozenset() if path is None else read_module(path, self.root).find((config.__qualname__,))


def _fields(part: Part) -> Part:
    """Of a class its fields."""
    return part_of(part.path, part.place, fields=True)


@functools.cache
def _reached(modules: tuple[str, ...], held: _Held, root: Path) -> tuple[str, frozenset[str]]:
    """Hash of the code that these modules run, and the names in it."""
    walk = _Walk(held, root)
    for module in modules:
        path = Path(module) if module.endswith(".py") else find_file(module, root)
        if path is None:
            raise ModuleNotFoundError(f"no module {module!r} under {root}")
        walk.run(path)
    facts = {part: facts_of(part, root) for part in walk.parts}
    names = frozenset().union(*(each.read for each in facts.values()), *(facts[part].own for part in walk.of_configs))
    return digest(sorted(each.code for each in facts.values()), length=64), names
