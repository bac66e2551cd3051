"""From what a manifest declares to what the workspace should hold.

Declared plus the flow's code, the environment's policy and the values of templates. What Prefect
would register without a word although something is lost is noted for `plan.checks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pydantic_core import to_jsonable_python

from flowlift.findings import Json
from flowlift.plan.checkout import Checkout, check_out, repository_name, single_step
from flowlift.plan.entry import EntryReader, Problem
from flowlift.plan.mask import dotted
from flowlift.plan.model import Declared, Desired, Flow, Policy
from flowlift.plan.overrides import decided, override
from flowlift.plan.templates import Loss, Path, TemplateValues
from flowlift.plan.timetable import schedules
from flowlift.plan.triggers import TriggerError, automation, is_metric
from flowlift.plan.versions import GRACE_PERIOD, is_there

STEP_OUTPUTS: Mapping[str, frozenset[str]] = {
    "build_docker_image": frozenset(
        {"image", "image_name", "image_id", "tag", "additional_tags", "platform"}
    ),
    "push_docker_image": frozenset({"image", "image_name", "tag", "additional_tags"}),
    "run_shell_script": frozenset({"stdout", "stderr"}),
    "pip_install_requirements": frozenset({"stdout", "stderr"}),
    "git_clone": frozenset({"directory"}),
    "set_working_directory": frozenset({"directory"}),
}
"""What well-known steps put out, by function name; any other step may put out anything."""


IMAGE_FOLDER = "/opt/prefect"
"""Where Prefect's own images keep a team's code."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """A desired deployment, and all that was noticed on the way.

    `trigger_places` are the positions in the manifest of the triggers that it has: one that Prefect
    refuses is a problem, and not among them.
    """

    desired: Desired
    losses: tuple[Loss, ...]
    in_clear: tuple[Loss, ...]
    problems: tuple[Problem, ...]
    checkout: Checkout | None
    trigger_places: tuple[int, ...] = ()


def pending_words(declared: Declared, values: TemplateValues) -> TemplateValues:
    """`values`, with the words that the entry's build and push steps will define."""
    if values.outputs:
        return values
    names: set[str] = set()
    open_ended = False
    for step in (*declared.build, *declared.push):
        function, inputs = single_step(step)
        known = STEP_OUTPUTS.get(function.rpartition(".")[2])
        names |= known or frozenset()
        open_ended = open_ended or known is None
        if isinstance(inputs, Mapping) and inputs.get("id"):
            names.add(str(inputs["id"]))
    return replace(values, pending=frozenset(names), open_ended=open_ended)


def resolve(
    declared: Declared, flow: Flow, values: TemplateValues, policy: Policy, source: str = ""
) -> Resolution:
    """What the workspace should hold for one entry of the manifest, in `policy`'s environment.

    `source` is the digest of its code, where its pin depends on that.
    """
    entry = EntryReader.of(declared, policy, pending_words(declared, values))
    resolver = entry.resolver
    name = str(resolver.early(entry.data.get("name"), ("name",)))
    key = f"{flow.name}/{name}"
    entry.data = override(entry.data, policy, key)
    limit, options = _concurrency(entry)
    pool = {
        key: resolver.entry(value, ("work_pool", key))
        for key, value in entry.mapping("work_pool").items()
        if value is not None
    }
    pull = _pull(entry)
    body: dict[str, Json] = {
        "entrypoint": entry.get("entrypoint"),
        "path": None,
        "version": entry.get("version"),
        "description": entry.get("description") or flow.description,
        "tags": _tags(entry),
        "parameters": entry.get("parameters", {}),
        "parameter_openapi_schema": dict(flow.schema) if flow.schema is not None else {},
        "enforce_parameter_schema": entry.coerced("enforce_parameter_schema", bool, True),
        "concurrency_limit": limit,
        "concurrency_options": options,
        "pull_steps": pull.steps if pull else _image_pull(entry, pool),
        "work_pool_name": pool.get("name") or policy.default_work_pool,
        "work_queue_name": pool.get("work_queue_name") or None,
        "job_variables": pool.get("job_variables") or {},
    }
    if (paused := entry.coerced("paused", bool)) is not None:
        # Not declared means not sent: the server then keeps what an operator has set.
        body["paused"] = paused
    wanted, pauses = schedules(entry)
    triggers = _triggers(entry, name)
    desired = Desired(
        flow=flow.name,
        name=name,
        body=body,
        schedules=wanted,
        triggers=tuple(_switched(trigger, policy) for trigger in triggers.values()),
        declared=declared,
        labels=_labels(entry),
        origins={**entry.origins, **_policy_origins(policy, pull, key)},
        secrets=frozenset(_field_path(path) for path in resolver.secrets),
        code=pull.code if pull else "",
        source=source,
        schedule_pauses=pauses,
        trigger_pauses=frozenset(
            str(one["name"]) for one in triggers.values() if not one["enabled"]
        ),
    )
    return Resolution(
        desired,
        tuple(resolver.losses),
        tuple(resolver.in_clear),
        tuple(entry.problems),
        pull,
        tuple(triggers),
    )


