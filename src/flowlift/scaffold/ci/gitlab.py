"""The workflows as GitLab reads them: `.gitlab/flowlift/*.yml`, to be included.

GitLab starts no pipeline for a branch that is deleted. So a merge request's deployments are an
environment of their own (`dev/BRANCH`), and what GitLab runs to stop it brings DEV back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowlift.config import Settings
from flowlift.errors import InputError
from flowlift.project.outputs import CODE_QUALITY, DOTENV
from flowlift.project.workflows import Stage
from flowlift.repo.globs import exact
from flowlift.scaffold.ci import actions
from flowlift.scaffold.ci.document import write
from flowlift.scaffold.ci.graph import Job, WorkflowFile
from flowlift.scaffold.ci.install import Install
from flowlift.scaffold.ci.paths import gitlab

FOLDER = ".gitlab/flowlift"
ROOT = ".gitlab-ci.yml"

MOST_PATHS = 50
"""GitLab refuses more in one `changes`."""

_REQUEST = '$CI_PIPELINE_SOURCE == "merge_request_event"'
_OWN = "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_MERGE_REQUEST_PROJECT_ID"
_DOCKER = "docker:29"


def file_name(workflow: WorkflowFile) -> str:
    """Where a workflow stands, relative to the repository's root."""
    return f"{FOLDER}/{workflow.name}.yml"


def include(workflows: list[WorkflowFile]) -> str:
    """The text of a `.gitlab-ci.yml` that has nothing but these workflows."""
    return write({"include": [{"local": f"/{file_name(workflow)}"} for workflow in workflows]})


def render(
    workflow: WorkflowFile, settings: Settings, install: Install, default_branch: str
) -> str:
    """The text of a workflow's file.

    Raises:
        InputError: more paths start the workflow than GitLab takes, or a name that it cannot quote.
    """
    jobs: dict[str, Any] = {}
    for job in workflow.jobs:
        jobs |= _jobs(job, workflow, settings, install, default_branch)
    return write(
        jobs,
        (
            "Written by `flowlift ci write gitlab` from the configuration of this repository.",
            "Write it again when that has changed; `flowlift ci check` tells. What you add stays",
            "right as long as nothing that is here is taken away.",
        ),
    )


def _jobs(
    job: Job, workflow: WorkflowFile, settings: Settings, install: Install, default_branch: str
) -> dict[str, Any]:
    changes = {"paths": _paths(workflow)}
    rules = _rules(job, default_branch)
    found = _job(job, workflow, settings, install)
    stop = _name(workflow, f"{job.name}-gone")
    jobs: dict[str, Any] = {}
    if job.writes and workflow.name == "deployments" and Stage.PROPOSED in job.when:
        found["environment"] = {**_review(job), "on_stop": stop}
    if rules:
        found["rules"] = [{"if": rule, "changes": changes} for rule in rules]
        jobs[_name(workflow, job.name)] = found
    if job.writes and workflow.name == "deployments" and Stage.PROPOSED in job.when:
        jobs[stop] = {
            **{key: value for key, value in found.items() if key != "artifacts"},
            "script": [f"{install.command} deliver --only deployments --env {job.writes}"],
            "environment": {**_review(job), "action": "stop"},
            "rules": [
                {
                    "if": rule,
                    "changes": changes,
                    "when": "manual",
                    "allow_failure": True,
                }
                for rule in rules
            ],
        }
    return jobs


def _review(job: Job) -> dict[str, Any]:
    return {"name": f"{job.environment}/$CI_COMMIT_REF_SLUG"}


def _name(workflow: WorkflowFile, job: str) -> str:
    return f"flowlift:{workflow.name}:{job}"


def _rules(job: Job, default_branch: str) -> list[str]:
    conditions: Mapping[Stage, str] = {
        Stage.PROPOSED: f"{_REQUEST} && {_OWN}",
        Stage.OFFLINE: f"{_REQUEST} && {_OWN.replace('==', '!=')}",
        Stage.MERGED: f'$CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == '
        f"{_quoted(default_branch)}",
    }
    return [conditions[when] for when in job.when if when in conditions]


def _quoted(text: str) -> str:
    """A string in GitLab's expressions, which know no escapes."""
    for quote in ('"', "'"):
        if quote not in text:
            return f"{quote}{text}{quote}"
    raise InputError(
        f"GitLab's rules cannot name the branch {text!r}, which holds both kinds of quotes.",
        remedy="Rename the default branch.",
    )


def _paths(workflow: WorkflowFile) -> list[str]:
    own = exact(file_name(workflow))
    paths = list(dict.fromkeys(gitlab(glob) for glob in (*workflow.paths, own)))
    if len(paths) > MOST_PATHS:
        raise InputError(
            f"{len(paths)} paths start {workflow.title}, and GitLab takes {MOST_PATHS}.",
            remedy="Name folders instead of files: in `manifests`, or in what the Dockerfile"
            " copies.",
        )
    return paths


def _job(job: Job, workflow: WorkflowFile, settings: Settings, install: Install) -> dict[str, Any]:
    found: dict[str, Any] = {"stage": "deploy"}
    if job.runner:
        found["tags"] = [job.runner]
    found |= _image(job, settings)
    found["needs"] = [
        {"job": _name(workflow, name), "optional": True, "artifacts": name == job.image_from}
        for name in job.needs
    ]
    found["interruptible"] = not job.environment
    found["timeout"] = f"{settings.ci.timeout} minutes"
    if job.writes:
        found["resource_group"] = f"flowlift-{job.writes}"
    if job.environment:
        found["environment"] = {"name": job.environment}
    found["variables"] = {"GIT_DEPTH": "0", "GIT_STRATEGY": "clone", **install.environ}
    handed = ' --image "$FLOWLIFT_IMAGE"' if job.image_from else ""
    found["script"] = [f"{install.command} deliver {' '.join(job.words)}{handed}"]
    reports = {"dotenv": DOTENV}
    if workflow.name == "deployments":
        reports["codequality"] = CODE_QUALITY
    found["artifacts"] = {"reports": reports}
    return found


def _image(job: Job, settings: Settings) -> dict[str, Any]:
    python = settings.ci.python
    if job.runner:
        return {}  # the environment's own machine has what it needs
    if not job.builds:
        return {"image": f"ghcr.io/astral-sh/uv:{actions.UV}-python{python}-bookworm"}
    platforms = settings.image.platforms if settings.image else ()
    emulators = [f"docker run --privileged --rm {actions.BINFMT} --install all"]
    return {
        "image": f"{_DOCKER}-cli",
        "services": [f"{_DOCKER}-dind"],
        "before_script": [
            "apk add --no-cache git py3-pip",
            f"pip install --break-system-packages --no-cache-dir uv=={actions.UV}",
            *(emulators if platforms != ("linux/amd64",) else []),
            "docker buildx create --use --driver docker-container",
        ],
    }
