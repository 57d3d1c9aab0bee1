"""Validated configuration: strict models, readable errors, stable hashes."""

import difflib
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError


class ConfigError(ValueError):
    """A configuration the user can fix; the message names the file, the field and the fix."""


class Strict(BaseModel):
    """Base of every config: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Model = TypeVar("Model", bound=BaseModel)


def load_yaml(path: Path) -> Any:
    """Parse a YAML file.

    Raises:
        ConfigError: the file is missing or is not YAML (with the line).
    """
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}{line}: not valid YAML: {getattr(error, 'problem', error)}") from None


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
        field = ".".join(str(part) for part in issue["loc"]) or "(top level)"
        if issue["type"] == "extra_forbidden":
            hint = did_you_mean(str(issue["loc"][-1]), _fields(model, issue["loc"], data))
            yield f"{where}: {field}: unknown key{hint}"
        else:
            message = issue["msg"].removeprefix("Value error, ")
            shown = "" if isinstance(issue["input"], dict) else f" (got {issue['input']!r})"
            yield f"{where}: {field}: {message}{shown}"


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
        data = data[part] if isinstance(data, list) or (isinstance(data, dict) and part in data) else data
        models = {each for each in inner or tagged or models if _may_be(each, data)}
    return {name for each in models for name in each.model_fields}


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


def digest(data: Any, length: int = 10) -> str:
    """Hash of JSON-like data or a pydantic model, equal for equal content whatever the key order."""
    if isinstance(data, BaseModel):
        data = data.model_dump(mode="json")
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:length]
