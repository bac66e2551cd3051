"""The JSON schema of a flow's parameters, as Prefect has pydantic make it.

Prefect makes a pydantic model for each parameter and one for all of them. Where the parts do not
depend on each other (no shared definitions, plain defaults) the schema is put together of
fragments: pydantic is asked once for each type, however many flows use it.
"""

from __future__ import annotations

import typing
import warnings
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from flowlift.repo.flows.module import NotStatic
from flowlift.repo.flows.signature import EMPTY, Parameter

_IMPLICIT = ("self", "cls")
_CONFIG = ConfigDict(arbitrary_types_allowed=True)
_OWN = "flowlift"
"""Classes built from a user's source are of our own modules: two files may have one name for two
of them, so that they are never looked up by their name."""

_fragments: dict[str, dict[str, Any] | None] = {}


class _NoSchemaError(Exception):
    """A type of these fields has no JSON schema."""


class _OpenClasses(GenerateJsonSchema):
    """A value of a class that pydantic knows nothing of may be anything."""

    def is_instance_schema(self, schema: core_schema.IsInstanceSchema) -> dict[str, Any]:
        return {}


def build(parameters: Sequence[Parameter], descriptions: Mapping[str, str]) -> dict[str, Any]:
    """The schema that Prefect registers for these parameters.

    Raises:
        NotStatic: pydantic cannot make one here.
    """
    return _composed(parameters, descriptions) or _modelled(parameters, descriptions)


def _composed(
    parameters: Sequence[Parameter], descriptions: Mapping[str, str]
) -> dict[str, Any] | None:
    """The schema put together of fragments, None where that would not be exact."""
    properties: dict[str, Any] = {}
    required: list[str] = []
    for position, (name, annotation, default) in enumerate(parameters):
        if name in _IMPLICIT:
            continue
        fragment = _fragment(Any if annotation is EMPTY else annotation)
        if fragment is None:
            return None
        entry = {**fragment, "title": name, "position": position}
        if name in descriptions:
            entry["description"] = descriptions[name]
        if default is EMPTY:
            required.append(name)
        elif _is_plain_json(default):
            entry["default"] = default
        else:
            return None
        properties[name] = dict(sorted(entry.items()))
    schema: dict[str, Any] = {"title": "Parameters", "type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return schema


def _modelled(parameters: Sequence[Parameter], descriptions: Mapping[str, str]) -> dict[str, Any]:
    """The schema of one model with all parameters."""
    fields: dict[str, Any] = {}
    for position, parameter in enumerate(parameters):
        if parameter.name not in _IMPLICIT:
            # A field cannot have the name of something that every model has.
            taken = _is_taken(parameter.name)
            name = f"{parameter.name}__" if taken else parameter.name
            fields[name] = _field(parameter, position, descriptions, aliased=taken)
    try:
        made = _schema(fields)
    except _NoSchemaError:
        # A type that has no schema is any, and the others keep theirs.
        fields = {
            name: pair if _has_schema(name, pair) else (Any, pair[1])
            for name, pair in fields.items()
        }
        made = _schema(fields)
    keys = ("title", "type", "properties", "required")
    kept: dict[str, Any] = {key: made[key] for key in keys if key in made}
    return {**kept, "definitions": made["$defs"]} if "$defs" in made else kept


def _field(
    parameter: Parameter, position: int, descriptions: Mapping[str, str], *, aliased: bool
) -> tuple[Any, Any]:
    name, annotation, default = parameter
    description = descriptions.get(name)
    extra: dict[str, Any] = {}
    if isinstance(default, FieldInfo):
        if isinstance(default.json_schema_extra, dict):
            extra.update(default.json_schema_extra)
        description = default.description or description
        default = default.default
    info: Any = Field(
        default=... if default is EMPTY else default,
        title=name,
        description=description,
        alias=name if aliased else None,
        json_schema_extra={"position": position, **extra},
    )
    return (Any if annotation is EMPTY else annotation), info


def _has_schema(name: str, field: tuple[Any, Any]) -> bool:
    try:
        _schema({name: field})
    except _NoSchemaError:
        return False
    return True


def _schema(fields: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of a model of these fields.

    Raises:
        _NoSchemaError: a type has none.
        NotStatic: pydantic fails in a way that Prefect lets through.
    """
    try:
        with warnings.catch_warnings():
            # Their author sees them when the code runs; here they would only be noise.
            warnings.simplefilter("ignore")
            model = create_model("Parameters", __config__=_CONFIG, **fields)
            return TypeAdapter(model).json_schema(
                by_alias=True, ref_template="#/definitions/{model}", schema_generator=_OpenClasses
            )
    except (ValueError, TypeError, PydanticInvalidForJsonSchema) as error:
        raise _NoSchemaError from error
    except Exception as error:
        raise NotStatic(f"pydantic fails: {error}") from None


def _fragment(annotation: Any) -> dict[str, Any] | None:
    """The schema of a type by itself, None where it needs definitions or a model of its own."""
    key = repr(annotation)
    if key in _fragments:
        return _fragments[key]
    if "Annotated" in key or not _is_known(annotation):
        return None
    made: dict[str, Any] = {}
    try:
        made = _schema({"value": (annotation, Field(title="value"))})
    except _NoSchemaError:
        made = {"properties": {"value": {}}}
    fragment = {k: v for k, v in made["properties"]["value"].items() if k != "title"}
    _fragments[key] = None if "$defs" in made else fragment
    return _fragments[key]


def _is_known(annotation: Any) -> bool:
    """Whether a type is made of Python's and its libraries' parts only."""
    parts = typing.get_args(annotation)
    if parts:
        return all(map(_is_known, parts))
    return str(getattr(annotation, "__module__", "")).partition(".")[0] != _OWN


def _is_plain_json(default: Any) -> bool:
    """Whether pydantic hands a default on as it is."""
    kind = type(default)
    if kind is str:
        return default.isascii() or _is_text(default)
    if kind is float:
        return isfinite(default)
    if kind is list:
        return all(map(_is_plain_json, default))
    if kind is dict:
        return all(type(k) is str and _is_plain_json(k) for k in default) and all(
            map(_is_plain_json, default.values())
        )
    return default is None or kind in (int, bool)


def _is_text(text: str) -> bool:
    """Whether the text has no half characters, which JSON cannot hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_taken(name: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Looking at a deprecated name warns.
        return hasattr(BaseModel, name)
