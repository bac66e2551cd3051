"""The shape of a manifest's entry: unknown keys, and values of a type that Prefect refuses.

Prefect 3.4.25 and newer read a manifest with a strict model: one wrong value, and `prefect deploy`
skips the whole file. Keys that it does not know it ignores without a word (tried with 3.8.8).
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date

from flowlift.errors import Position
from flowlift.findings import Json
from flowlift.plan.checks.report import Report
from flowlift.plan.model import Declared
from flowlift.plan.templates import PLACEHOLDER
from flowlift.plan.timetable import declared_schedules
from flowlift.plan.triggers import trigger_keys

Types = tuple[str, ...]

DEPLOYMENT: Mapping[str, Types] = {
    "name": ("text",),
    "version": ("text",),
    "version_type": ("text",),
    "tags": ("list", "text"),
    "description": ("text",),
    "schedule": ("mapping",),
    "schedules": ("list",),
    "paused": ("truth",),
    "concurrency_limit": ("number", "mapping"),
    "flow_name": ("text",),
    "entrypoint": ("text",),
    "parameters": ("mapping",),
    "enforce_parameter_schema": ("truth",),
    "build": ("list", "mapping"),
    "push": ("list", "mapping"),
    "pull": ("list", "mapping"),
    "work_pool": ("mapping",),
    "triggers": ("list",),
    "sla": ("list",),
    "labels": ("mapping",),
}
WORK_POOL: Mapping[str, Types] = {
    "name": ("text",),
    "work_queue_name": ("text",),
    "job_variables": ("mapping",),
}
SCHEDULE: Mapping[str, Types] = {
    "cron": ("text",),
    "interval": ("number", "text"),
    "rrule": ("text",),
    "timezone": ("text",),
    "anchor_date": ("text", "date"),
    "active": ("truth", "text"),
    "parameters": ("mapping",),
    "slug": ("text",),
    "replaces": ("text",),
    "day_or": ("truth", "text"),
}
CONCURRENCY: Mapping[str, Types] = {
    "limit": ("number",),
    "collision_strategy": ("text",),
    "grace_period_seconds": ("number",),
}
TOP_LEVEL: Mapping[str, Types] = {
    "name": ("text",),
    "prefect-version": ("text",),
    "build": ("list", "mapping"),
    "push": ("list", "mapping"),
    "pull": ("list", "mapping"),
    "deployments": ("list",),
    "definitions": ("mapping", "list"),
}

BELONGS: Mapping[str, str] = {
    "job_variables": "work_pool.job_variables",
    "job_configuration": "work_pool.job_variables",
    "infra_overrides": "work_pool.job_variables",
    "env": "work_pool.job_variables.env",
    "image": "work_pool.job_variables.image",
    "work_queue_name": "work_pool.work_queue_name",
    "work_queue": "work_pool.work_queue_name",
    "work_pool_name": "work_pool.name",
    "pool": "work_pool.name",
    "is_schedule_active": "schedules[].active",
    "active": "schedules[].active",
    "cron": "schedules[].cron",
    "interval": "schedules[].interval",
    "rrule": "schedules[].rrule",
    "timezone": "schedules[].timezone",
    "flow": "entrypoint",
    "path": "entrypoint",
    "concurrency_options": "concurrency_limit",
    "collision_strategy": "concurrency_limit.collision_strategy",
    "pull_steps": "pull",
    "prefect_version": "prefect-version, at the top of the file",
}
"""Where keys belong that people often write in the wrong place or under another tool's name."""


STEPS = ("build", "push", "pull")

NEVER_EMPTY = frozenset({"parameters", "job_variables"})
"""Keys whose value may not be null to Prefect 3.4.25 and newer (tried with 3.8.8)."""

TRUTHS = frozenset(["true", "false", "yes", "no", "on", "off", "t", "f", "y", "n", "1", "0"])
"""Texts that Prefect reads as true or false."""


def check_manifest(
    data: Mapping[str, Json],
    file: str,
    lines: Mapping[str, int],
    report: Report,
    *,
    anchored: Collection[str] = (),
) -> None:
    """Look at the top level of a manifest: keys of a team's own are fine there.

    `anchored` are keys that hold anchors, and so stand there to be referred to.
    """
    for key, value in data.items():
        at = Position(file, lines.get(key, 0))
        known = TOP_LEVEL.get(key)
        if known is None and key in DEPLOYMENT and key not in anchored:
            report.add(
                "unknown-key",
                f"{key!r} means nothing to Prefect here: it belongs into an entry of"
                " `deployments`.",
                remedy="Move it there; an anchor (`&name`) and aliases share it among several.",
                at=at,
            )
        elif known is None:
            near = difflib.get_close_matches(str(key), TOP_LEVEL, n=1, cutoff=0.85)
            if near:
                report.add(
                    "unknown-key",
                    f"{key!r} means nothing to Prefect here: is {near[0]!r} meant?",
                    remedy=f"Rename it to {near[0]!r}.",
                    at=at,
                )
        elif value is not None and not _fits(value, known):
            _wrong_type(report, str(key), value, known, at=at)
        elif key in STEPS:
            _no_step(value, at, report)


def _no_step(value: Json, at: Position, report: Report, declared: Declared | None = None) -> None:
    for step in value if isinstance(value, list) else ():
        if not isinstance(step, Mapping):
            report.add(
                "wrong-type",
                f"A step is a function with its inputs below it, not {step!r}.",
                remedy="Write `- package.function:` and its inputs, indented.",
                at=at,
                declared=declared,
            )


