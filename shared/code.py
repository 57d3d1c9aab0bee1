"""Hash of the code that a job runs: a module and everything of this repository that it imports.

Snakemake does not see an edit in an imported module, so each rule carries this hash as a parameter. Comments,
docstrings and formatting are not part of it: an edit there reruns nothing.
"""

import ast
import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("shared", "replications")


@functools.cache
def code_hash(module: str, root: Path = ROOT, length: int = 12) -> str:
    """Hash over a module, or a file given by its path, and all it imports, also inside functions.

    Raises:
        ModuleNotFoundError: `module` is no module under `root`.
    """
    start = Path(module) if module.endswith(".py") else _file(module, root)
    if start is None:
        raise ModuleNotFoundError(f"no module {module!r} under {root}")
    # Sorted by content, not by path: where the repository lies does not matter.
    texts = sorted(_code(path) for path in _reachable(start, root))
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:length]


def _reachable(start: Path, root: Path) -> set[Path]:
    found, todo = set(), [start]
    while todo:
        path = todo.pop()
        if path not in found:
            found.add(path)
            todo.extend(_imports(path, root))
    return found


def _file(module: str, root: Path) -> Path | None:
    path = root.joinpath(*module.split("."))
    return next((each for each in (path.with_suffix(".py"), path / "__init__.py") if each.is_file()), None)


@functools.cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@functools.cache
def _imports(path: Path, root: Path) -> list[Path]:
    """Files of this repository that a file imports, with the packages that they lie in."""
    files = (_file(module, root) for name in _imported_names(_tree(path)) for module in _prefixes(name))
    return [file for file in files if file is not None]


def _imported_names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # `from shared.x import y`: y is a module, or a name that shared/x.py defines.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _prefixes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: n + 1]) for n in range(len(parts))] if parts[0] in PACKAGES else []


@functools.cache
def _code(path: Path) -> str:
    """Source text without comments, docstrings and formatting."""
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)
