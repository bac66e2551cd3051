"""The three workflows as graphs of jobs, whatever forge runs them: each job is one `deliver`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from flowlift.config import Settings
from flowlift.errors import ConfigError

Name = Literal["image", "worker", "deployments"]


class When(str, Enum):
    """What has happened when a job runs."""

    PROPOSED = "proposed"
    """A pull request of this repository is open, or a merge queue tries it."""
    FORKED = "forked"
    """A pull request of a fork is open: it gets no secrets."""
    MERGED = "merged"
    """The default branch has a new commit, by a merge or a push."""
    GONE = "gone"
    """A pull request is closed, or a branch deleted."""


@dataclass(frozen=True, slots=True)
class JobVariable:
    """A variable of a job: of the forge's secrets, or of its plain variables."""

    name: str
    secret: bool


@dataclass(frozen=True, slots=True)
class Job:
    """A job: one call of `flowlift deliver`, with these words.

    `environment` is the forge's one whose secrets the job gets and whose approvals it waits for;
    `writes` the environment (or the releases) that no two jobs write at once. `image_from` is the
    job whose image is handed over. `runner` is the label of its machine, "" for the one of all
    others.
    """

    name: str
    title: str
    when: tuple[When, ...]
    words: tuple[str, ...]
    environment: str = ""
    writes: str = ""
    runner: str = ""
    needs: tuple[str, ...] = ()
    image_from: str = ""
    secrets: tuple[JobVariable, ...] = ()
    builds: bool = False
    comments: bool = False
    releases: bool = False
    statuses: bool = False


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow: its jobs, and the globs of the files that start it."""

    name: Name
    title: str
    paths: tuple[str, ...]
    jobs: tuple[Job, ...] = field(default=())

    @property
    def moments(self) -> frozenset[When]:
        """All that starts one of its jobs."""
        return frozenset(when for job in self.jobs for when in job.when)


def workflows(settings: Settings, inputs: Mapping[Name, Sequence[str]]) -> list[Workflow]:
    """The workflows of a repository; `inputs` has the globs of each that is configured.

    Raises:
        ConfigError: an environment is named so that two jobs would have one name.
    """
    found = []
    if "image" in inputs:
        jobs = tuple(_image(settings))
        found.append(Workflow("image", "flowlift image", tuple(inputs["image"]), jobs))
    if "worker" in inputs:
        jobs = tuple(_worker(settings))
        found.append(Workflow("worker", "flowlift worker", tuple(inputs["worker"]), jobs))
    jobs = tuple(_deployments(settings))
    title = "flowlift deployments"
    found.append(Workflow("deployments", title, tuple(inputs["deployments"]), jobs))
    for workflow in found:
        _refuse_twins(workflow)
    return found


def _refuse_twins(workflow: Workflow) -> None:
    """Refuse names that would make one job of two: the second one alone would be in the file."""
    names = [job.name for job in workflow.jobs]
    twin = next((name for name in names if names.count(name) > 1), None)
    if twin is not None:
        raise ConfigError(
            f"Two jobs of the workflow {workflow.name!r} would be called {twin!r}.",
            remedy=f"Give the environment {twin!r} another name: a job has this one already.",
        )


def _environments(settings: Settings) -> tuple[list[str], list[str]]:
    """The environments that run a pull request's branch, and those of the default branch."""
    branch = [name for name, policy in settings.env.items() if policy.ref == "branch"]
    return branch, [name for name in settings.env if name not in branch]


def _image(settings: Settings) -> Iterator[Job]:
    branch, default = _environments(settings)
    build = Job(
        "build",
        "Build and prove the image",
        (When.PROPOSED,),
        ("--only", "image"),
        environment=(branch or default)[0],
        secrets=_image_secrets(settings, release=False),
        builds=True,
        comments=True,
    )
    yield _forked("image")
    yield build
    handed = [name for name in settings.env if _takes_image(settings, name)]
    for name in handed:
        if name in branch:
            yield _pool(settings, name, When.PROPOSED, "build", ())
    release = Job(
        "release",
        "Release and promote the image",
        (When.MERGED,),
        ("--only", "image"),
        environment=(default or branch)[-1],
        writes="release",
        secrets=_image_secrets(settings, release=True),
        builds=True,
        comments=True,
        releases=True,
    )
    yield release
    before: tuple[str, ...] = ()
    for name in [*(n for n in branch if n in handed), *(n for n in default if n in handed)]:
        job = _pool(settings, name, When.MERGED, "release", before)
        yield job
        before = (job.name,)


def _pool(
    settings: Settings, environment: str, when: When, image_from: str, before: tuple[str, ...]
) -> Job:
    merged = when is When.MERGED
    return Job(
        f"{environment}-pool" if merged else f"{environment}-pool-proposed",
        f"{environment}: hand the {'released ' if merged else ''}image to the pool",
        (when,),
        ("--only", "worker", "--env", environment),
        environment=environment,
        writes=environment,
        runner=_runner(settings, environment),
        needs=(image_from, *before),
        image_from=image_from,
        secrets=(*_workspace(environment), *_worker_secrets(settings, environment)),
        comments=True,
    )


