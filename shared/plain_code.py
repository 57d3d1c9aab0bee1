"""What counts of code: `plain` takes away what changes no result, and collects what is referred to in the rest."""

import ast
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

PACKAGES = ("shared", "replications")
# Calls that declare a field or an option of a command line, and their arguments that are for people.
DECLARE = ("Field", "ArgumentParser", "add_argument", "add_argument_group", "add_parser", "add_subparsers")
FOR_PEOPLE = ("description", "help", "title", "epilog")
DESCRIBE = "job_parser"  # all of its texts are for people
MODULE_NAME = re.compile(rf"({'|'.join(PACKAGES)})(\.\w+)+")

Chain = tuple[str, ...]  # `a.b.c`, in parts


class Plain(NamedTuple):
    """What counts of a statement.

    Attributes:
        text: without what changes no result.
        local: the names that imports bind in it.
        chains: what it refers to.
        called: what of that it calls.
        read: names that it may read of a config: attributes, and texts that are names.
        own: names that it reads of `self`.
        modules: modules that it names in texts.
    """

    text: str
    local: dict[str, Chain]
    chains: frozenset[Chain]
    called: frozenset[Chain]
    read: frozenset[str]
    own: frozenset[str]
    modules: frozenset[str]


def plain(statements: Iterable[ast.stmt], package: tuple[str, ...]) -> Plain:
    """What counts of statements of a module in a package, which this changes.

    Raises:
        ValueError: see `bindings`.
    """
    walk = _Walk(package)
    text = "\n".join(ast.unparse(node) for node in map(walk.visit, statements) if node is not None)
    chains, called = frozenset(walk.chains), frozenset(walk.called)
    return Plain(text, walk.local, chains, called, *map(frozenset, (walk.read, walk.own, walk.modules)))


class _Walk(ast.NodeTransformer):
    """Takes away what changes no result: docstrings, imports, annotations of functions, texts for people, prints."""

    def __init__(self, package: tuple[str, ...]):
        self.package = package
        self.local: dict[str, Chain] = {}
        self.chains: set[Chain] = set()
        self.called: set[Chain] = set()
        self.read: set[str] = set()
        self.own: set[str] = set()
        self.modules: set[str] = set()
        self.in_function = False

    def visit_FunctionDef(self, node):
        node.returns = None
        arguments = node.args
        for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
            if each:
                each.annotation = None
        return self._body(node, in_function=True)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node):
        return self._body(node, in_function=False)

    def _body(self, node, in_function: bool):
        outer, self.in_function = self.in_function, in_function
        if is_text(node.body[0]):
            node.body = node.body[1:]
        self.generic_visit(node)
        self.in_function = outer
        return node

    def generic_visit(self, node):
        super().generic_visit(node)
        if getattr(node, "body", None) == []:
            node.body = [ast.Pass()]
        return node

    def visit_Import(self, node):
        self.local |= dict(bindings(node, self.package))

    visit_ImportFrom = visit_Import

    def visit_AnnAssign(self, node):
        if not self.in_function:
            return self.generic_visit(node)
        return self.generic_visit(without_annotation(node, node.value)) if node.value else None

    def visit_Expr(self, node):
        return None if _is_message(node.value) else self.generic_visit(node)

    def visit_Call(self, node):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
        if name in DECLARE:
            node.keywords = [each for each in node.keywords if each.arg not in FOR_PEOPLE]
        elif name == DESCRIBE:
            for each in ast.walk(node):
                if isinstance(each, ast.Constant) and isinstance(each.value, str):
                    each.value = ""
        if chain := chain_of(node.func):
            self.called.add(chain)
        return self.generic_visit(node)

    def visit_Name(self, node):
        self.chains.add((node.id,))
        return node

    def visit_Attribute(self, node):
        chain = chain_of(node)
        if chain is None:
            self.read.add(node.attr)
            return self.generic_visit(node)
        self.chains.add(chain)
        own = chain[0] == "self"
        self.own.update(chain[1:2] if own else ())
        self.read.update(chain[2:] if own else chain[1:])
        return node

    def visit_MatchClass(self, node):
        self.read.update(node.kwd_attrs)
        return self.generic_visit(node)

    def visit_Constant(self, node):
        if isinstance(node.value, str):
            if node.value.isidentifier():
                self.read.add(node.value)
            elif MODULE_NAME.fullmatch(node.value):
                self.modules.add(node.value)
        return node


def _is_message(call: ast.expr) -> bool:
    """Whether it prints for people: to the standard output or the standard error."""
    if not (isinstance(call, ast.Call) and getattr(call.func, "id", None) == "print"):
        return False
    to = [ast.unparse(each.value) for each in call.keywords if each.arg == "file"]
    return to in ([], ["sys.stderr"], ["sys.stdout"])


def is_text(statement: ast.stmt) -> bool:
    """Whether a statement is a constant alone, such as a docstring."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def without_annotation(node: ast.AnnAssign, value: ast.expr) -> ast.Assign:
    """`a = b` of `a: int = b`."""
    return ast.copy_location(ast.Assign([node.target], value), node)


def bindings(node: ast.AST, package: tuple[str, ...]) -> Iterator[tuple[str, Chain]]:
    """The names that imports in `node`, of a module in a package, bind, and what they stand for.

    Raises:
        ValueError: a star hides which names these are.
    """
    for each in ast.walk(node):
        if isinstance(each, ast.Import):
            for alias in each.names:
                yield alias.asname or alias.name, tuple(alias.name.split("."))
                if not alias.asname:
                    yield alias.name.split(".")[0], (alias.name.split(".")[0],)
        elif isinstance(each, ast.ImportFrom):
            above = package[: len(package) + 1 - each.level] if each.level else ()
            module = (*above, *(each.module.split(".") if each.module else ()))
            for alias in each.names:
                if alias.name == "*" and module[0] in PACKAGES:
                    raise ValueError("import * hides what it names; name it")
                yield alias.asname or alias.name, (*module, alias.name)


def chain_of(node: ast.expr) -> Chain | None:
    """`a.b.c` in parts; None of what does not start with a name."""
    rest = []
    while isinstance(node, ast.Attribute):
        rest.append(node.attr)
        node = node.value
    return (node.id, *reversed(rest)) if isinstance(node, ast.Name) else None
