"""Whether a source's `figures.py` can be imported and has a function for each study, without importing it.

It runs after all training, and what it imports (matplotlib) takes a second to load: so its text is looked at.
"""

import ast
import builtins
import importlib.util
import symtable
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from shared.config import ConfigError
from shared.user_files import read_text

ROOT = Path(__file__).parents[2]
OURS = Path(__file__).parents[1].name
OF_MODULES = ("__file__", "__name__", "__doc__", "__spec__", "__loader__", "__package__")  # what each module has


def check_layout(path: Path, studies: Iterable[str]) -> None:
    """Look at a `figures.py`.

    Raises:
        ConfigError: it is missing or no Python; it imports or uses what does not exist; or a study has no function that
            takes a table.
    """
    if not path.exists():
        raise ConfigError(f"{path}: no such file; it draws the source's figures, one function for each study")
    try:
        text = read_text(path)
        tree = ast.parse(text, filename=str(path))
        compile(tree, str(path), "exec", dont_inherit=True)
        scope = symtable.symtable(text, str(path), "exec")
    except SyntaxError as error:
        raise ConfigError(f"{path}:{error.lineno or 1}: not valid Python: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:  # not UTF-8, a NUL, brackets without end
        raise ConfigError(f"{path}: not valid Python: {error or 'too deep'}") from None
    for line, problem in (*_missing_imports(tree), *_undefined(tree, scope)):
        raise ConfigError(f"{path}:{line}: {problem}")
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


def _missing_imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, f"no module {each.name}") for each in node.names if not _find(each.name))
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                yield node.lineno, "a relative import, and this file is in no package; name the module in full"
            elif not _find(module):
                yield node.lineno, f"no module {module}"
            else:
                missing = (each.name for each in node.names if not _has(module, each.name))
                yield from ((node.lineno, f"{module} has no {name}") for name in missing)


@cache
def _find(module: str) -> ModuleSpec | None:
    """A module, found and not imported; nor are the packages that it lies in."""
    top, *below = module.split(".")
    if module in sys.modules or top in sys.builtin_module_names:  # os.path lies in no file of this name
        return importlib.util.find_spec(module)
    found = PathFinder.find_spec(top, [str(ROOT)] if top == OURS else None)
    for name in below:
        folders = found and found.submodule_search_locations
        found = PathFinder.find_spec(f"{found.name}.{name}", folders) if found and folders else None
    return found


def _has(module: str, name: str) -> bool:
    """Whether something can be imported from a module; of other people's modules it is taken for granted."""
    found = _find(module)
    if name == "*" or not module.startswith(f"{OURS}.") or not found or not found.origin:
        return True
    return name in _names(found.origin) or _find(f"{module}.{name}") is not None


@cache
def _names(path: str) -> set[str]:
    """What a module of ours defines or imports at its top level."""
    return _defined(symtable.symtable(Path(path).read_text(encoding="utf-8"), path, "exec"))


def _defined(scope: symtable.SymbolTable) -> set[str]:
    return {each.get_name() for each in scope.get_symbols() if each.is_assigned() or each.is_imported()}


def _undefined(tree: ast.Module, module: symtable.SymbolTable) -> Iterator[tuple[int, str]]:
    """Names that are used, and defined neither where they are used nor in the module."""
    scopes = [module]
    for scope in scopes:
        scopes += scope.get_children()
    known = {*_defined(module), *dir(builtins), *OF_MODULES}
    known |= {each.get_name() for scope in scopes for each in scope.get_symbols() if each.is_declared_global()}
    used = {
        each.get_name()
        for scope in scopes
        for each in scope.get_symbols()
        if each.is_referenced() and (scope is module or each.is_global())
    }
    if any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in tree.body):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in used - known:
            yield node.lineno, f"{node.id} is defined nowhere"
