"""A plan as JSON: what is saved, compared and applied, and its published schema."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from flowlift import __version__
from flowlift.errors import InputError, Position
from flowlift.findings import Json
from flowlift.plan.model import PLAN_FORMAT, Plan
from flowlift.render.values import is_list
from flowlift.render.visible import cut, visible

_FAMILY, _, _VERSION = PLAN_FORMAT.partition("/")
_AGAIN = "Make it with `flowlift plan ENV --out PLAN.json`."
_ROOM = 80


def plan_json(plan: Plan) -> str:
    """`plan` as JSON that is the same, byte for byte, for equal plans.

    Keys stand as docs/plan.schema.json has them, and those inside of values in alphabetical order.
    It is pure ASCII, so that no terminal, pipe or locale alters it. A number that JSON does not
    have (`.nan`, `.inf` in YAML) stands as text.
    """
    document = plan.model_dump()
    for change in document["changes"]:
        for field in change["fields"]:
            field.update(before=_plain(field["before"]), after=_plain(field["after"]))
        for kept in change["kept"]:
            kept.update(live=_plain(kept["live"]), desired=_plain(kept["desired"]))
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def read_plan(text: str, *, file: str = "") -> Plan:
    """The plan that `plan_json` wrote. `file` is named in what is raised.

    Raises:
        InputError: `text` is no JSON, no plan, or a plan of a newer or older format.
    """
    document = _document(text, file)
    found = document.get("format")
    if found != PLAN_FORMAT:
        raise _other_format(found, file)
    try:
        return Plan.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"This plan cannot be read: {cut(visible(path), _ROOM)}: {first['msg']}.",
            remedy=f"It was edited, or written by a newer flowlift. {_AGAIN}",
            at=Position(file) if file else None,
        ) from None


def plan_schema() -> dict[str, Any]:
    """The JSON schema of a plan, as published in docs/plan.schema.json."""
    document = Plan.model_json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **document,
        "title": f"flowlift plan, format {_VERSION}",
        "required": ["format", *document["required"]],
    }


def _plain(value: Json) -> Json:
    """`value` with nothing in it but what JSON has, and its keys in alphabetical order."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Mapping):
        ordered = sorted(value.items(), key=lambda item: str(item[0]))
        return {str(key): _plain(item) for key, item in ordered}
    if is_list(value):
        return [_plain(item) for item in value]
    return str(value)


def _document(text: str, file: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(
            f"This is not JSON: {error.msg} in line {error.lineno}, column {error.colno}.",
            remedy=f"A saved plan is one JSON document. {_AGAIN}",
            at=Position(file, error.lineno) if file else None,
        ) from None
    except RecursionError:
        document = None
    if not isinstance(document, dict):
        raise InputError(
            "This JSON is no plan.", remedy=_AGAIN, at=Position(file) if file else None
        )
    return document


def _other_format(found: Json, file: str) -> InputError:
    at = Position(file) if file else None
    family, _, version = found.partition("/") if isinstance(found, str) else ("", "", "")
    if family != _FAMILY:
        return InputError(
            f'This JSON is no plan: a plan has "format": "{PLAN_FORMAT}".', remedy=_AGAIN, at=at
        )
    if version.isdecimal() and int(version) > int(_VERSION):
        return InputError(
            f"This plan has format {version}, and flowlift {__version__} reads format {_VERSION}.",
            remedy="Upgrade flowlift, or make the plan anew with this one.",
            at=at,
        )
    return InputError(
        f"This plan has format {cut(visible(version), _ROOM)!r}, which flowlift {__version__}"
        f" does not read (it reads {_VERSION}).",
        remedy=_AGAIN,
        at=at,
    )
