"""Validated configuration: strict models, readable errors, stable hashes."""

import difflib
import functools
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetCoreSchemaHandler, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, to_jsonable_python


class ConfigError(ValueError):
    """A configuration the user can fix; the message names the file, the field and the fix."""


def _take_no_other_type(schema: Any, model: type[BaseModel]) -> None:
    """Set `strict` for all numbers and truth values of a model's schema, but for keys, which are text in JSON."""
    if isinstance(schema, list | tuple):
        for each in schema:
            _take_no_other_type(each, model)
    elif isinstance(schema, dict) and schema.get("cls", model) is model:  # another model has seen to its own
        if schema.get("type") in ("int", "float", "bool"):
            schema["strict"] = True
        for name, each in schema.items():
            if name not in ("keys_schema", "metadata", "serialization"):
                _take_no_other_type(each, model)


class Strict(BaseModel):
    """Base of every config: frozen; an unknown key is an error, and so is a number that is infinite, NaN or no number.

    Attributes:
        FROM_TEXT: its data are a row of a CSV file, where numbers are text; elsewhere neither a text nor true is one.
    """

    FROM_TEXT: ClassVar[bool] = False

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[BaseModel], handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        if not cls.FROM_TEXT:
            _take_no_other_type(schema, cls)
        return schema


class SettingError(ConfigError):
    """What is asked of a plan is not there: the scale, a corpus, what to change."""


class Role(Enum):
    """What a field is to the name of a run; it stands beside the type: `compile: Annotated[bool, Role.EXECUTION]`.

    EXECUTION: it says how a job is executed. It changes results by rounding at most, and is no part of the name.
    CORPUS: a folder of recordings, MODEL: a model's hub id, file or folder. A path stands for what lies there.
    """

    EXECUTION = "execution"
    CORPUS = "corpus"
    MODEL = "model"


NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
# A hub takes no more of a name than this; most are owner/name.
HUB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}(/[A-Za-z0-9][A-Za-z0-9._-]{0,95})?")


def _name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise ValueError("is no name: that is up to 64 letters, digits, dots, dashes and underscores, none at its ends")
    return text


def is_path(text: str) -> bool:
    """Whether the name of a model can only be that of a file or folder, not a hub id."""
    return text.startswith((".", "/", "~")) or text.endswith(".safetensors") or text.count("/") > 1


def _model(value: Any) -> Any:
    if isinstance(value, str) and not is_path(value) and not HUB_ID.fullmatch(value):
        raise ValueError("is no model's id on the hub (owner/name); a path begins with ./, / or ~")
    return value


def _distinct(values: Any) -> Any:
    for place, value in enumerate(values):
        if value in values[:place]:
            raise ValueError(f"has {value!r} twice")
    return values


Name = Annotated[str, AfterValidator(_name)]  # of a source, study, variant, scale: part of paths and of commands
Seed = Annotated[int, Field(ge=0, lt=2**31)]  # what every library takes
DISTINCT = AfterValidator(_distinct)  # for the annotation of a list in which nothing stands twice
MODEL = Role.MODEL, AfterValidator(_model)  # for the annotation of a field that may name a model

Model = TypeVar("Model", bound=BaseModel)
Content = Callable[[Role, str, str], Any]  # a field's role, name and text → what stands for what lies there


def parse(model: type[Model], data: Any, where: str) -> Model:
    """Validate `data` as `model`; `where` names the file or option it came from.

    Raises:
        ConfigError: one line for each wrong field: `where: field: what is wrong (got value)`.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ConfigError("\n".join(_lines(error, where, model, data))) from None


def _lines(error: ValidationError, where: str, model: type[BaseModel], data: Any) -> Iterator[str]:
    for issue in error.errors():
        field = _on_a_line(".".join(str(part) for part in issue["loc"] if part != "[key]")) or "(top level)"
        if issue["type"] == "extra_forbidden":
            hint = did_you_mean(str(issue["loc"][-1]), _fields(model, issue["loc"], data))
            yield f"{where}: {field}: unknown key{hint}"
        else:
            message = issue["msg"].removeprefix("Value error, ")
            shown = "" if isinstance(issue["input"], dict) else f" (got {shortened(repr(issue['input']))})"
            yield f"{where}: {field}: {_on_a_line(message)}{shown}"


def _on_a_line(text: str) -> str:
    return " ".join(text.split())


def shortened(text: str, most: int = 120) -> str:
    """The beginning of a text that may be long, for a message."""
    return text if len(text) <= most else f"{text[:most]}…"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the closest of the known names, else a list of them all."""
    known = sorted(known)
    if close := difflib.get_close_matches(name, known, n=1):
        return f"; did you mean {close[0]!r}?"
    return f"; known: {', '.join(known)}" if known else ""


