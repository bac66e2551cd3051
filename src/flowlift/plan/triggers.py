"""Triggers of a deployment, as the automations that Prefect's API takes.

The shapes are those of `POST /automations/`. Prefect gives an automation of a deployment's trigger
the action "run this deployment", and owns it by the deployment, so that both go together.
A `metric` trigger is Prefect Cloud's alone: an own server answers 422.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from flowlift.findings import Json

Labels = dict[str, "str | list[str]"]
PROACTIVE_WITHIN = timedelta(seconds=10)
"""The least time a trigger must wait before it can say that an event did not come."""


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="ignore", ser_json_timedelta="float", coerce_numbers_to_str=False
    )


class _Event(_Part):
    type: Literal["event"] = "event"
    match: Labels = {}
    match_related: Labels | list[Labels] = {}
    after: list[str] = []
    expect: list[str] = []
    for_each: list[str] = []
    posture: Literal["Reactive", "Proactive"] = "Reactive"
    threshold: int = 1
    within: Annotated[timedelta, Field(ge=timedelta(0))] = timedelta(0)

    @model_validator(mode="after")
    def _waits_long_enough(self) -> _Event:
        if self.posture == "Proactive" and self.within < PROACTIVE_WITHIN:
            if self.within:
                raise ValueError("`within` of a Proactive trigger is 10 seconds at least")
            self.within = PROACTIVE_WITHIN
        return self


class _Query(_Part):
    name: Literal["lateness", "duration", "successes"]
    threshold: float
    operator: Literal["<", "<=", ">", ">="]
    range: Annotated[timedelta, Field(ge=timedelta(seconds=300))] = timedelta(seconds=300)
    firing_for: Annotated[timedelta, Field(ge=timedelta(seconds=300))] = timedelta(seconds=300)


class _Metric(_Part):
    type: Literal["metric"] = "metric"
    match: Labels = {}
    match_related: Labels | list[Labels] = {}
    posture: Literal["Metric"] = "Metric"
    metric: _Query


class _Compound(_Part):
    type: Literal["compound"] = "compound"
    triggers: list[_Trigger]
    within: timedelta | None = None
    require: Annotated[int, Field(ge=1)] | Literal["any", "all"]

    @model_validator(mode="after")
    def _can_fire(self) -> _Compound:
        if isinstance(self.require, int) and self.require > len(self.triggers):
            raise ValueError("`require` is at most the number of triggers")
        return self


class _Sequence(_Part):
    type: Literal["sequence"] = "sequence"
    triggers: list[_Trigger]
    within: timedelta | None = None


_Trigger = Annotated[_Event | _Metric | _Compound | _Sequence, Field(discriminator="type")]
_Compound.model_rebuild()
_Sequence.model_rebuild()
_TRIGGER: TypeAdapter[Any] = TypeAdapter(_Trigger)


class _Action(_Part):
    """What an automation does with its deployment, and what it is called."""

    name: str
    description: str = ""
    enabled: bool = True
    parameters: dict[str, Any] | None = None
    job_variables: dict[str, Any] | None = None
    schedule_after: Annotated[timedelta, Field(ge=timedelta(0))] = timedelta(0)


class TriggerError(ValueError):
    """A trigger that Prefect refuses; the message says what and where in it."""


def trigger_keys(spec: Mapping[str, Json]) -> tuple[str, ...]:
    """The keys that a trigger of this one's type may have."""
    models: dict[str, type[_Part]] = {
        "event": _Event,
        "metric": _Metric,
        "compound": _Compound,
        "sequence": _Sequence,
    }
    model = models.get(str(_typed(spec)["type"]), _Event)
    return (*model.model_fields, *_Action.model_fields)


def is_metric(spec: Json) -> bool:
    """Whether a trigger, or one inside it, is a metric's."""
    if not isinstance(spec, Mapping):
        return False
    inner = spec.get("triggers")
    return _typed(spec)["type"] == "metric" or any(
        is_metric(one) for one in (inner if isinstance(inner, list) else ())
    )


def automation(spec: Mapping[str, Json], deployment: str, number: int) -> dict[str, Json]:
    """The automation that a trigger becomes, without the ids of deployment and owner.

    Raises:
        TriggerError: the trigger is none that Prefect takes.
    """
    named = {"name": f"{deployment}__automation_{number}", **spec}
    try:
        trigger = _TRIGGER.validate_python(_typed(spec))
        action = _Action.model_validate(named)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise TriggerError(f"{place}: {first['msg']}" if place else first["msg"]) from None
    said = action.model_dump(mode="json")
    document: dict[str, Json] = canonical(
        {
            "name": said["name"],
            "description": said["description"],
            "enabled": said["enabled"],
            "tags": [],
            "trigger": trigger.model_dump(mode="json"),
            "actions": [
                {
                    "type": "run-deployment",
                    "source": "selected",
                    "parameters": said["parameters"],
                    "job_variables": said["job_variables"],
                    "schedule_after": said["schedule_after"],
                }
            ],
            "actions_on_trigger": [],
            "actions_on_resolve": [],
        }
    )
    return document


def canonical(document: Json) -> Json:
    """An automation in the form in which equal ones compare equal.

    Ids and times that the server gives are left out, and lists that mean sets are sorted. A
    `schedule_after` of 0 is left out, as Prefect 3.4 does not give it back. What a run is given
    stays as it is, whatever its keys are called.
    """
    if isinstance(document, Mapping):
        return {
            key: value
            if key in {"parameters", "job_variables"}
            else sorted(value)
            if key in {"after", "expect", "for_each"} and isinstance(value, Sequence)
            else canonical(value)
            for key, value in document.items()
            if key not in {"id", "deployment_id", "owner_resource", "created", "updated"}
            and not (key == "schedule_after" and not value)
        }
    if isinstance(document, (list, tuple)):
        return [canonical(item) for item in document]
    return document


def trigger_contents(automations: Iterable[Mapping[str, Json]]) -> list[Json]:
    """Automations without whether they are on, which a person may switch."""
    return [{k: v for k, v in one.items() if k != "enabled"} for one in automations]


def describe_trigger(automation: Mapping[str, Json]) -> dict[str, Json]:
    """An automation as a plan shows it: what is not Prefect's default."""
    action: Mapping[str, Json] = next(iter(automation["actions"]), {})
    shown = dict(automation["trigger"])
    for key in ("parameters", "job_variables", "schedule_after"):
        shown[key] = action.get(key)
    said = {key: value for key, value in shown.items() if value not in (None, "", [], {}, 0)}
    return {**said, "enabled": automation["enabled"]}


def _typed(spec: Mapping[str, Json]) -> dict[str, Json]:
    """A trigger with its type, which a manifest may leave out (Prefect then infers it)."""
    typed = dict(spec)
    if "type" not in typed:
        if typed.get("posture") == "Metric":
            typed["type"] = "metric"
        elif "triggers" in typed:
            typed["type"] = "compound" if "require" in typed else "sequence"
        else:
            typed["type"] = "event"
    if isinstance(typed.get("triggers"), list):
        typed["triggers"] = [
            {"type": "event", **item} if isinstance(item, Mapping) else item
            for item in typed["triggers"]
        ]
    return typed
