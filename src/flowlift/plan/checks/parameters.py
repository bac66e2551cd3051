"""Parameters against the signature of the flow: unknown, missing, or of the wrong type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowlift.findings import Json
from flowlift.plan.checks.report import Report
from flowlift.plan.fields import is_known
from flowlift.plan.mask import dotted, mask_words
from flowlift.plan.model import Desired, Flow
from flowlift.plan.overrides import by_policy
from flowlift.words import meant


def check_parameters(desired: Desired, flow: Flow, report: Report) -> None:
    """Look at the parameters of a deployment and at those of each of its schedules.

    A parameter may be missing where nothing runs by itself: a person gives it then.
    """
    schema = flow.schema
    if schema is None:
        return
    declared = desired.declared
    base = desired.body.get("parameters") or {}
    if not isinstance(base, Mapping):
        return
    _check_values(desired, schema, base, ("parameters",), report)
    for schedule in desired.schedules:
        path = schedule.path
        _check_values(desired, schema, schedule.parameters, (*path, "parameters"), report)
        given = {*base, *schedule.parameters}
        missing = [name for name in schema.get("required", ()) if name not in given]
        if missing:
            names = ", ".join(f"`{name}`" for name in missing)
            report.add(
                "missing-parameter",
                f"Runs of this schedule fail: the flow needs {names}.",
                remedy="Add it under `parameters` of the deployment or of the schedule,"
                " or give it a default in the flow.",
                at=declared.position(*path),
                declared=declared,
                deployment=desired.key,
            )


def _check_values(
    desired: Desired,
    schema: Mapping[str, Json],
    values: Mapping[str, Json],
    path: tuple[str | int, ...],
    report: Report,
) -> None:
    declared = desired.declared
    source = by_policy(desired.origins, str(path[0]))
    properties = schema.get("properties", {})
    for name, value in values.items():
        at = declared.position(*path, name)
        if name not in properties:
            known = ", ".join(properties) or "none"
            report.add(
                "unknown-parameter",
                f"The flow {desired.flow!r} has no parameter `{name}`"
                + source
                + meant(name, properties),
                remedy=f"Its parameters: {known}.",
                at=at,
                declared=declared,
                deployment=desired.key,
            )
            continue
        trouble = _trouble(schema, properties[name], value)
        if trouble:
            report.add(
                "wrong-parameter",
                f"`{name}` does not fit the flow's signature{source}: "
                + mask_words(trouble, value, dotted((*path, name)), desired.secrets)
                + ".",
                remedy="Runs would fail with it. Correct the value or the signature.",
                at=at,
                declared=declared,
                deployment=desired.key,
            )


def _trouble(schema: Mapping[str, Json], rule: Json, value: Json) -> str | None:
    """Why a value is refused by its part of the flow's schema, None where it is fine."""
    if not is_known(value) or _filled_in_later(value) or not isinstance(rule, Mapping):
        return None
    if (simple := _simple(rule, value)) is not None:
        return simple or None

    from jsonschema import Draft202012Validator

    document: dict[str, Any] = {**rule, "definitions": schema.get("definitions", {})}
    for error in Draft202012Validator(document).iter_errors(value):
        place = "".join(f"[{part!r}]" for part in error.absolute_path)
        return f"{place + ': ' if place else ''}{error.message}"
    return None


_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
}


def _simple(rule: Mapping[str, Json], value: Json) -> str | None:
    """The same answer for a rule that is nothing but a type: "" fits, None for any other rule."""
    if set(rule) - {"type", "title", "position", "default", "description"}:
        return None
    kind = rule.get("type")
    if kind is None:
        return ""
    types = _TYPES.get(kind) if isinstance(kind, str) else None
    if types is None:
        return None
    fits = isinstance(value, types) and (kind == "boolean" or not isinstance(value, bool))
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        fits = True
    return "" if fits else f"{value!r} is not of type {kind!r}"


def _filled_in_later(value: Json) -> bool:
    """Values that the server or the worker fills in: references to blocks, hydrated parameters."""
    if isinstance(value, Mapping):
        return "$ref" in value or "__prefect_kind" in value
    return isinstance(value, str) and "{{" in value