def _fields(model: type[BaseModel], location: tuple[int | str, ...], data: Any) -> set[str]:
    """Names of the fields that could have stood at the last part of a pydantic error location in `data`."""
    models = {model}
    for part in location[:-1]:
        # A part that names no field is a list index or the tag of a union: the candidates stay.
        named = [each.model_fields[part] for each in models if part in each.model_fields]
        inner = {found for field in named for found in _models(field.annotation)}
        tagged = {each for each in models if _has_tag(each, part)}
        data = _inside(data, part)
        models = {each for each in inner or tagged or models if _may_be(each, data)}
    return {name for each in models for name in each.model_fields}


def _inside(data: Any, part: int | str) -> Any:
    """What lies at a part of a location; the data themselves, where it is a type or a tag of a union."""
    if isinstance(data, list):
        return data[part] if isinstance(part, int) else data
    return data.get(part, data) if isinstance(data, dict) else data


def _models(annotation: Any) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation, *(found for each in annotation.__subclasses__() for found in _models(each))}
    return {found for part in get_args(annotation) for found in _models(part)}


def _may_be(model: type[BaseModel], data: Any) -> bool:
    """Whether no tag in `data` says that it is another model's."""
    if not isinstance(data, dict):
        return True
    tagged = ((data[name], field.annotation) for name, field in model.model_fields.items() if name in data)
    return all(get_origin(annotation) is not Literal or value in get_args(annotation) for value, annotation in tagged)


def _has_tag(model: type[BaseModel], tag: Any) -> bool:
    return any(tag in get_args(field.annotation) for field in model.model_fields.values())


def _as_it_is(role: Role, field: str, text: str) -> str:
    return text


def differences(value: Any, content: Content = _as_it_is, field: str = "") -> Any:
    """What a config says beyond its defaults, as JSON: what a run is named after.

    A field that is at its default is left out, at any depth, and so is one of `Role.EXECUTION`: a new field that has a
    default renames nothing. The tag, which says what kind of config it is, always stays.

    Args:
        value: a config, or JSON-like data that may hold some.
        content: what stands for a field of `Role.CORPUS` or `Role.MODEL`; by default its text.
        field: dotted name of `value`, for `content`.
    """
    if isinstance(value, BaseModel):
        return _beyond_defaults(value, content, field)
    if isinstance(value, dict):
        return {name: differences(each, content, _below(field, name)) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [differences(each, content, field) for each in value]
    return to_jsonable_python(value)


def _beyond_defaults(config: BaseModel, content: Content, field: str) -> dict[str, Any]:
    kept, defaults = {}, _defaults(type(config))
    for name, info in type(config).model_fields.items():
        if Role.EXECUTION not in info.metadata:
            given, below = getattr(config, name), _below(field, name)
            role = next((each for each in info.metadata if isinstance(each, Role)), None)
            is_text = role is not None and isinstance(given, str)
            found = content(role, below, given) if role and is_text else differences(given, content, below)
            if name not in defaults or found != defaults[name]:
                kept[name] = found
    return kept


@functools.cache
def _defaults(model: type[BaseModel]) -> dict[str, Any]:
    """The defaults of a config class as `differences` writes them; tags and fields that must be given have none."""
    return {
        name: differences(info.get_default(call_default_factory=True))
        for name, info in model.model_fields.items()
        if not info.is_required() and not _is_tag(info)
    }


def _is_tag(info: FieldInfo) -> bool:
    return get_origin(info.annotation) is Literal and len(get_args(info.annotation)) == 1


def _below(field: str, name: str) -> str:
    return f"{field}.{name}" if field else name


def digest(data: Any, length: int = 10) -> str:
    """Hash of JSON-like data or a pydantic model, equal for equal content whatever the key order."""
    if isinstance(data, BaseModel):
        data = data.model_dump(mode="json")
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:length]
