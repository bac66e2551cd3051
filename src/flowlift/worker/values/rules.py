"""What a base job template's variables take, by the rules of Prefect's server (3.8.8).

A run that is created is checked whole: the template's defaults, the deployment's job variables over
them, and what is `required`. A default that does not fit is dropped, and then nothing is required.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from flowlift.findings import Json

if TYPE_CHECKING:
    # Loaded where it is needed: by then kubectl and helm are at work, and not before them.
    from jsonschema.exceptions import SchemaError, ValidationError

KINDS = ("string", "integer", "number", "boolean", "object", "array", "null")
"""The types of a JSON schema."""

_WORDS = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a run is not created. `variable` is "" where the template itself is at fault.

    `reason` never holds a value, which may be a secret.
    """

    kind: Literal["schema", "value", "required"]
    variable: str
    reason: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with the schema of the variables, at a path inside of it."""

    path: tuple[str | int, ...]
    reason: str


def refusals(template: Mapping[str, Json], job_variables: Mapping[str, Json]) -> list[Refusal]:
    """Why the server would not create a run with these job variables; empty where it would."""
    variables = template.get("variables")
    if not variables:
        return []
    if not isinstance(variables, Mapping):
        return [Refusal("schema", "", "its variables are no object")]
    fault = schema_fault(variables)
    if fault is not None:
        return [Refusal("schema", "", f"its variables are no JSON schema: {fault.reason}")]
    defaults = _Defaults(variables)
    given = {**defaults.values, **job_variables}
    schema = _nullable(variables)
    required = (schema.pop("required", None) or []) if defaults.sound else []
    found = [
        Refusal("required", str(name), "it has no default, and no value is given")
        for name in required
        if name not in given and name not in defaults.blocks
    ]
    for error in _errors(schema if defaults.sound else _stripped(schema), given):
        name = str(error.absolute_path[0]) if error.absolute_path else ""
        found.append(Refusal("value", name, reason_of(error)))
    return found


def schema_fault(variables: Mapping[str, Json]) -> Fault | None:
    """What makes `variables` no JSON schema, which the server finds out at each run only."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(variables)
    except SchemaError as error:
        path = tuple(error.absolute_path)
        return Fault(path, f"{'.'.join(map(str, path)) or 'the whole'}: {reason_of(error)}")
    return None


def default_trouble(variables: Mapping[str, Json], name: str) -> str | None:
    """Why the default of a variable does not fit its own rule; None where it does.

    A reference to a block is not looked into, and null means that there is none.
    """
    rule = variables["properties"][name]
    default = rule.get("default")
    if default is None or (isinstance(default, Mapping) and "$ref" in default):
        return None
    for error in _errors(_stripped(variables), {name: default}):
        return reason_of(error)
    return None


def reason_of(error: ValidationError | SchemaError) -> str:
    """A violation in words, without the value that violates."""
    inside = ".".join(str(part) for part in list(error.absolute_path)[1:])
    place = f"{inside}: " if inside and not _is_of_schema(error) else ""
    wanted: Any = error.validator_value
    if error.validator == "type":
        kinds = [wanted] if isinstance(wanted, str) else list(wanted)
        return f"{place}{_kind(error.instance)}, not of type {' or '.join(kinds)}"
    if error.validator == "enum":
        return f"{place}none of {', '.join(map(str, wanted))}"
    if error.validator == "anyOf":
        kinds = [str(item.get("type")) for item in wanted if isinstance(item, Mapping)]
        if kinds and "None" not in kinds:
            return f"{place}{_kind(error.instance)}, not of type {' or '.join(kinds)}"
        return f"{place}nothing that is allowed there"
    if error.validator == "$ref":
        return f"{place}{error.message}"
    if error.validator in {"required", "additionalProperties"}:
        return f"{place}{error.message}"
    return f"{place}against its {error.validator}: {wanted}"


def _is_of_schema(error: ValidationError | SchemaError) -> bool:
    from jsonschema.exceptions import SchemaError

    return isinstance(error, SchemaError)


def _kind(value: Json) -> str:
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, (list, tuple)):
        return "a list"
    return _WORDS.get(type(value), type(value).__name__)


def _errors(schema: Mapping[str, Json], value: Json) -> Iterator[ValidationError]:
    """The violations of a schema; one that cannot be followed is one violation."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    # An empty registry: a template must not make us fetch addresses.
    validator = Draft202012Validator(schema, registry=Registry())
    try:
        yield from sorted(validator.iter_errors(value), key=lambda e: list(map(str, e.path)))
    except Unresolvable as error:
        yield ValidationError(f"a reference leads nowhere: {error}", validator="$ref")
    except RecursionError:
        yield ValidationError("a reference leads back to itself", validator="$ref")


class _Defaults:
    """The defaults that the server uses, and whether it finds all of them `sound`.

    It takes null for unsound where the type does not name it, unlike the worker. `blocks` are
    variables whose default is a block: what that holds is the server's to know.
    """

    def __init__(self, variables: Mapping[str, Json]) -> None:
        self.values: dict[str, Json] = {}
        self.blocks: set[str] = set()
        self.sound = True
        schema = _stripped(variables)
        for name, rule in (variables.get("properties") or {}).items():
            if not isinstance(rule, Mapping) or "default" not in rule:
                continue
            default = rule["default"]
            if isinstance(default, Mapping) and "$ref" in default:
                self.blocks.add(name)
            elif any(_errors(schema, {name: default})):
                self.sound = False
            else:
                self.values[name] = default


def _nullable(schema: Mapping[str, Json]) -> dict[str, Any]:
    """The schema as the server reads it: what is not required may be null."""
    wanted = copy.deepcopy(dict(schema))
    _open_up(wanted)
    for definition in (wanted.get("definitions") or {}).values():
        if isinstance(definition, dict):
            _open_up(definition)
    return wanted


def _open_up(schema: dict[str, Any]) -> None:
    required = schema.get("required") or []
    for name, rule in (schema.get("properties") or {}).items():
        if not isinstance(rule, dict):
            continue
        if name not in required and rule.get("type", "null") != "null":
            rule["anyOf"] = [{"type": rule.pop("type")}, {"type": "null"}]
        if isinstance(rule.get("items"), list) and not rule.get("prefixItems"):
            rule["prefixItems"] = rule.pop("items")
        _open_up(rule)


def _stripped(schema: Json) -> Any:
    """The schema without anything that it requires."""
    if isinstance(schema, Mapping):
        return {
            key: _stripped(value)
            for key, value in schema.items()
            if not (key == "required" and isinstance(value, list))
        }
    return [_stripped(item) for item in schema] if isinstance(schema, list) else schema
