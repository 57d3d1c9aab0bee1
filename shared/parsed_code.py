"""What `shared.definitions` knows of a file's text alone, which is kept, since reading it anew takes seconds.

Each start of Snakemake asks for the code of all jobs. What is kept lies in `runs/.code`, named after the text, its
package, the code that read it and Python's version; it goes when the runs go, and Git doesn't see it.
"""

import ast
import contextlib
import functools
import hashlib
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

from shared.files import Unwritable, write_text
from shared.plain_code import Chain, Plain, bindings, chain_of, is_text, plain, without_annotation

KEPT = Path(__file__).resolve().parents[1] / "runs/.code"
CLASS, FUNCTION, OTHER = "class", "function", "other"


class Statement(NamedTuple):
    """What counts of a statement.

    Attributes:
        kind: CLASS, FUNCTION or OTHER.
        hands_to: what it calls when it is imported, or is decorated by.
        said: `plain` as JSON, since most of a file's statements are never asked for.
        said_of_fields: `fields` as JSON; None where it is no class.
    """

    kind: str
    hands_to: list[Chain]
    said: str
    said_of_fields: str | None = None

    @property
    def plain(self) -> Plain:
        """Of a class all but its fields."""
        return _plain(json.loads(self.said))

    @property
    def fields(self) -> Plain:
        """Of a class alone; else all of it."""
        return _plain(json.loads(self.said_of_fields or self.said))


class Parsed(NamedTuple):
    """A file, statement by statement.

    Attributes:
        names: which statements define a name.
        bound: what an imported name stands for.
        always: statements that act on something else than the names they define.
        main: those that run where the module is the program.
    """

    statements: list[Statement]
    names: dict[str, list[int]]
    bound: dict[str, Chain]
    always: list[int]
    main: list[int]


def parse_file(path: Path, root: Path) -> Parsed:
    """Read a file of a repository.

    Raises:
        SyntaxError, ValueError: it is no Python, or imports a star; the message names it.
    """
    text = path.read_text(encoding="utf-8")
    place = path.relative_to(root) if path.is_relative_to(root) else path  # as where a source lies in another folder
    package = place.parts[:-1]
    asked = json.dumps([text, package, _reader()])
    kept = KEPT / _sha256(asked)
    with contextlib.suppress(OSError, ValueError):
        check, said = kept.read_text(encoding="utf-8").split("\n")
        if check == _sha256(said):
            return _of_json(json.loads(said))
    try:
        parsed = parse(ast.parse(text, filename=str(path)).body, package)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    with contextlib.suppress(OSError, Unwritable):  # where nothing can be kept, it is read each time
        kept.parent.mkdir(parents=True, exist_ok=True)
        said = json.dumps(parsed)
        write_text(kept, f"{_sha256(said)}\n{said}")
    return parsed


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@functools.cache
def _reader() -> str:
    """What reads: this code, in this version of Python, which may write the same code otherwise."""
    files = (Path(__file__), Path(__file__).with_name("plain_code.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest() + sys.version


def parse(body: list[ast.stmt], package: tuple[str, ...]) -> Parsed:
    """What counts of the statements of a module in a package, which this changes.

    Raises:
        ValueError: one imports a star.
    """
    parsed = Parsed([], {}, {}, [], [])
    for index, statement in enumerate(body):
        _sort(parsed, index, statement, package)
    parsed.statements.extend(_statement(each, package) for each in body)
    return parsed


def _sort(parsed: Parsed, index: int, statement: ast.stmt, package: tuple[str, ...]) -> None:
    if isinstance(statement, ast.If) and "__name__" in ast.unparse(statement.test):
        parsed.main.append(index)
        return
    if isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(statement.test):
        return
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        parsed.names.setdefault(statement.name, []).append(index)
        return
    parsed.bound.update(bindings(statement, package))
    if not isinstance(statement, ast.Import | ast.ImportFrom) and not is_text(statement):
        stored = [node for node in ast.walk(statement) if isinstance(getattr(node, "ctx", None), ast.Store)]
        for node in stored:
            if isinstance(node, ast.Name):
                parsed.names.setdefault(node.id, []).append(index)
        assigns = isinstance(statement, ast.Assign | ast.AnnAssign)
        if not assigns or not all(isinstance(node, ast.Name | ast.Tuple) for node in stored):
            parsed.always.append(index)


def _statement(statement: ast.stmt, package: tuple[str, ...]) -> Statement:
    hands_to = _hands_to(statement)  # before `plain` takes texts away
    if not isinstance(statement, ast.ClassDef):
        function = isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef)
        whole = plain(_without_annotation(statement), package)
        return Statement(FUNCTION if function else OTHER, hands_to, _as_json(whole))
    declared = [each for each in statement.body if _is_field(each)]
    others = [each for each in statement.body if each not in declared] or [ast.Pass()]
    kept = {name: getattr(statement, name) for name in statement._fields}
    methods = plain([ast.ClassDef(**{**kept, "body": others})], package)
    return Statement(CLASS, hands_to, _as_json(methods), _as_json(plain(declared, package)))


def _hands_to(statement: ast.stmt) -> list[Chain]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        calls = [node.func if isinstance(node, ast.Call) else node for node in statement.decorator_list]
    elif isinstance(statement, ast.AsyncFunctionDef):
        calls = []
    else:
        calls = [node.func for node in ast.walk(statement) if isinstance(node, ast.Call)]
    return list(filter(None, map(chain_of, calls)))


def _without_annotation(statement: ast.stmt) -> list[ast.stmt]:
    if isinstance(statement, ast.AnnAssign):
        return [without_annotation(statement, statement.value)] if statement.value else []
    return [statement]


def _is_field(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.AnnAssign) and "ClassVar" not in ast.unparse(statement.annotation)


def _of_json(said: list[Any]) -> Parsed:
    statements, names, bound, always, main = said
    found = [Statement(kind, [*map(tuple, to)], *rest) for kind, to, *rest in statements]
    return Parsed(found, names, _chains(bound), always, main)


def _as_json(found: Plain) -> str:
    return json.dumps(found, default=sorted)


def _plain(said: list[Any]) -> Plain:
    text, local, chains, called, *names = said
    read, own, modules = map(frozenset, names)
    return Plain(text, _chains(local), _set(chains), _set(called), read, own, modules)


def _set(said: list[list[str]]) -> frozenset[Chain]:
    return frozenset(tuple(each) for each in said)


def _chains(said: dict[str, list[str]]) -> dict[str, Chain]:
    return {name: tuple(each) for name, each in said.items()}