def _field_path(path: Path) -> str:
    """A path in the manifest's entry as the path of the field that it becomes."""
    if path[:1] == ("work_pool",):
        path = path[1:]
    if path[:1] == ("pull",):
        path = ("pull_steps", *path[1:])
    return dotted(path)


def _tags(entry: EntryReader) -> list[str]:
    tags = entry.get("tags", [])
    if not isinstance(tags, list):
        entry.problem("tags", f"tags are a list, this is {tags!r}", "tags")
        tags = []
    for index, tag in enumerate(tags):
        if not isinstance(tag, str):
            entry.problem("tags", f"a tag is a text, this is {tag!r}", "tags", index)
    declared = [str(tag) for tag in tags if str(tag).strip()]
    return list(dict.fromkeys([*declared, *_added_tags(entry.policy)]))


def _added_tags(policy: Policy) -> list[str]:
    return [*policy.tags, *([] if policy.on_default_branch else [policy.branch])]


def _concurrency(entry: EntryReader) -> tuple[Json, Json]:
    """The limit and its options: a manifest gives a number, or a mapping with both."""
    value = entry.coerced("concurrency_limit", int)
    if not isinstance(value, Mapping):
        return value, None
    strategy, grace = value.get("collision_strategy"), value.get("grace_period_seconds")
    if grace is not None and not is_there(entry.policy.server_version, GRACE_PERIOD):
        message = f"the workspace's Prefect is older than {GRACE_PERIOD} and has no grace period"
        entry.problem("grace-period", message, "concurrency_limit", "grace_period_seconds")
        grace = None
    options = {"collision_strategy": strategy, "grace_period_seconds": grace}
    given = {key: option for key, option in options.items() if option is not None}
    return value.get("limit"), given or None


def _pull(entry: EntryReader) -> Checkout | None:
    declared = entry.declared.pull
    if declared is None:
        return None
    steps = to_jsonable_python(list(declared), fallback=str)
    resolved = [entry.resolver.pull(step, ("pull", index)) for index, step in enumerate(steps)]
    return check_out(resolved, entry.policy)


def _image_pull(entry: EntryReader, pool: Mapping[str, Json]) -> list[dict[str, Json]]:
    """The pull step that Prefect adds where none is declared and an image has the code.

    In every other case Prefect stores the folder of the machine that deploys; we store nothing
    and the check `no-pull-step` tells.
    """
    folder = None
    built = [single_step(step)[0] for step in entry.declared.build]
    if any(function.endswith(".build_docker_image") for function in built):
        folder = f"{IMAGE_FOLDER}/{repository_name(entry.policy.repository_url)}"
    elif (pool.get("job_variables") or {}).get("image"):
        folder = IMAGE_FOLDER
    if folder is None:
        return []
    return [{"prefect.deployments.steps.set_working_directory": {"directory": folder}}]


def _policy_origins(policy: Policy, pull: Checkout | None, key: str) -> dict[str, str]:
    """The fields that the environment's policy has decided, for the reasons of a change."""
    source = f"policy {policy.environment}"
    fields = decided(policy, key)
    if _added_tags(policy):
        fields.add("tags")
    if pull and pull.changed:
        fields.add("pull_steps")
    if policy.schedules != "declared":
        fields.add("schedules.active")
    if policy.triggers != "declared":
        fields.add("triggers.enabled")
    return dict.fromkeys(sorted(fields), source)


def _labels(entry: EntryReader) -> dict[str, str | int | float | bool]:
    labels = entry.get("labels", {})
    if not isinstance(labels, Mapping):
        entry.problem("wrong-type", f"labels are a mapping, this is {labels!r}", "labels")
        return {}
    for key, value in labels.items():
        if not isinstance(value, (str, int, float, bool)):
            message = f"a label is a text or a number, this is {value!r}"
            entry.problem("wrong-type", message, "labels", key)
    return {str(k): v for k, v in labels.items() if isinstance(v, (str, int, float, bool))}


def _triggers(entry: EntryReader, deployment: str) -> dict[int, Mapping[str, Json]]:
    """The automations of an entry's triggers, by their positions in the manifest."""
    found: dict[int, Mapping[str, Json]] = {}
    declared = entry.data.get("triggers")
    for index, raw in enumerate(declared if isinstance(declared, list) else []):
        path = ("triggers", index)
        if not isinstance(raw, Mapping):
            entry.problem("trigger", f"a trigger is a mapping, this is {raw!r}", *path)
            continue
        early = entry.resolver.early(dict(raw), path)
        # Parameters may hold `{{ event.… }}`, which is for the automation and not for us.
        parameters = early.pop("parameters", None)
        spec = entry.resolver.late(early, path)
        if parameters is not None:
            spec["parameters"] = parameters
        if entry.policy.is_cloud is False and is_metric(spec):
            entry.problem("trigger", "metric triggers are Prefect Cloud's alone", *path)
            continue
        try:
            found[index] = automation(spec, deployment, index + 1)
        except TriggerError as error:
            entry.problem("trigger", f"Prefect refuses this trigger: {error}", *path)
    return found


def _switched(trigger: Mapping[str, Json], policy: Policy) -> Mapping[str, Json]:
    """A trigger's automation, on or off as the environment's policy says."""
    if policy.triggers == "declared":
        return trigger
    return {**trigger, "enabled": policy.triggers == "on"}
