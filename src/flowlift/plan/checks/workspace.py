"""Deployments against the workspace: its work pools, queues, and their job variables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flowlift.findings import Json
from flowlift.plan.checks.report import Report
from flowlift.plan.fields import KnownAfterBuild, is_known
from flowlift.plan.mask import mask_words
from flowlift.plan.model import Desired, Live, Pool
from flowlift.plan.overrides import by_policy
from flowlift.words import meant

ALWAYS_TAKEN = frozenset({"env"})
"""Job variables that a worker takes although its template does not declare them (3.8.8)."""


def check_limits(desired: Iterable[Desired], live: Mapping[str, Live], report: Report) -> None:
    """Refuse to set the limit of a deployment that is linked to one which others use."""
    for one in desired:
        shared = live[one.key].shared_limit if one.key in live else ""
        if shared and one.body.get("concurrency_limit") is not None:
            report.add(
                "shared-limit",
                f"{one.key!r} is linked to the limit {shared!r}: to set `concurrency_limit` would"
                " change it for all that use it.",
                remedy="Take `concurrency_limit` out, which keeps the link; or change the limit"
                f" itself: prefect global-concurrency-limit update {shared} --limit N",
                at=one.declared.position("concurrency_limit"),
                declared=one.declared,
                deployment=one.key,
            )


def check_pools(
    desired: Iterable[Desired], pools: Mapping[str, Pool], all_pools: Iterable[str], report: Report
) -> None:
    """Look at each deployment's pool, queue and job variables.

    `pools` are those that exist among the named ones, `all_pools` the names to suggest from.
    """
    for item in desired:
        _check_pool(item, pools, all_pools, report)


def _check_pool(
    desired: Desired, pools: Mapping[str, Pool], all_pools: Iterable[str], report: Report
) -> None:
    declared = desired.declared
    name = desired.body.get("work_pool_name")

    def add(check: str, message: str, remedy: str, *path: str) -> None:
        report.add(
            check,
            message,
            remedy=remedy,
            at=declared.position("work_pool", *path),
            declared=declared,
            deployment=desired.key,
        )

    if not name:
        add(
            "no-work-pool",
            "No work pool is named, so no worker would ever run this deployment.",
            "Add `work_pool: {name: ...}`, or set PREFECT_DEFAULT_WORK_POOL_NAME.",
        )
        return
    if isinstance(name, KnownAfterBuild):
        return
    pool = pools.get(str(name))
    if pool is None:
        add(
            "missing-work-pool",
            f"The workspace has no work pool {name!r}"
            + by_policy(desired.origins, "work_pool_name")
            + meant(str(name), all_pools, repr),
            f"Create it: prefect work-pool create {name} --type TYPE",
            "name",
        )
        return
    if pool.type == "prefect-agent":
        add(
            "agent-work-pool",
            f"The work pool {name!r} is of type prefect-agent, which runs no such deployments.",
            "Name a pool that a worker serves.",
            "name",
        )
    if pool.paused:
        add(
            "paused-work-pool",
            f"The work pool {name!r} is paused: runs wait until it is resumed.",
            f"Resume it: prefect work-pool resume {name}",
            "name",
        )
    queue = desired.body.get("work_queue_name")
    known = isinstance(queue, KnownAfterBuild) or (isinstance(queue, str) and queue in pool.queues)
    if queue and not known:
        add(
            "missing-queue",
            f"The work pool {name!r} has no queue {queue!r}, so the server makes one that perhaps"
            " no worker polls" + meant(str(queue), pool.queues, repr),
            f"Its queues: {', '.join(sorted(pool.queues))}.",
            "work_queue_name",
        )
    _check_job_variables(desired, pool, report)


def _check_job_variables(desired: Desired, pool: Pool, report: Report) -> None:
    variables = desired.body.get("job_variables")
    template = pool.base_job_template.get("variables")
    if not isinstance(variables, Mapping) or not isinstance(template, Mapping):
        return
    declared = desired.declared
    properties = template.get("properties", {})
    for name, value in variables.items():
        at = declared.position("work_pool", "job_variables", name)
        if name not in properties and name not in ALWAYS_TAKEN:
            report.add(
                "undeclared-job-variable",
                f"The work pool {pool.name!r} knows no job variable `{name}` and drops it without"
                " a word" + meant(name, properties),
                remedy=f"It knows: {', '.join(properties) or 'none'}.",
                at=at,
                declared=declared,
                deployment=desired.key,
            )
        elif name in properties and (trouble := _trouble(template, properties[name], value)):
            report.add(
                "job-variables",
                f"The work pool {pool.name!r} refuses the job variable `{name}`: "
                + mask_words(trouble, value, f"job_variables.{name}", desired.secrets),
                remedy="Correct it to what the pool's base job template says.",
                at=at,
                declared=declared,
                deployment=desired.key,
            )
    for name in template.get("required", ()):
        if name not in variables and "default" not in properties.get(name, {}):
            report.add(
                "job-variables",
                f"The work pool {pool.name!r} needs the job variable `{name}`: each run would be"
                " refused.",
                remedy=f"Add `work_pool.job_variables.{name}`.",
                at=declared.position("work_pool"),
                declared=declared,
                deployment=desired.key,
            )


def _trouble(template: Mapping[str, Json], rule: Json, value: Json) -> str | None:
    if value is None or not is_known(value) or not isinstance(rule, Mapping):
        return None
    if isinstance(value, str) and "{{" in value:
        return None
    if rule.get("type") == "string" and isinstance(value, str) and "enum" not in rule:
        return None
    from jsonschema import Draft202012Validator

    document: dict[str, Any] = {**rule}
    for section in ("definitions", "$defs"):
        if section in template:
            document[section] = template[section]
    for error in Draft202012Validator(document).iter_errors(value):
        return str(error.message)
    return None
