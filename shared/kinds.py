"""Kinds: a config says `kind: name`, and the module called `name` in the kinds' package is what it means.

So nothing lists them. A bottleneck, say, is added by its module, `shared/bottlenecks/mine.py`, with

    class MineConfig(BottleneckConfig):
        kind: Literal["mine"]

and what `BottleneckConfig` asks for beside it. A module is imported when a config names it, and not before. A config
class that is to be read without torch lies beside it, in `mine_config.py`, or in their package's `config.py`.

Where a study names several in one mapping, their keys say the kinds: see `by_key`.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import partial
from types import ModuleType
from typing import Any, ClassVar, Self, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, GetCoreSchemaHandler, SerializerFunctionWrapHandler, WrapSerializer
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
            return super().__get_pydantic_core_schema__(source, handler)
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
        for module in (f"{name}_config", name):
            if found := cls._declared(name):
                return found
            if module in modules_in(cls.PACKAGE):
                importlib.import_module(f"{cls.PACKAGE}.{module}")
        return cls._declared(name)

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
        return self.module_of(getattr(self, self.TAG))

    @classmethod
    def module_of(cls, name: str) -> ModuleType:
        """The module of a kind, imported."""
        return importlib.import_module(f"{cls.PACKAGE}.{name}")

    def build(self, *arguments: Any) -> Any:
        """What the module's `build` makes of this config and the arguments that kinds of the base take."""
        return self.module.build(self, *arguments)


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


def of_kind(kind: str) -> tuple[BeforeValidator, WrapSerializer]:
    """For the annotation of a field whose config is always of this kind, and does not say it."""
    return BeforeValidator(partial(_filled, kind)), WrapSerializer(partial(_bare, kind))


def _filled(kind: str, value: Any) -> Any:
    return {Kind.TAG: kind} | value if isinstance(value, dict) else value


def _bare(kind: str, value: Any, handler: SerializerFunctionWrapHandler) -> Any:
    return _without_tag(kind, handler(value))


def _without_tag(kind: str, dumped: Any) -> Any:
    stays = not isinstance(dumped, dict) or dumped.get(Kind.TAG) != kind
    return dumped if stays else {name: value for name, value in dumped.items() if name != Kind.TAG}


def _all_filled(base: type[Kind], values: Any) -> Any:
    if not isinstance(values, dict):
        return values
    filled = {name: _filled(name, value) for name, value in values.items()}
    off = {name for name, value in filled.items() if value is None or _weighs_nothing(value)}
    for name in off:
        # It changes nothing, and is checked all the same: another's name would leave that one on without a word.
        _check_off(base, name, filled[name])
    return {name: value for name, value in filled.items() if name not in off}


def _check_off(base: type[Kind], name: str, value: dict[str, Any] | None) -> None:
    if value is not None:
        base._of_its_kind(value | {"weight": 1.0})
    elif base.of_kind(name) is None:
        message = f"no {base.TAG} {name!r}{did_you_mean(name, base.kinds())}"
        raise PydanticCustomError("kind", "{message}", {"message": message})


def _weighs_nothing(value: Any) -> bool:
    return isinstance(value, dict) and value.get("weight") == 0


def _all_bare(values: Any, handler: SerializerFunctionWrapHandler) -> Any:
    return {name: _without_tag(name, dumped) for name, dumped in handler(values).items()}


def by_key(base: type[Kind]) -> tuple[BeforeValidator, WrapSerializer]:
    """For the annotation of a mapping to configs of `base`: each is of the kind that its key says, or says another.

    What is null or weighs 0 is left out, and so changes nothing.
    """
    return BeforeValidator(partial(_all_filled, base)), WrapSerializer(_all_bare)


def _serialise(value: Kind, info: Any) -> Any:
    names = ("exclude_defaults", "exclude_unset", "exclude_none", "by_alias", "round_trip")
    dumped = value.model_dump(mode=info.mode, **{name: getattr(info, name) for name in names})
    # What the other fields mean depends on it, so that it is written even where it is a default.
    return {value.TAG: getattr(value, value.TAG)} | dumped
