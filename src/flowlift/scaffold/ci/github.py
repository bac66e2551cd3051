"""The workflows as GitHub reads them, and Gitea: `.github/workflows/flowlift-*.yml`.

No expression stands in a line of a shell: what an event says (a branch's name, a title) reaches
flowlift by the event's file alone, and what else a step needs by its environment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flowlift.config import Ci, Settings
from flowlift.project.outputs import OUTPUTS
from flowlift.project.workflows import Stage
from flowlift.repo.globs import exact
from flowlift.scaffold.ci import actions
from flowlift.scaffold.ci.document import Folded, Noted, write
from flowlift.scaffold.ci.graph import Job, JobVariable, WorkflowFile
from flowlift.scaffold.ci.install import Install
from flowlift.scaffold.ci.paths import branch, github

FOLDER = ".github/workflows"

_HOSTS_OWN = "ghcr.io"
_PULL = "github.event_name == 'pull_request'"
_OPEN = f"{_PULL} && github.event.action != 'closed'"
_CLOSED = f"{_PULL} && github.event.action == 'closed'"
_OWN = "github.event.pull_request.head.repo.full_name == github.repository"
# A draft is an open pull request, too, and a queue's trial starts the same jobs (`Stage.SHOWN`).
_CONDITIONS: Mapping[Stage, tuple[str, ...]] = {
    Stage.PROPOSED: ("github.event_name == 'merge_group'", f"({_OPEN} && {_OWN})"),
    Stage.OFFLINE: (f"({_OPEN} && {_OWN.replace('==', '!=')})",),
    Stage.MERGED: ("github.event_name == 'push'",),
    Stage.GONE: (
        f"({_CLOSED} && {_OWN})",
        "(github.event_name == 'delete' && github.event.ref_type == 'branch')",
    ),
}
_OVER = " || ".join(
    (
        "github.event_name == 'push'",
        "github.event_name == 'delete'",
        "github.event.action == 'closed'",
    )
)
# A branch that is deleted is one by its own name: `github.ref` is then the default branch's.
_CHANGE = "${{ github.event.pull_request.number || github.event.ref || github.ref }}"
# Where a merge has deleted the branch, its commit may be gone; the default branch never is.
_HEAD = "${{ github.event.action != 'closed' && github.event.pull_request.head.sha || github.sha }}"


def file_name(workflow: WorkflowFile) -> str:
    """Where a workflow stands, relative to the repository's root."""
    return f"{FOLDER}/flowlift-{workflow.name}.yml"


def render(
    workflow: WorkflowFile, settings: Settings, install: Install, default_branch: str
) -> str:
    """The text of a workflow's file."""
    document = {
        "name": workflow.title,
        "on": _triggers(workflow, default_branch),
        "permissions": {},
        "jobs": {job.name: _job(job, workflow, settings, install) for job in workflow.jobs},
    }
    return write(
        document,
        (
            "Written by `flowlift ci write github` from the configuration of this repository.",
            "Write it again when that has changed; `flowlift ci check` tells. What you add stays",
            "right as long as nothing that is here is taken away.",
        ),
    )


def _triggers(workflow: WorkflowFile, default_branch: str) -> dict[str, Any]:
    own = exact(file_name(workflow))
    paths = list(dict.fromkeys(github(glob) for glob in (*workflow.paths, own)))
    types = ["opened", "synchronize", "reopened", "ready_for_review"]
    if Stage.GONE in workflow.stages:
        types.append("closed")
    on: dict[str, Any] = {
        "pull_request": {"types": types, "branches": [branch(default_branch)], "paths": paths},
        "merge_group": {"branches": [branch(default_branch)]},
        "push": {"branches": [branch(default_branch)], "paths": paths},
    }
    if Stage.GONE in workflow.stages:
        on["delete"] = None
    return on


def _job(job: Job, workflow: WorkflowFile, settings: Settings, install: Install) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": job.title,
        "if": _condition(job),
    }
    if job.needs:
        found["needs"] = list(job.needs)
    found["runs-on"] = job.runner or settings.ci.runner
    found["timeout-minutes"] = settings.ci.timeout
    if job.environment:
        found["environment"] = job.environment
    found["concurrency"] = _turn(job, workflow, settings.ci)
    found["permissions"] = _permissions(job, settings)
    if job.environment:
        found["outputs"] = {name: _expression(f"steps.deliver.outputs.{name}") for name in OUTPUTS}
    found["steps"] = list(_steps(job, settings, install))
    return found


def _condition(job: Job) -> Folded | str:
    parts = [part for when in job.when for part in _CONDITIONS[when]]
    if len(parts) == 1:
        return parts[0].removeprefix("(").removesuffix(")")
    return Folded((*(f"{part} ||" for part in parts[:-1]), parts[-1]))


