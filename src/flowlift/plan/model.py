"""The words of a plan as plain data.

`Declared`, `Flow`, `Desired` and `Live` are what a plan is made from. `Plan` and what it holds are
published: shown, saved as JSON (its schema is versioned by `PLAN_FORMAT`), compared and applied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from flowlift.errors import Position
from flowlift.findings import Action, FieldChange, Finding, Json, Level

Steps = Sequence[Mapping[str, Json]]
"""Build, push or pull steps as a manifest lists them: `{function: inputs}` each."""

PLAN_FORMAT: Literal["flowlift.plan/1"] = "flowlift.plan/1"


# What a plan is made from ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Declared:
    """One entry of a manifest's `deployments`, as the manifest says it.

    `data` is the entry with anchors, aliases and merge keys followed and templates untouched.
    `build`, `push` and `pull` are the entry's own steps, else the manifest's; `pull` is None where
    neither says anything, and empty where one says there are none. `lines` maps a path inside
    `data` (`("schedules", 0, "cron")`) to its line; the steps stand under "build", "push", "pull".
    `root` is the folder that the entrypoint is relative to ("" is the repository's root).
    """

    data: Mapping[str, Json]
    at: Position
    lines: Mapping[tuple[str | int, ...], int]
    root: str = ""
    build: Steps = ()
    push: Steps = ()
    pull: Steps | None = None
    ignored: Mapping[int, frozenset[str]] = field(default_factory=dict)
    """Checks silenced by a `# flowlift: ignore[name]` comment, by line."""
    located: str = ""
    """The entrypoint where its templates are resolved, "" where it has none."""

    @property
    def name(self) -> str:
        """The deployment's name as written; not yet resolved, perhaps not even a string."""
        return str(self.data.get("name") or "")

    @property
    def entrypoint(self) -> str:
        """The entrypoint, "" where there is none."""
        return self.located or str(self.data.get("entrypoint") or "")

    def position(self, *path: str | int) -> Position:
        """Where the value at `path` stands: the nearest line known, at worst the entry's own."""
        for end in range(len(path), 0, -1):
            line = self.lines.get(tuple(path[:end]))
            if line:
                return Position(self.at.file, line)
        return self.at


@dataclass(frozen=True, slots=True)
class Flow:
    """What the code behind an entrypoint says: the flow's name, signature and docstring.

    `schema` is the JSON schema of the parameters exactly as Prefect registers it, or None where it
    could not be read. `unread` says in words what could not be read (an annotation whose import is
    missing); empty where all is known.
    """

    name: str
    schema: Mapping[str, Json] | None
    description: str | None
    at: Position
    version: str | None = None
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule of a deployment.

    `timing` is the API's `schedule` object without nulls: `cron`, `interval` (seconds) or `rrule`,
    with `timezone`, `day_or`, `anchor_date`. `path` is where the manifest's entry declares it.
    """

    slug: str | None
    timing: Mapping[str, Json]
    active: bool
    parameters: Mapping[str, Json] = field(default_factory=dict)
    max_scheduled_runs: int | None = None
    path: tuple[str | int, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Policy:
    """What an environment wants of every deployment, and the code it runs.

    `branch` is the branch that runs there in this plan: the pull request's, or the default one.
    `pin` says whether that is its newest commit whenever a run starts, `commit` (the one that is
    planned) for all, or the newest one that changed a deployment's code.
    `repository_url` is the remote that the plan was made from, "" where there is none.
    `pool` is the work pool of every deployment there, `overrides` are parts of entries by pattern
    of `flow/deployment`, and `variables` come before the process's own in templates.
    `is_cloud` says whether the workspace is Prefect Cloud's, None where no workspace was asked.
    """

    environment: str
    branch: str
    default_branch: str
    repository_url: str = ""
    schedules: Literal["off", "on", "declared"] = "declared"
    triggers: Literal["off", "on", "declared"] = "declared"
    pin: Literal["branch", "commit", "closure"] = "branch"
    commit: str = ""
    prune: bool = True
    on_drift: Literal["undo", "keep"] = "undo"
    tags: tuple[str, ...] = ()
    pool: str | None = None
    overrides: tuple[tuple[str, Mapping[str, Json]], ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    default_work_pool: str | None = None
    server_version: str = ""
    is_cloud: bool | None = None

    @property
    def on_default_branch(self) -> bool:
        """Whether the environment runs the default branch in this plan."""
        return self.branch == self.default_branch


@dataclass(frozen=True, slots=True)
class Desired:
    """What the workspace should hold for one deployment.

    `body` has every field of `plan.fields.FIELDS` as the API takes it, but schedules and triggers,
    which stand apart. `origins` says where a field came from ("prefect.yaml:12", "policy dev").
    `secrets` holds the paths whose values must never be shown.
    `code` says what its runs check out (a commit, or `branch NAME`; "" where that is not told by a
    `git_clone` of this repository), `source` is a digest of all that its code reaches, "" where
    nobody asked for it.
    A `schedules` entry without a slug gets one when it is compared with what is live.
    `schedule_pauses` are positions in `schedules` that the manifest itself declares as not active,
    `trigger_pauses` the names of the triggers that it declares as not enabled.
    """

    flow: str
    name: str
    body: Mapping[str, Json]
    schedules: tuple[Schedule, ...]
    triggers: tuple[Mapping[str, Json], ...]
    declared: Declared
    labels: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()
    code: str = ""
    source: str = ""
    schedule_pauses: frozenset[int] = frozenset()
    trigger_pauses: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """`flow/name`, the deployment's identity in a workspace."""
        return f"{self.flow}/{self.name}"


@dataclass(frozen=True, slots=True)
class Live:
    """What the workspace holds now for one deployment, in the same shape as `Desired`.

    `triggers` are the automations owned by the deployment, in creation order; None where they
    were not read. `shared_limit` is the name of a global concurrency limit that somebody has linked
    it to, and that others may use: it is none of the deployment's own.
    """

    id: str
    flow: str
    flow_id: str
    name: str
    body: Mapping[str, Json]
    schedules: tuple[Schedule, ...]
    triggers: tuple[Mapping[str, Json], ...] | None
    labels: Mapping[str, str | int | float | bool]
    shared_limit: str = ""

    @property
    def key(self) -> str:
        """`flow/name`, the deployment's identity in a workspace."""
        return f"{self.flow}/{self.name}"


@dataclass(frozen=True, slots=True)
class Pool:
    """A work pool of the workspace, as far as checks need it."""

    name: str
    type: str
    paused: bool = False
    base_job_template: Mapping[str, Json] = field(default_factory=dict)
    queues: frozenset[str] = frozenset({"default"})


# The plan itself -------------------------------------------------------------------------


class PlanModel(BaseModel):
    """A part of the plan's JSON: immutable, and strict about what it holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")


ReasonKind = Literal[
    "new",
    "manifest",
    "source",
    "policy",
    "drift",
    "adopt",
    "take over",
    "removed",
    "renamed",
    "branch gone",
    "named",
    "could not tell",
]


class Reason(PlanModel):
    """Why a deployment is in scope or changes: `source: src/a.py -> src/flows/b.py`."""

    kind: ReasonKind
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}" if self.detail else self.kind


class Kept(PlanModel):
    """Something an operator did by hand that the plan respects."""

    field: str
    live: Json = None
    desired: Json = None
    note: str


class Change(PlanModel):
    """What is done to one deployment, field by field, and why.

    `fingerprint` is a digest of what is live and what will be written: a saved plan whose
    fingerprints are no longer those of a fresh plan is stale. What is needed to write (`desired`,
    `live`, `labels`) is never saved, as it may hold secrets.
    """

    action: Action
    deployment: str
    reasons: tuple[Reason, ...] = ()
    fields: tuple[FieldChange, ...] = ()
    kept: tuple[Kept, ...] = ()
    file: str = ""
    line: int = 0
    fingerprint: str = ""
    desired: Desired | None = Field(default=None, exclude=True, repr=False)
    live: Live | None = Field(default=None, exclude=True, repr=False)
    labels: dict[str, str | int | float | bool] = Field(
        default_factory=dict, exclude=True, repr=False
    )


class Provenance(PlanModel):
    """Where a plan comes from, and what is stamped on what it writes."""

    repository: str
    commit: str
    branch: str
    pull_request: int | None = None
    run: str = ""


class Plan(PlanModel):
    """Scope, changes and findings for one environment, as plain data."""

    format: Literal["flowlift.plan/1"] = PLAN_FORMAT
    environment: str
    workspace: str = Field(
        "", description="The workspace's address, for people: its UI's, without any credentials."
    )
    scope: str
    provenance: Provenance
    changes: tuple[Change, ...]
    findings: tuple[Finding, ...] = ()
    out_of_scope: int = 0
    follows: str = Field(
        "",
        description="The default branch, where runs take its newest commit whenever it moves,"
        " before any apply; empty where their code is pinned, or is a pull request's.",
    )

    @property
    def writes(self) -> tuple[Change, ...]:
        """The changes that write something."""
        return tuple(c for c in self.changes if c.action is not Action.NONE)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stop every write."""
        return tuple(f for f in self.findings if f.level is Level.ERROR)

    def count(self, action: Action) -> int:
        """How many deployments get `action`."""
        return sum(1 for c in self.changes if c.action is action)
