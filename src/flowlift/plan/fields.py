"""The fields of a deployment that a plan compares and writes, and how a value is compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from flowlift.findings import Json
from flowlift.plan.model import Schedule

FIELDS = (
    "entrypoint",
    "path",
    "version",
    "description",
    "tags",
    "parameters",
    "parameter_openapi_schema",
    "enforce_parameter_schema",
    "paused",
    "concurrency_limit",
    "concurrency_options",
    "pull_steps",
    "work_pool_name",
    "work_queue_name",
    "job_variables",
)
"""What a `body` holds, by the names of Prefect's API; schedules and triggers stand apart."""

DEFAULTS: Mapping[str, Json] = {
    "tags": [],
    "parameters": {},
    "enforce_parameter_schema": True,
    "paused": False,
    "pull_steps": [],
    "job_variables": {},
    "work_queue_name": "default",
}
"""What the server holds where a field was never sent, or was sent as null."""


class KnownAfterBuild(str):
    """A value that only a build step will tell: shown as "(known after build)" in a plan."""

    __slots__ = ()

    def __new__(cls) -> KnownAfterBuild:  # noqa: D102
        return super().__new__(cls, "(known after build)")


def is_known(value: Json) -> bool:
    """Whether no part of `value` waits for a build step."""
    if isinstance(value, KnownAfterBuild):
        return False
    if isinstance(value, Mapping):
        return all(is_known(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return all(is_known(item) for item in value)
    return True


def comparable(field: str, value: Json) -> Json:
    """`value` as the server would give it back, so that equal things compare equal.

    Tags are a set for Prefect's filters, yet kept in order and shown in order: a change of their
    order alone is no change. A description is trimmed as YAML block scalars end in a newline.
    """
    if value is None and field in DEFAULTS:
        return DEFAULTS[field]
    if field == "tags":
        return sorted({str(tag) for tag in value})
    if field == "concurrency_options" and isinstance(value, Mapping):
        return {key: item for key, item in value.items() if item is not None} or None
    return value


def digest(value: Json) -> str:
    """A short digest of a JSON value, the same for equal values in any order of keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def schedule_content(schedule: Schedule, *, anchored: bool = True) -> Json:
    """What a schedule says besides being active; `anchored` leaves an inherited anchor date out."""
    timing = dict(schedule.timing)
    if not anchored:
        timing.pop("anchor_date", None)
    return {
        "timing": timing,
        "parameters": dict(schedule.parameters),
        "max_scheduled_runs": schedule.max_scheduled_runs,
    }
