"""What the statements of a module are made of and refer to, for `shared.code`."""

import functools
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from shared.parsed_code import CLASS, FUNCTION, parse_file
from shared.plain_code import PACKAGES, Chain, Plain

ONLY_REPORTS = "ONLY_REPORTS"  # a module that sets it only tells people how far a job is


@dataclass(frozen=True, eq=False)
class Part:
    """A statement of a module, counted from 0; of a class either all but its fields, or its fields.

    There is one of each, from `part_of`, so that it is looked up by what it is: comparing paths takes as long as all
    else.
    """

    path: Path
    place: int
    fields: bool


@functools.cache
def part_of(path: Path, place: int, fields: bool = False) -> Part:
    """The one such part."""
    return Part(path, place, fields)


class Facts(NamedTuple):
    """Of a part: a hash of its code, the parts that it names, and those of them that it calls.

    Attributes:
        read: names that it may read of a config.
        own: those that it reads of `self`; they are a config's where it is a config's class.
        loads: modules that are imported where it runs.
        is_class: whether it is a class; the fields are apart.
    """

    code: str
    parts: frozenset[Part]
    called: frozenset[Part]
    read: frozenset[str]
    own: frozenset[str]
    loads: frozenset[Path]
    is_class: bool


class Module:
    """A file, statement by statement.

    Attributes:
        loads: modules that are imported with it.
        only_reports: whether it only tells people how far a job is.
    """

    def __init__(self, path: Path, root: Path):
        self.path, self.root = path, root
        self.parsed = parse_file(path, root)
        self.names, self.bound, self.main = self.parsed.names, self.parsed.bound, self.parsed.main
        self.loads = frozenset(_files(self.bound.values(), root))
        self.only_reports = ONLY_REPORTS in self.names

    @functools.cached_property
    def whole(self) -> frozenset[Part]:
        """All that it defines and does when it is imported."""
        indices = {index for found in self.names.values() for index in found}
        return frozenset(part_of(self.path, index) for index in {*indices, *self.parsed.always})

    @functools.cached_property
    def acting(self) -> frozenset[Part]:
        """What it does when it is imported: statements that act, and definitions that functions of ours are given."""
        indices = {index for found in self.names.values() for index in found}
        to = {index: self.parsed.statements[index].hands_to for index in indices}
        handed = {index for index, chains in to.items() if any(map(self._is_of_a_function, chains))}
        return frozenset(part_of(self.path, index) for index in {*handed, *self.parsed.always})

    def _is_of_a_function(self, chain: Chain) -> bool:
        parts = self.find(chain)
        return any(read_module(part.path, self.root).parsed.statements[part.place].kind == FUNCTION for part in parts)

    def find(self, chain: Chain, local: dict[str, Chain] | None = None) -> frozenset[Part]:
        """The parts that `a.b.c` in this module stands for; none of what is not of this repository."""
        first, rest = chain[0], chain[1:]
        if local and first in local:
            return _follow(local[first] + rest, self.root)
        if first in self.names:
            return frozenset(part_of(self.path, index) for index in self.names[first])
        return _follow(self.bound[first] + rest, self.root) if first in self.bound else frozenset()


@functools.cache
def read_module(path: Path, root: Path) -> Module:
    """The module in a file."""
    return Module(path, root)


@functools.cache
def find_file(module: str | Chain, root: Path) -> Path | None:
    """The file of a module, or of a package's `__init__`, if there is one."""
    path = root.joinpath(*(module.split(".") if isinstance(module, str) else module))
    return next((each for each in (path.with_suffix(".py"), path / "__init__.py") if each.is_file()), None)


@functools.cache
def _follow(chain: Chain, root: Path) -> frozenset[Part]:
    """The parts that a dotted name stands for, from the repository's root: a definition, or all of a module."""
    if chain[0] not in PACKAGES:
        return frozenset()
    for length in range(len(chain), 0, -1):
        path = find_file(chain[:length], root)
        if path is None:
            continue
        module, rest = read_module(path, root), chain[length:]
        if module.only_reports:
            return frozenset()
        return (module.find(rest) if rest else frozenset()) or module.whole
    return frozenset()


def _files(chains: Iterable[Chain], root: Path) -> Iterator[Path]:
    """The modules, and the packages that they lie in, among what is imported."""
    for chain in chains:
        if chain[0] in PACKAGES:
            yield from filter(None, (find_file(chain[:length], root) for length in range(1, len(chain) + 1)))


@functools.cache
def imported_with(path: Path, root: Path) -> tuple[frozenset[Path], frozenset[Part]]:
    """The modules that the import of one imports, itself among them, and what they do when they are imported."""
    paths: set[Path] = set()
    parts: set[Part] = set()
    todo = [path]
    while todo:
        each = todo.pop()
        if each not in paths and not (module := read_module(each, root)).only_reports:
            parts |= module.acting
            todo += module.loads
        paths.add(each)
    return frozenset(paths), frozenset(parts)


@functools.cache
def facts_of(part: Part, root: Path) -> Facts:
    """What counts of a part."""
    module, plain = read_module(part.path, root), _plain(part, root)
    targets = {chain: module.find(chain, plain.local) for chain in plain.chains}
    parts = {each for of_chain in targets.values() for each in of_chain}
    loads = {*_files(plain.local.values(), root), *(each.path for each in parts)}
    for path in filter(None, (find_file(name, root) for name in plain.modules)):
        parts |= read_module(path, root).whole
        loads.add(path)
    # Which thing of that name: of ours by its text, so that it may lie anywhere; of others by where it is from.
    bound = module.bound | plain.local
    meant = {chain: _meant(chain, targets[chain], bound, root) for chain in plain.chains}
    code = repr((plain.text, sorted((chain, what) for chain, what in meant.items() if what)))
    called = frozenset(each for chain in plain.called for each in targets[chain])
    is_class = module.parsed.statements[part.place].kind == CLASS
    names = frozenset(plain.read), frozenset(plain.own)
    return Facts(_sha256(code), frozenset(parts), called, *names, frozenset(loads), is_class)


@functools.cache
def _plain(part: Part, root: Path) -> Plain:
    """What counts of a part's text."""
    statement = read_module(part.path, root).parsed.statements[part.place]
    return statement.fields if part.fields else statement.plain


def _meant(chain: Chain, parts: frozenset[Part], bound: dict[str, Chain], root: Path) -> str:
    if parts:
        return _sha256(repr(sorted(_plain(part, root).text for part in parts)))
    target = bound.get(chain[0], PACKAGES)
    return "" if target[0] in PACKAGES else ".".join(target)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
