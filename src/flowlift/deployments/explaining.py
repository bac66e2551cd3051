"""Explain: one deployment's desired state, each field with where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flowlift.deployments.reading import read, resolve_all
from flowlift.deployments.scope import Options, find_scope
from flowlift.errors import InputError
from flowlift.findings import Json
from flowlift.plan.checks.report import Report
from flowlift.plan.desired import Resolution
from flowlift.plan.diff import describe
from flowlift.plan.fields import FIELDS
from flowlift.plan.mask import mask
from flowlift.plan.model import Declared, Policy
from flowlift.plan.schedules import pair
from flowlift.plan.templates import TemplateValues, words
from flowlift.plan.triggers import describe_trigger
from flowlift.project.project import Project
from flowlift.workspace.client import Client

MANIFEST_PATH: Mapping[str, tuple[str, ...]] = {
    "pull_steps": ("pull",),
    "work_pool_name": ("work_pool", "name"),
    "work_queue_name": ("work_pool", "work_queue_name"),
    "job_variables": ("work_pool", "job_variables"),
    "concurrency_options": ("concurrency_limit",),
}
"""Fields of the API that a manifest says under another key."""

FROM_CODE = {"parameter_openapi_schema", "description"}


@dataclass(frozen=True, slots=True)
class Origin:
    """One field: its value, masked where it is secret, and in words where it comes from."""

    field: str
    value: Json
    source: str


def explain(resolution: Resolution) -> list[Origin]:
    """Every field of a desired deployment with its origin, in the order of the API's fields."""
    desired = resolution.desired
    origins = [Origin("flow", desired.flow, "the flow's decorator or function name")]
    origins.append(Origin("name", desired.name, _manifest(desired.declared, ("name",))))
    for field in FIELDS:
        if field not in desired.body:
            continue
        value = desired.body[field]
        shown = mask(value, field, desired.secrets)
        if field == "parameter_openapi_schema":
            shown = ", ".join((value or {}).get("properties", {})) or "no parameters"
        origins.append(Origin(field, shown, _source(resolution, field, value)))
    for schedule, _ in pair(desired.schedules, ()):
        source = _manifest(desired.declared, schedule.path)
        if active := desired.origins.get("schedules.active"):
            source += f"; on or off by {active}"
        origins.append(Origin(f"schedules.{schedule.slug}", describe(schedule), source))
    for index, trigger in zip(resolution.trigger_places, desired.triggers, strict=True):
        source = _manifest(desired.declared, ("triggers", index))
        shown = mask(describe_trigger(trigger), "triggers", desired.secrets)
        enabled = shown.pop("enabled")
        origins.append(Origin(f"triggers.{trigger['name']}", shown, source))
        if "enabled" in desired.declared.data["triggers"][index]:
            source = _manifest(desired.declared, ("triggers", index, "enabled"))
        else:
            source = "Prefect's default"
        source = desired.origins.get("triggers.enabled", source)
        origins.append(Origin(f"triggers.{trigger['name']}.enabled", enabled, source))
    for key, value in desired.labels.items():
        source = _manifest(desired.declared, ("labels", key))
        origins.append(Origin(f"labels.{key}", value, source))
    return origins


def _source(resolution: Resolution, field: str, value: Json) -> str:
    desired = resolution.desired
    declared = desired.declared
    path = MANIFEST_PATH.get(field, (field,))
    given = _given(declared, path)
    policy = desired.origins.get(field, "")
    if not policy.startswith("policy"):
        policy = ""
    if given is not None:
        return _manifest(declared, path) + (f"; {policy}" if policy else "")
    if policy:
        return policy
    if field == "version":
        return "the commit, written along with any change"
    if field in FROM_CODE and value not in (None, {}):
        return "the flow's code"
    if field == "pull_steps" and value:
        return "Prefect's default for an image that has the code"
    if field == "work_pool_name" and value:
        return "PREFECT_DEFAULT_WORK_POOL_NAME"
    return "Prefect's default"


def _given(declared: Declared, path: tuple[str, ...]) -> Json:
    if path == ("pull",):
        return declared.pull
    value: Json = declared.data
    for part in path:
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value


def _manifest(declared: Declared, path: tuple[str | int, ...]) -> str:
    """The manifest's line; a line outside the entry comes through an anchor or the top level."""
    at = declared.position(*path)
    said = str(at)
    if at.line < declared.at.line:
        # Lines are those of the value itself, so one above the entry was not written in it.
        own = path[:1] in {("pull",), ("build",), ("push",)}
        said += " (the manifest's own)" if own else " (through an anchor)"
    found = _given(declared, tuple(str(part) for part in path[:1]))
    templates = sorted(words(found)) if found is not None else []
    if templates:
        said += f", template {', '.join('{{ ' + word + ' }}' for word in templates)}"
    return said


def explain_here(project: Project, name: str) -> dict[str, list[Origin]]:
    """Explain by the repository alone; what only a workspace knows is shown as not known.

    Raises:
        InputError: no deployment is called so.
    """
    branch = project.default_branch
    policy = Policy("manifest", branch, branch, repository_url=project.remote_url)
    options = Options(scope="all", names=(name,))
    scoped = find_scope(project, policy, options, Report())
    values = TemplateValues(environ=project.environ, offline=True)
    return _explained(resolve_all(scoped, values, policy), name)


async def explain_in(
    project: Project, environment: str, name: str, client: Client
) -> dict[str, list[Origin]]:
    """Explain as the environment should hold it.

    Raises:
        InputError: no deployment is called so.
    """
    reading = await read(project, environment, Options(scope="all", names=(name,)), client)
    return _explained(reading.resolutions, name)


def _explained(resolutions: Mapping[int, Resolution], name: str) -> dict[str, list[Origin]]:
    if not resolutions:
        raise InputError(
            f"No deployment is called {name!r}, or its flow cannot be read.",
            remedy="`flowlift check` says what is wrong; * and ? match anything in a name.",
        )
    return {resolution.desired.key: explain(resolution) for resolution in resolutions.values()}