def _worker(settings: Settings) -> Iterator[Job]:
    branch, default = _environments(settings)
    yield _forked("worker")
    before: tuple[str, ...] = ()
    for name in [*branch, *default]:
        if not settings.workers_of(name):
            continue
        when = (When.PROPOSED, When.MERGED) if name in branch else (When.MERGED,)
        yield Job(
            f"{name}-worker",
            f"{name}: the worker and its pool",
            when,
            ("--only", "worker", "--env", name),
            environment=name,
            writes=name,
            runner=_runner(settings, name),
            needs=before,
            secrets=(*_workspace(name), *_worker_secrets(settings, name)),
            comments=True,
        )
        before = (f"{name}-worker",)


def _deployments(settings: Settings) -> Iterator[Job]:
    branch, default = _environments(settings)
    yield _forked("deployments")
    shown = default if settings.ci.preview else []
    for place, name in enumerate(branch or (["preview"] if shown else [])):
        asked = [*([name] if branch else []), *(shown if place == 0 else [])]
        # Unnamed, an environment whose address is kept from pull requests is left out, not missed.
        named = [] if set(asked) == set(settings.env) else asked
        yield Job(
            f"{name}-proposed",
            f"{name}: the pull request's deployments" if branch else "What the merge will change",
            (When.PROPOSED,),
            ("--only", "deployments", *_options(named)),
            environment=name,
            writes=name if branch else "",
            secrets=_all_workspaces(settings, asked),
            comments=True,
            statuses=bool(branch),
        )
    for name in branch:
        yield Job(
            name,
            f"{name}: back to the default branch",
            (When.MERGED, When.GONE),
            ("--only", "deployments", *_options([name])),
            environment=name,
            writes=name,
            secrets=_all_workspaces(settings, [name]),
            comments=True,
            statuses=True,
        )
    before: tuple[str, ...] = ()
    for name in default:
        yield Job(
            name,
            f"{name}: the default branch's deployments",
            (When.MERGED,),
            ("--only", "deployments", *_options([name])),
            environment=name,
            writes=name,
            needs=before,
            secrets=_all_workspaces(settings, [name]),
            comments=True,
            statuses=True,
        )
        before = (name,)


def _forked(workflow: Name) -> Job:
    return Job("fork", "Check a fork's changes", (When.FORKED,), ("--only", workflow))


def _options(environments: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for name in environments for word in ("--env", name))


def _takes_image(settings: Settings, environment: str) -> bool:
    pools = settings.image.pools if settings.image else {}
    return bool(pools.get(environment) or settings.workers_of(environment))


def _runner(settings: Settings, environment: str) -> str:
    """Helm and the cluster are on the environment's own machine; an API is reached from any."""
    own = settings.ci.runners.get(environment, "")
    if own or all(worker.pool for worker in settings.workers_of(environment)):
        return own
    return f"prefect-{environment}"


def variable_prefix(environment: str) -> str:
    """What the names of an environment's variables begin with: `FLOWLIFT_DEV_API`."""
    return f"FLOWLIFT_{environment.upper().replace('-', '_')}_API"


def _workspace(environment: str) -> tuple[JobVariable, ...]:
    prefix = variable_prefix(environment)
    return (
        JobVariable(f"{prefix}_URL", secret=False),
        JobVariable(f"{prefix}_KEY", secret=True),
        JobVariable(f"{prefix}_AUTH_STRING", secret=True),
    )


def _all_workspaces(settings: Settings, environments: Sequence[str]) -> tuple[JobVariable, ...]:
    ci = settings.ci
    return (
        *(secret for name in environments for secret in _workspace(name)),
        *(JobVariable(name, secret=False) for name in ci.variables),
        *(JobVariable(name, secret=True) for name in ci.secrets),
    )


def _worker_secrets(settings: Settings, environment: str) -> tuple[JobVariable, ...]:
    workers = settings.workers_of(environment)
    names = [
        name
        for worker in workers
        for secret in worker.secrets
        for name in (secret.from_env, secret.username_from_env, secret.password_from_env)
        if name
    ]
    names += [name for worker in workers for name in worker.chart_login or ()]
    return tuple(JobVariable(name, secret=True) for name in dict.fromkeys(names))


def _image_secrets(settings: Settings, *, release: bool) -> tuple[JobVariable, ...]:
    image = settings.image
    if image is None:
        return ()
    found = list(_login("FLOWLIFT_IMAGE"))
    if release and image.release_name and _host(image.release_name) != _host(image.name):
        found += _login("FLOWLIFT_IMAGE_RELEASE")
    return (*found, *(JobVariable(name, secret=True) for name in image.secrets.values()))


def _login(prefix: str) -> tuple[JobVariable, JobVariable]:
    return JobVariable(f"{prefix}_USER", secret=False), JobVariable(
        f"{prefix}_PASSWORD", secret=True
    )


def _host(name: str) -> str:
    return name.partition("/")[0]
