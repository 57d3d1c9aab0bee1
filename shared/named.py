"""Classes that go by the name of the module which defines them, so that nothing lists them.

A package holds one such class in each of some modules; the class says its `name`, which is the module's.
"""

import importlib
from functools import cache
from typing import Any, TypeVar

from shared.kinds import below, modules_in

Base = TypeVar("Base")


def find_named(base: type[Base], package: str, name: str) -> type[Base] | None:
    """The subclass of `base` with this name, its module imported if need be; None: there is none."""
    hashable: Any = base  # which mypy doesn't see: it looks at what instances have
    return _found(hashable, package, name)


def all_named(base: type[Base], package: str) -> list[type[Base]]:
    """All of them by the alphabet; it imports the whole package."""
    found = (find_named(base, package, name) for name in sorted(modules_in(package)))
    return [each for each in found if each is not None]


@cache
def _found(base: Any, package: str, name: str) -> Any:
    found = _declared(base, name)
    if found is None and name in modules_in(package):
        importlib.import_module(f"{package}.{name}")
        found = _declared(base, name)
    return found


def _declared(base: type[Base], name: str) -> type[Base] | None:
    return next((each for each in below(base) if vars(each).get("name") == name), None)