def _turn(job: Job, workflow: WorkflowFile, ci: Ci) -> dict[str, Any]:
    """Whoever writes waits for its turn; only what writes nothing may be cut off by a newer one."""
    if not job.writes:
        group = f"flowlift-{job.name}-{workflow.name}-{_CHANGE}"
        return {"group": group, "cancel-in-progress": not job.environment}
    group = _group(job, workflow)
    if ci.queue == "all":
        return {"group": group, "cancel-in-progress": False, "queue": "max"}
    # Where only the newest waits, those of others must not be the ones that it replaces. Writers
    # are kept apart by flowlift's own lock all the same.
    return {"group": f"{group}-{_CHANGE}", "cancel-in-progress": False}


def _group(job: Job, workflow: WorkflowFile) -> str:
    """One group an environment.

    Gitea refuses a run with two jobs of one group, though one of them is skipped. So where a
    workflow has two, the one that is skipped is in a group of its own.
    """
    group = f"flowlift-{job.writes}"
    if sum(other.writes == job.writes for other in workflow.jobs) == 1:
        return group
    skipped = _OVER if Stage.PROPOSED in job.when else f"!({_OVER})"
    return group + _expression(f"({skipped}) && '-skipped' || ''")


def _permissions(job: Job, settings: Settings) -> dict[str, Any]:
    if job.releases:
        found = {"contents": Noted("write", "the version's tag and its release")}
    else:
        found = {"contents": Noted("read", "the clone")}
    if job.environment:
        found["pull-requests"] = Noted("write", "the one comment")
    if job.statuses:
        # The job's `environment` makes GitHub write the status. It is only looked for.
        found["deployments"] = Noted("read", "that GitHub tells what runs where")
    if job.builds and _in_packages(settings):
        found["packages"] = Noted("write", "the image")
    return found


def _in_packages(settings: Settings) -> bool:
    image = settings.image
    names = [image.name, image.release_name or ""] if image else []
    return any(name.startswith(f"{_HOSTS_OWN}/") for name in names)


def _steps(job: Job, settings: Settings, install: Install) -> Iterator[dict[str, Any]]:
    yield {
        "name": "Check out",
        **_uses(actions.CHECKOUT),
        "with": {
            "ref": _HEAD,
            "fetch-depth": Noted(0, "back to where the branch began"),
            "persist-credentials": False,
        },
    }
    yield {
        "name": "Set up uv",
        **_uses(actions.SETUP_UV),
        "with": {
            "version": actions.UV,
            "python-version": settings.ci.python,
            "enable-cache": False,
        },
    }
    if job.builds:
        yield from _builder(settings)
    words = " ".join(job.words)
    handed = ' --image "$IMAGE"' if job.image_from else ""
    yield {
        "name": "Deliver",
        "id": "deliver",
        "run": f"{install.command} deliver {words}{handed}",
        "env": _environ(job, settings, install),
    }


def _uses(action: actions.PinnedAction) -> dict[str, Any]:
    return {"uses": Noted(action.pinned, action.version)}


def _builder(settings: Settings) -> Iterator[dict[str, Any]]:
    platforms = settings.image.platforms if settings.image else ()
    if platforms != ("linux/amd64",):
        yield {
            "name": "Set up QEMU",
            **_uses(actions.SETUP_QEMU),
            "with": {
                "image": actions.BINFMT,
                "platforms": ",".join(platforms),
                "cache-image": False,
            },
        }
    yield {
        "name": "Set up Docker Buildx",
        **_uses(actions.SETUP_BUILDX),
        "with": {"cache-binary": False},
    }


def _environ(job: Job, settings: Settings, install: Install) -> dict[str, str]:
    found = dict(install.environ)
    if job.image_from:
        found["IMAGE"] = _expression(f"needs.{job.image_from}.outputs.image")
    found["GITHUB_TOKEN"] = "${{ github.token }}"  # noqa: S105 - an expression
    for secret in job.secrets:
        found[secret.name] = _value(secret, settings)
    return found


def _value(secret: JobVariable, settings: Settings) -> str:
    image = settings.image
    if image and secret.name.startswith("FLOWLIFT_IMAGE_"):
        released = "_RELEASE_" in secret.name and image.release_name
        name = released or image.name
        if str(name).startswith(f"{_HOSTS_OWN}/"):
            return "${{ github.token }}" if secret.secret else "${{ github.actor }}"
    return _expression(f"{'secrets' if secret.secret else 'vars'}.{secret.name}")


def _expression(text: str) -> str:
    return "${{ " + text + " }}"
