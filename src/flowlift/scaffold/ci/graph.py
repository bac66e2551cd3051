"""The three workflows as graphs of jobs, whatever forge runs them: each job is one `deliver`.

Which job there is when, and in which order, is read off `project.workflows.TABLE`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from flowlift.config import Ref, Settings, own_variable
from flowlift.errors import ConfigError
from flowlift.project.workflows import (
    DEV,
    PROD,
    TABLE,
    WORKFLOWS,
    WRITING,
    Stage,
    Verb,
    Workflow,
    writes,
)


@dataclass(frozen=True, slots=True)
class JobVariable:
    """A variable of a job: of the forge's secrets, or of its plain variables."""

    name: str
    secret: bool


@dataclass(frozen=True, slots=True)
class Job:
    """A job: one call of `flowlift deliver`, with these words, at the stages `when`.

    `environment` is the forge's one whose secrets the job gets and whose approvals it waits for: a
    fork's job alone has none, and writes no comment. `writes` is the environment (or the releases)
    that no two jobs write at once. `image_from` is the job whose image is handed over. `runner` is
    the label of its machine, "" for the one of all others.
    """

    name: str
    title: str
    when: tuple[Stage, ...]
    words: tuple[str, ...]
    environment: str = ""
    writes: str = ""
    runner: str = ""
    needs: tuple[str, ...] = ()
    image_from: str = ""
    secrets: tuple[JobVariable, ...] = ()
    builds: bool = False
    releases: bool = False
    statuses: bool = False


@dataclass(frozen=True, slots=True)
class WorkflowFile:
    """What a workflow's file says: its jobs, and the globs of the files that start it."""

    name: Workflow
    title: str
    paths: tuple[str, ...]
    jobs: tuple[Job, ...] = field(default=())

    @property
    def stages(self) -> frozenset[Stage]:
        """All that starts one of its jobs."""
        return frozenset(when for job in self.jobs for when in job.when)


def workflows(settings: Settings, inputs: Mapping[Workflow, Sequence[str]]) -> list[WorkflowFile]:
    """The workflows of a repository; `inputs` has the globs of each that is configured.

    Raises:
        ConfigError: an environment is named so that two jobs would have one name.
    """
    found = []
    for name in WORKFLOWS:
        if name in inputs:
            jobs = (_forked(name), *_JOBS[name](settings))
            found.append(WorkflowFile(name, f"flowlift {name}", tuple(inputs[name]), jobs))
    for workflow in found:
        _refuse_twins(workflow)
    return found


def _refuse_twins(workflow: WorkflowFile) -> None:
    """Refuse names that would make one job of two: the second one alone would be in the file."""
    names = [job.name for job in workflow.jobs]
    twin = next((name for name in names if names.count(name) > 1), None)
    if twin is not None:
        raise ConfigError(
            f"Two jobs of the workflow {workflow.name!r} would be called {twin!r}.",
            remedy=f"Give the environment {twin!r} another name: a job has this one already.",
        )


def _forked(workflow: Workflow) -> Job:
    return Job("fork", "Check a fork's changes", (Stage.OFFLINE,), ("--only", workflow))


def _image(settings: Settings) -> Iterator[Job]:
    branch, default = settings.environments_on(DEV), settings.environments_on(PROD)
    for stage in (Stage.PROPOSED, Stage.MERGED):
        merged = stage is Stage.MERGED
        (rule,) = TABLE[stage]["image"].rules
        yield Job(
            rule.verb,
            f"{'Release and promote' if merged else 'Build and prove'} the image",
            (stage,),
            ("--only", "image"),
            environment=(default or branch)[-1] if merged else (branch or default)[0],
            writes="release" if merged else "",
            secrets=_image_secrets(settings, release=merged),
            builds=True,
            releases=merged,
        )
        before: tuple[str, ...] = ()
        for _, name in _steps(settings, "worker", stage):
            if _takes_image(settings, name):
                job = _pool(settings, name, stage, rule.verb, before)
                yield job
                before = (job.name,) if merged else ()


def _pool(
    settings: Settings, environment: str, stage: Stage, image_from: str, before: tuple[str, ...]
) -> Job:
    merged = stage is Stage.MERGED
    job = _worker_job(
        settings,
        f"{environment}-pool" if merged else f"{environment}-pool-proposed",
        f"hand the {'released ' if merged else ''}image to the pool",
        environment,
        (image_from, *before),
    )
    return replace(job, when=(stage,), image_from=image_from)


def _worker(settings: Settings) -> Iterator[Job]:
    before: tuple[str, ...] = ()
    for _, name in _steps(settings, "worker", Stage.MERGED):
        if settings.workers_of(name):
            job = f"{name}-worker"
            yield _worker_job(settings, job, "the worker and its pool", name, before)
            before = (job,)


def _worker_job(
    settings: Settings, name: str, title: str, environment: str, needs: tuple[str, ...]
) -> Job:
    return Job(
        name,
        f"{environment}: {title}",
        writes("worker", settings.env[environment].ref),
        ("--only", "worker", "--env", environment),
        environment=environment,
        writes=environment,
        runner=_runner(settings, environment),
        needs=needs,
        secrets=(*_workspace(environment), *_worker_secrets(settings, environment)),
    )


def _deployments(settings: Settings) -> Iterator[Job]:
    yield from _proposed_deployments(settings)
    before: tuple[str, ...] = ()
    for name in (*settings.environments_on(DEV), *settings.environments_on(PROD)):
        ref = settings.env[name].ref
        yield Job(
            name,
            f"{name}: {_AFTER[ref]}",
            tuple(stage for stage in writes("deployments", ref) if stage is not Stage.PROPOSED),
            ("--only", "deployments", *_options([name])),
            environment=name,
            writes=name,
            needs=before,
            secrets=_all_workspaces(settings, [name]),
            statuses=True,
        )
        # Production is one environment after the other; what goes back waits for nobody.
        before = (name,) if ref == PROD else ()


def _proposed_deployments(settings: Settings) -> Iterator[Job]:
    """A job for each environment that gets the branch; the first one shows all the others."""
    steps = list(_steps(settings, "deployments", Stage.PROPOSED))
    branch = [name for verb, name in steps if verb in WRITING]
    shown = [name for verb, name in steps if verb not in WRITING and settings.ci.preview]
    for place, name in enumerate(branch or (["preview"] if shown else [])):
        asked = [*([name] if branch else []), *(shown if place == 0 else [])]
        # Unnamed, an environment whose address is kept from pull requests is left out, not missed.
        named = [] if set(asked) == set(settings.env) else asked
        yield Job(
            f"{name}-proposed",
            f"{name}: the pull request's deployments" if branch else "What the merge will change",
            (Stage.PROPOSED,),
            ("--only", "deployments", *_options(named)),
            environment=name,
            writes=name if branch else "",
            secrets=_all_workspaces(settings, asked),
            statuses=bool(branch),
        )


def _steps(settings: Settings, workflow: Workflow, stage: Stage) -> Iterator[tuple[Verb, str]]:
    """What a workflow does at a stage, and in which environment, one after the other."""
    for rule in TABLE[stage][workflow].rules:
        if rule.where:
            yield from ((rule.verb, name) for name in settings.environments_on(rule.where))


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


def _workspace(environment: str) -> tuple[JobVariable, ...]:
    prefix = own_variable(environment, "API")
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


_JOBS: Mapping[Workflow, Callable[[Settings], Iterator[Job]]] = {
    "image": _image,
    "worker": _worker,
    "deployments": _deployments,
}

_AFTER: Mapping[Ref, str] = {
    DEV: "back to the default branch",
    PROD: "the default branch's deployments",
}
