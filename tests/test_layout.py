"""The packages of shared/ import each other in one direction only (docs/ARCHITECTURE.md draws it)."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Each may import those before it. "" are the modules right under shared/.
ORDER = (
    "", "layers", "audio", "bottlenecks", "text", "corpora", "autoencoders", "generators", "discriminators", "losses",
    "evaluators", "sampling", "metrics", "training", "released", "measurements", "statistics", "record", "plan",
    "plotting", "report", "cli",
)  # fmt: skip
# What is planned and what was measured meet only above the two.
APART = {("plan", "record")}


def _modules(root: Path) -> dict[str, Path]:
    return {".".join(path.relative_to(root).with_suffix("").parts): path for path in (root / "shared").rglob("*.py")}


def _package(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 2 else ""


def _imports(root: Path) -> set[tuple[str, str]]:
    """(module, module that it imports), also inside functions."""
    modules, found = _modules(root), set()
    for module, path in modules.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            else:
                continue
            for name in names:
                target = next((each for each in (name, name.rpartition(".")[0]) if each in modules), None)
                if target:
                    found.add((module, target))
    return found


def _wrong(root: Path) -> list[str]:
    arrows = ((one, other, _package(one), _package(other)) for one, other in _imports(root))
    return sorted(
        f"{one} imports {other}"
        for one, other, above, below in arrows
        if ORDER.index(above) < ORDER.index(below) or (above, below) in APART
    )


def test_every_package_has_its_place():
    assert {_package(module) for module in _modules(ROOT)} == set(ORDER)


def test_no_import_goes_against_the_order():
    assert _wrong(ROOT) == []


def test_no_package_imports_itself_through_others():
    below = defaultdict(set)
    for one, other in _imports(ROOT):
        if _package(one) != _package(other):
            below[_package(one)].add(_package(other))
    for package in ORDER:
        reached, todo = set(), [package]
        while todo:
            new = below[todo.pop()] - reached
            reached |= new
            todo += new
        assert package not in reached


@pytest.mark.parametrize("line", ["from shared.cli.replicate import main", "import shared.report.page",
                                  "def late():\n    from shared.plan import plan"])  # fmt: skip
def test_an_import_against_the_order_is_found(tmp_path, line):
    for name, text in {"cli/replicate": "", "report/page": "", "plan/plan": "", "audio/io": line}.items():
        path = tmp_path / "shared" / f"{name}.py"
        path.parent.mkdir(parents=True)
        path.write_text(text)
    assert len(_wrong(tmp_path)) == 1
