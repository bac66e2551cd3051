"""Stamps: what flowlift writes into a deployment's labels, and what it reads back from them.

Labels are the only state: who owns a deployment, which commit it runs, and a short digest of each
field as it was last applied, which tells a person's change by hand from a change of the manifest.
Flow runs inherit the labels of their deployment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote, unquote

from flowlift.findings import Action, Json
from flowlift.plan.fields import FIELDS, comparable, digest, schedule_content
from flowlift.plan.model import Change, Live, Provenance, Schedule
from flowlift.plan.triggers import trigger_contents

PREFIX = "flowlift."
REPOSITORY = PREFIX + "repository"
COMMIT = PREFIX + "commit"
BRANCH = PREFIX + "branch"
PULL_REQUEST = PREFIX + "pull-request"
RUN = PREFIX + "run"
TOOL = PREFIX + "version"
APPLIED = PREFIX + "applied"
CODE = PREFIX + "code"
SOURCE = PREFIX + "source"

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")

Labels = Mapping[str, "str | int | float | bool"]


_DEFAULTS = {field: digest(comparable(field, None)) for field in FIELDS if field != "paused"}
"""What `applied` says of a field that is not in the label. An undeclared pause is nobody's."""


def stamp(
    provenance: Provenance,
    tool_version: str,
    applied: Mapping[str, str],
    *,
    code: str = "",
    source: str = "",
) -> dict[str, str | int | float | bool]:
    """The labels that mark a deployment as written from `provenance`.

    `code` is what its runs check out, and `source` the digest of that: as `Desired` has them.
    """
    labels: dict[str, str | int | float | bool] = {
        REPOSITORY: provenance.repository,
        COMMIT: provenance.commit,
        BRANCH: provenance.branch,
        TOOL: tool_version,
        APPLIED: " ".join(f"{quote(field)}={value}" for field, value in sorted(applied.items())),
    }
    if provenance.pull_request is not None:
        labels[PULL_REQUEST] = provenance.pull_request
    for key, value in ((RUN, provenance.run), (CODE, code), (SOURCE, source)):
        if value:
            labels[key] = value
    return labels


def foreign(labels: Labels) -> dict[str, str | int | float | bool]:
    """The labels that others set and that an update keeps; Prefect sets its own anew."""
    return {key: value for key, value in labels.items() if not key.startswith((PREFIX, "prefect."))}


def owner(live: Live) -> str | None:
    """The repository whose stamp a deployment carries, None where it carries none."""
    value = live.labels.get(REPOSITORY)
    return str(value) if value else None


def branch(live: Live) -> str | None:
    """The branch that a deployment was last written from."""
    value = live.labels.get(BRANCH)
    return str(value) if value else None


def branch_after(change: Change) -> str | None:
    """The branch that a deployment is written from once `change` is done; None where it is gone."""
    labels: Labels = change.live.labels if change.live else {}
    if change.action in {Action.CREATE, Action.UPDATE}:
        labels = change.labels
    return None if change.action is Action.DELETE else str(labels.get(BRANCH, "")) or None


def pin(live: Live) -> str | None:
    """The commit that a deployment's runs check out, None where they follow a branch."""
    value = str(live.labels.get(CODE, ""))
    return value if _COMMIT.fullmatch(value) else None


def applied(live: Live) -> dict[str, str]:
    """Digests by field, as last applied; empty where flowlift never wrote the deployment."""
    if APPLIED not in live.labels:
        return {}
    pairs = (part.partition("=") for part in str(live.labels[APPLIED]).split())
    return _DEFAULTS | {unquote(field): value for field, equals, value in pairs if equals}


def digests(
    body: Mapping[str, Json], schedules: Iterable[Schedule], triggers: Sequence[Mapping[str, Json]]
) -> dict[str, str]:
    """What `applied` gives back after these have been written.

    Whether a schedule or a trigger is on stands apart from its content, so that a pause by hand is
    told from a change of its times. What is Prefect's default is left out, as flow runs inherit all
    labels.
    """
    digests = {field: digest(comparable(field, value)) for field, value in body.items()}
    result = {field: value for field, value in digests.items() if _DEFAULTS.get(field) != value}
    for schedule in schedules:
        content = schedule_content(schedule, anchored=False)
        result[f"schedules.{schedule.slug}"] = digest(content)
        result[f"schedules.{schedule.slug}.active"] = str(int(schedule.active))
    if triggers:
        result["triggers"] = digest(trigger_contents(triggers))
    for trigger in triggers:
        result[f"triggers.{trigger['name']}.enabled"] = str(int(trigger["enabled"]))
    return result