def check_entry(declared: Declared, report: Report) -> None:
    """Look at one entry of `deployments`, at every level that Prefect reads."""
    data = declared.data
    _table(declared, data, DEPLOYMENT, (), report)
    if not data.get("name"):
        report.add(
            "no-name",
            "This deployment has no name, so `prefect deploy --all` skips it without an error.",
            remedy="Give it a `name`.",
            declared=declared,
        )
    if isinstance(data.get("work_pool"), Mapping):
        _table(declared, data["work_pool"], WORK_POOL, ("work_pool",), report)
    if isinstance(data.get("concurrency_limit"), Mapping):
        _table(declared, data["concurrency_limit"], CONCURRENCY, ("concurrency_limit",), report)
    for path, schedule in declared_schedules(data):
        if isinstance(schedule, Mapping):
            _table(declared, schedule, SCHEDULE, path, report)
    if data.get("schedule") and data.get("schedules") is not None:
        report.add(
            "schedule",
            "This deployment has both `schedule` and `schedules`.",
            remedy="Keep `schedules` alone; Prefect refuses both.",
            at=declared.position("schedule"),
            declared=declared,
        )
    for key, empty, named in (("schedules", {}, "list"), ("schedule", [], "mapping")):
        if data.get(key) == empty and isinstance(data.get(key), type(empty)):
            report.add(
                "empty-schedules",
                f"`{key}: {empty}` is no {named}: `prefect deploy` 3.8 skips the whole file.",
                remedy="Write `schedules: []`, or leave the key out.",
                at=declared.position(key),
                declared=declared,
            )
    for path, key, known in _unknown_in_triggers(data.get("triggers")):
        _unknown_key(declared, key, dict.fromkeys(known, ()), path, report)
    if data.get("sla"):
        report.add(
            "sla",
            "Service levels are Prefect Cloud's alone, and flowlift does not set them.",
            remedy="Set them on Cloud by hand, or remove the key.",
            at=declared.position("sla"),
            declared=declared,
        )


def _unknown_in_triggers(
    triggers: Json, path: tuple[str | int, ...] = ("triggers",)
) -> Iterator[tuple[tuple[str | int, ...], str, Sequence[str]]]:
    for index, spec in enumerate(triggers if isinstance(triggers, list) else ()):
        if isinstance(spec, Mapping):
            here = (*path, index)
            known = trigger_keys(spec)
            yield from ((here, str(key), known) for key in spec if key not in known)
            yield from _unknown_in_triggers(spec.get("triggers"), (*here, "triggers"))


def _table(
    declared: Declared,
    table: Mapping[str, Json],
    known: Mapping[str, Types],
    path: tuple[str | int, ...],
    report: Report,
) -> None:
    for key, value in table.items():
        at = declared.position(*path, key)
        types = known.get(key)
        if types is None:
            _unknown_key(declared, str(key), known, path, report)
        elif value is None and key in NEVER_EMPTY:
            report.add(
                "empty-value",
                f"`{key}` has no value, for which newer Prefects skip the whole file.",
                remedy="Write `{}`, or leave the key out.",
                at=at,
                declared=declared,
            )
        elif value is None or _fits(value, types) or _says_none(key, value):
            if key in STEPS and known is DEPLOYMENT:
                _no_step(value, at, report, declared)
        elif isinstance(value, str) and PLACEHOLDER.fullmatch(value):
            report.add(
                "templated-value",
                f"`{key}` is a template, which flowlift resolves, but for which newer Prefects"
                " skip the whole file.",
                remedy="Write the value itself where people run `prefect deploy` too.",
                at=at,
                declared=declared,
            )
        else:
            _wrong_type(report, str(key), value, types, at=at, declared=declared)


def _unknown_key(
    declared: Declared,
    key: str,
    known: Mapping[str, Types],
    path: tuple[str | int, ...],
    report: Report,
) -> None:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.7)
    meant = near[0] if near else None if key in known else BELONGS.get(key)
    remedy = "Remove it"
    if near:
        remedy = f"Rename it to `{near[0]}`"
    elif meant:
        remedy = f"Move it to `{meant}`"
    in_schedule = path[:1] in {("schedule",), ("schedules",)}
    report.add(
        "wrong-type" if in_schedule else "unknown-key",
        f"`{key}` means nothing to Prefect here"
        + (", and makes `prefect deploy` skip the whole file" if in_schedule else "")
        + (f": is `{meant}` meant?" if meant else "."),
        remedy=f"{remedy}. Known here: {', '.join(known)}.",
        at=declared.position(*path, key),
        declared=declared,
    )


def _wrong_type(
    report: Report,
    key: str,
    value: Json,
    types: Types,
    *,
    at: Position,
    declared: Declared | None = None,
) -> None:
    remedy = f"Write {' or '.join(_example(name) for name in types)}."
    if types[0] == "text" and isinstance(value, (int, float)):
        remedy = f'Put it in quotes: {key}: "{value}".'
    report.add(
        "wrong-type",
        f"`{key}` is {_named(value)}, Prefect takes {' or '.join(types)}"
        " and skips the whole file otherwise.",
        remedy=remedy,
        at=at,
        declared=declared,
    )


def _fits(value: Json, types: Types) -> bool:
    if isinstance(value, str):
        if "truth" in types and value.lower() in TRUTHS:
            return True
        if "number" in types and value.strip().isdigit():
            return True
    return _named(value) in types


def _says_none(key: str, value: Json) -> bool:
    """`{}` and `[]` where Prefect takes another type: all of them say that there is none."""
    return key in {"schedule", "schedules"} and value in ({}, [])


def _named(value: Json) -> str:
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, Mapping):
        return "mapping"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "list"
    if isinstance(value, date):
        return "date"
    return "text" if isinstance(value, str) else type(value).__name__


def _example(name: str) -> str:
    return {
        "text": "a text in quotes",
        "number": "a number",
        "truth": "true or false",
        "list": "a list",
        "mapping": "a mapping of keys to values",
        "date": "a date",
    }[name]
