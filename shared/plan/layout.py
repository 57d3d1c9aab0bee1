"""Whether a source's `figures.py` can be imported and has a function for each study, without importing it.

It is called after all training, and what it imports (matplotlib) takes a second: so its text is looked at.
"""

import ast
import builtins
import symtable
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from shared.config import ConfigError

ROOT = Path(__file__).parents[2]
OURS = Path(__file__).parents[1].name


def check_layout(path: Path, studies: Iterable[str]) -> None:
    """Look at a `figures.py`.

    Raises:
        ConfigError: it is missing or no Python; it imports or uses what does not exist; or a study has no function that
            takes a table.
    """
    if not path.is_file():
        raise ConfigError(f"{path}: no such file; it draws the source's figures, one function for each study")
    try:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text, filename=str(path))
        compile(tree, str(path), "exec", dont_inherit=True)
        table = symtable.symtable(text, str(path), "exec")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 (byte {error.start})") from None
    except SyntaxError as error:
        raise ConfigError(f"{path}:{error.lineno or 1}: not valid Python: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ConfigError(f"{path}: not valid Python: {error or 'too deep'}") from None
    for problem in (*_missing_imports(tree), *_undefined(table)):
        raise ConfigError(f"{path}:{problem}")
    functions = {node.name: node.args for node in tree.body if isinstance(node, ast.FunctionDef)}
    for study in sorted(studies):
        if study not in functions:
            raise ConfigError(f"{path}: no function {study}(table) for the study {study!r}")
        if not _takes_one(functions[study]):
            raise ConfigError(f"{path}: {study} must take one argument, the study's table")


def _takes_one(given: ast.arguments) -> bool:
    positional = len(given.posonlyargs) + len(given.args)
    needed = positional - len(given.defaults) + sum(default is None for default in given.kw_defaults)
    return needed <= 1 and (positional >= 1 or given.vararg is not None)


def _missing_imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if _find(alias.name) is None:
                    yield f"{node.lineno}: no module {alias.name}"
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                yield f"{node.lineno}: a relative import; {path_hint(module)}"
            elif _find(module) is None:
                yield f"{node.lineno}: no module {module}"
            else:
                missing = [alias.name for alias in node.names if not _has(module, alias.name)]
                yield from (f"{node.lineno}: {module} has no {name}" for name in missing)


def path_hint(module: str) -> str:
    """What to write in place of a relative import."""
    return f"figures.py is no part of a package: put {module or 'it'} under shared/plotting"


@cache
def _find(module: str) -> ModuleSpec | None:
    """The module, found and not imported."""
    found: ModuleSpec | None = None
    folders: list[str] | None = [str(ROOT)] if module.split(".")[0] == OURS else None
    for place in range(module.count(".") + 1):
        name = ".".join(module.split(".")[: place + 1])
        found = PathFinder.find_spec(name, folders)
        if found is None:
            return _built_in(module)
        folders = list(found.submodule_search_locations or ())
    return found


def _built_in(module: str) -> ModuleSpec | None:
    import importlib.util
    import sys

    return importlib.util.find_spec(module) if module in sys.builtin_module_names else None


def _has(module: str, name: str) -> bool:
    """Whether something can be imported from a module; of other people's modules it is taken for granted."""
    if name == "*" or module.split(".")[0] != OURS or _find(f"{module}.{name}"):
        return True
    found = _find(module)
    return found is None or found.origin is None or name in _names(found.origin)


@cache
def _names(path: str) -> frozenset[str]:
    """What a module of ours defines or imports at its top level."""
    text = Path(path).read_text(encoding="utf-8")
    table = symtable.symtable(text, path, "exec")
    return frozenset(each.get_name() for each in table.get_symbols() if each.is_assigned() or each.is_imported())


def _undefined(table: symtable.SymbolTable) -> Iterator[str]:
    """Names that are used and defined nowhere."""
    known = {each.get_name() for each in table.get_symbols() if each.is_assigned() or each.is_imported()}
    known |= {*dir(builtins), "__file__", "__name__", "__doc__", "__spec__", "__loader__", "__package__"}
    todo = [table]
    while todo:
        scope = todo.pop()
        todo += scope.get_children()
        for each in scope.get_symbols():
            if each.is_global() and each.is_assigned():
                known.add(each.get_name())
    todo = [table]
    while todo:
        scope = todo.pop()
        todo += scope.get_children()
        for each in scope.get_symbols():
            free = each.is_global() or scope is table
            if free and each.is_referenced() and each.get_name() not in known:
                yield f"{scope.get_lineno() or 1}: {each.get_name()} is used and defined nowhere"
