"""Deployments to write, and what a server would say of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowlift.errors import Position
from flowlift.findings import Action
from flowlift.plan.fields import FIELDS
from flowlift.plan.model import Change, Declared, Desired, Live, Schedule
from flowlift.plan.timing import canonical_timing
from flowlift.plan.triggers import automation

DECLARED = Declared(data={}, at=Position("prefect.yaml", 1), lines={})

BODY: Mapping[str, Any] = {
    **dict.fromkeys(FIELDS),
    "entrypoint": "flows/etl.py:etl",
    "path": ".",
    "tags": ["nightly", "etl"],
    "parameters": {"day": 1},
    "parameter_openapi_schema": {
        "title": "Parameters",
        "type": "object",
        "properties": {"day": {"type": "integer", "title": "day", "position": 0}},
    },
    "enforce_parameter_schema": True,
    "paused": False,
    "pull_steps": [{"prefect.deployments.steps.git_clone": {"repository": "r", "branch": "b"}}],
    "job_variables": {"env": {"MODE": "full"}},
}

STAMP = {"flowlift.repository": "acme/platform", "flowlift.commit": "0" * 40}


def schedule(slug: str | None = "schedule-1", active: bool = True, **timing: Any) -> Schedule:
    return Schedule(slug, canonical_timing(timing or {"cron": "0 6 * * *"}), active)


def trigger(deployment: str, number: int = 1, **spec: Any) -> Mapping[str, Any]:
    return automation({"expect": ["b", "a"], **spec}, deployment, number)


def desired(
    name: str = "nightly",
    *,
    flow: str = "etl",
    schedules: tuple[Schedule, ...] = (),
    triggers: tuple[Mapping[str, Any], ...] = (),
    secrets: frozenset[str] = frozenset(),
    **body: Any,
) -> Desired:
    return Desired(
        flow=flow,
        name=name,
        body={**BODY, **body},
        schedules=schedules,
        triggers=triggers,
        declared=DECLARED,
        secrets=secrets,
    )


def live(wanted: Desired, **other: Any) -> Live:
    known: dict[str, Any] = {
        "id": f"id-{wanted.name}",
        "flow": wanted.flow,
        "flow_id": f"id-{wanted.flow}",
        "name": wanted.name,
        "body": wanted.body,
        "schedules": wanted.schedules,
        "triggers": wanted.triggers,
        "labels": STAMP,
    }
    return Live(**{**known, **other})


def put(wanted: Desired, now: Live | None = None) -> Change:
    """The change that makes `wanted` of what is live."""
    action = Action.UPDATE if now else Action.CREATE
    return Change(
        action=action, deployment=wanted.key, desired=wanted, live=now, labels=dict(STAMP)
    )


def drop(now: Live) -> Change:
    return Change(action=Action.DELETE, deployment=now.key, live=now)


def automation_of(trigger: Any, deployment_id: str, **other: Any) -> dict[str, Any]:
    """An automation as a server gives it."""
    actions = [{**action, "deployment_id": deployment_id} for action in trigger["actions"]]
    return {
        **trigger,
        "id": "a1",
        "created": "2026-01-01T00:00:00Z",
        "trigger": {**trigger["trigger"], "id": "t1"},
        "actions": actions,
        **other,
    }
