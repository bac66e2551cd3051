"""Small makers of the things a plan is built from, for the tests of `plan`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flowlift.errors import Position
from flowlift.findings import Finding
from flowlift.plan.desired import resolve
from flowlift.plan.fields import comparable
from flowlift.plan.model import Change, Declared, Desired, Flow, Live, Policy, Provenance
from flowlift.plan.templates import TemplateValues

REPOSITORY = "github.com/acme/platform"
URL = "https://github.com/acme/platform.git"
SCHEMA = {
    "title": "Parameters",
    "type": "object",
    "properties": {"rows": {"title": "rows", "type": "integer", "position": 0, "default": 10}},
}
CLONE = {"prefect.deployments.steps.git_clone": {"repository": URL, "branch": "main"}}


def policy(environment: str = "prod", branch: str = "main", **changes: Any) -> Policy:
    defaults: dict[str, Any] = {
        "environment": environment,
        "branch": branch,
        "default_branch": "main",
        "repository_url": URL,
        "server_version": "3.8.8",
    }
    return Policy(**{**defaults, **changes})


def provenance(branch: str = "main", pull_request: int | None = None) -> Provenance:
    return Provenance(
        repository=REPOSITORY, commit="c0ffee" * 6, branch=branch, pull_request=pull_request
    )


def declared(name: str = "daily", *, pull: Any = (CLONE,), **data: Any) -> Declared:
    entry = {
        "name": name,
        "entrypoint": "src/flows/ingest.py:ingest",
        "work_pool": {"name": "pool"},
        **data,
    }
    return Declared(data=entry, at=Position("prefect.yaml", 10), lines={}, pull=pull)


def flow(name: str = "ingest", **changes: Any) -> Flow:
    defaults: dict[str, Any] = {
        "name": name,
        "schema": SCHEMA,
        "description": "Loads rows.",
        "at": Position("src/flows/ingest.py", 5),
    }
    return Flow(**{**defaults, **changes})


def desired(
    entry: Declared | None = None,
    wish: Policy | None = None,
    values: TemplateValues | None = None,
    code: Flow | None = None,
) -> Desired:
    return resolve(
        entry or declared(), code or flow(), values or TemplateValues(), wish or policy()
    ).desired


def live_after(
    change: Change, *, labels: Mapping[str, Any] | None = None, identifier: str = "id-1"
) -> Live:
    """What the workspace holds once `change` has been written, as the server gives it back."""
    assert change.desired is not None
    body = {name: _server_form(name, value) for name, value in change.desired.body.items()}
    body.setdefault("paused", change.live.body["paused"] if change.live else False)
    return Live(
        id=identifier,
        flow=change.desired.flow,
        flow_id="flow-1",
        name=change.desired.name,
        body=body,
        schedules=change.desired.schedules,
        triggers=change.desired.triggers,
        labels={**(labels or {}), **change.labels},
    )


def _server_form(name: str, value: Any) -> Any:
    return value if name == "tags" else comparable(name, value)


def names(findings: Iterable[Finding]) -> list[str]:
    """The checks that have found something, in their order."""
    return [finding.check for finding in findings]
