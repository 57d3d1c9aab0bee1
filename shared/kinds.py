"""Kinds: a config says `kind: name`, and the module called `name` in the kinds' package is what it means.

So nothing lists them. A bottleneck, say, is added by its module, `shared/bottlenecks/mine.py`, with

    class MineConfig(BottleneckConfig):
        kind: Literal["mine"]

and what `BottleneckConfig` asks for beside it. A module is imported when a config names it, and not before. Config
classes that lie in their package's `config.py` are read without it, and so without torch.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any, ClassVar, Self, TypeVar, get_args

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from shared.config import Strict, did_you_mean

Base = TypeVar("Base")


class Kind(Strict):
    """A config of one of several kinds.

    The subclass that sets PACKAGE is the base of the kinds: a field of that type takes any of them, and validates it
    as what its tag says. Further subclasses are the kinds.

    Attributes:
        PACKAGE: where the kinds' modules lie; the base sets it.
        TAG: the field that says which kind it is.
    """

    PACKAGE: ClassVar[str]
    TAG: ClassVar[str] = "kind"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[BaseModel], handler: GetCoreSchemaHandler) -> CoreSchema:
        if "PACKAGE" not in vars(cls):
            return handler(source)
        return core_schema.no_info_plain_validator_function(
            cls._of_its_kind,
            serialization=core_schema.plain_serializer_function_ser_schema(_serialise, info_arg=True),
        )

    @classmethod
    def _of_its_kind(cls, value: Any) -> Self:
        if isinstance(value, cls):
            return value
        if not isinstance(value, dict):
            raise PydanticCustomError("kind", "{message}", {"message": f"should be a mapping with a {cls.TAG}"})
        if cls.TAG not in value:
            message = f"{cls.TAG} is missing; known: {', '.join(cls.kinds())}"
            raise PydanticCustomError("kind", "{message}", {"message": message})
        found = cls.of_kind(str(value[cls.TAG]))
        if found is None:
            message = f"no {cls.TAG} {value[cls.TAG]!r}{did_you_mean(str(value[cls.TAG]), cls.kinds())}"
            raise PydanticCustomError("kind", "{message}", {"message": message})
        return found.model_validate(value)

    @classmethod
    def of_kind(cls, name: str) -> type[Self] | None:
        """The config class of a kind, whose module is imported if need be; None: there is no such kind."""
        declared = cls._declared(name)
        if declared is None and name in modules_in(cls.PACKAGE):
            importlib.import_module(f"{cls.PACKAGE}.{name}")
            declared = cls._declared(name)
        return declared

    @classmethod
    def kinds(cls) -> list[str]:
        """Names of all kinds, by the alphabet; it imports the modules that have not been."""
        declared = {name for each in below(cls) if (name := each._name())}
        return sorted(declared | {name for name in modules_in(cls.PACKAGE) if cls.of_kind(name)})

    @classmethod
    def _declared(cls, name: str) -> type[Self] | None:
        return next((each for each in below(cls) if each._name() == name), None)

    @classmethod
    def _name(cls) -> str | None:
        """The kind that the class is of; None of one between the base and the kinds."""
        field = cls.model_fields.get(cls.TAG)
        named = get_args(field.annotation) if field else ()
        return named[0] if len(named) == 1 else None

    @property
    def module_name(self) -> str:
        """The module that makes something of this config, dotted."""
        return f"{self.PACKAGE}.{getattr(self, self.TAG)}"

    @property
    def module(self) -> ModuleType:
        """That module, imported."""
        return importlib.import_module(self.module_name)


def modules_in(package: str) -> list[str]:
    """Names of the modules that lie in a package."""
    return [found.name for found in pkgutil.iter_modules(importlib.import_module(package).__path__)]


def modules_named(value: Any) -> set[str]:
    """The modules of all kinds that a config names, at any depth: what a job on it runs beside what it imports."""
    if isinstance(value, Strict):
        own = {value.module_name} if isinstance(value, Kind) else set()
        return own.union(*(modules_named(getattr(value, name)) for name in type(value).model_fields))
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return set().union(*map(modules_named, members))


def below(base: type[Base]) -> Iterator[type[Base]]:
    """All subclasses of a class, at any depth."""
    for each in base.__subclasses__():
        yield each
        yield from below(each)


def _serialise(value: Kind, info: Any) -> Any:
    names = ("exclude_defaults", "exclude_unset", "exclude_none", "by_alias", "round_trip")
    return value.model_dump(mode=info.mode, **{name: getattr(info, name) for name in names})
