"""Where a command runs: which branch, base, commit, pull request and run it is for.

In GitHub Actions (and Gitea, which says the same) and in GitLab CI these come from the CI's own
variables and event file; by hand they come from git. What the user says on the command line wins.

Sources: GitHub's "Variables" reference and webhook payloads, GitLab's "Predefined CI/CD variables".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flowlift.errors import InputError, Position


@dataclass(frozen=True, slots=True)
class CiContext:
    """What the surroundings say; None where they say nothing.

    `branch` is the branch that is worked on, `base` the reference to compare with, `commit` the
    commit that is checked out for it, `gone` a branch that the event says is merged or deleted.
    `run` is the run's page, `run_number` what the CI counts its runs with.

    `action` is what the event says was done to the pull request; `merged`, `draft` and `fork` what
    it says of it. `before` is the commit that the branch had before a push, `tag` a pushed tag.
    """

    ci: str = ""
    event: str = ""
    action: str = ""
    branch: str | None = None
    base: str | None = None
    commit: str | None = None
    pull_request: int | None = None
    run: str = ""
    run_number: str = ""
    gone: str | None = None
    default_branch: str | None = None
    merged: bool = False
    draft: bool = False
    fork: bool = False
    before: str | None = None
    tag: str | None = None


def read_context(
    environ: Mapping[str, str], *, branch: str | None = None, base: str | None = None
) -> CiContext:
    """The context of this process; `branch` and `base` are what the user gave.

    Raises:
        InputError: the CI names an event file that cannot be read.
    """
    if environ.get("GITHUB_ACTIONS") == "true" or environ.get("GITEA_ACTIONS") == "true":
        context = _github(environ)
    elif environ.get("GITLAB_CI") == "true":
        context = _gitlab(environ)
    else:
        context = CiContext()
    context = replace(context, run_number=_run_number(environ))
    if branch:
        # The event's pull request and commit belong to the event's branch, not to this one.
        same = branch == context.branch
        context = replace(
            context,
            branch=branch,
            pull_request=context.pull_request if same else None,
            commit=context.commit if same else None,
        )
    return replace(context, base=base) if base else context


def _github(environ: Mapping[str, str]) -> CiContext:
    event_name = environ.get("GITHUB_EVENT_NAME", "")
    event = _event(environ.get("GITHUB_EVENT_PATH", ""))
    run = ""
    if environ.get("GITHUB_SERVER_URL") and environ.get("GITHUB_RUN_ID"):
        run = "/".join(
            [
                environ["GITHUB_SERVER_URL"],
                environ.get("GITHUB_REPOSITORY", ""),
                "actions/runs",
                environ["GITHUB_RUN_ID"],
            ]
        )
    default = _text(event.get("repository"), "default_branch")
    common = CiContext(ci="github", event=event_name, run=run, default_branch=default)
    if event_name in {"pull_request", "pull_request_target"}:
        pull = event.get("pull_request") or {}
        head = environ.get("GITHUB_HEAD_REF") or _text(pull.get("head"), "ref")
        base = environ.get("GITHUB_BASE_REF") or _text(pull.get("base"), "ref")
        closed = event.get("action") == "closed"
        merged = bool(pull.get("merged"))
        return replace(
            common,
            branch=base if closed and merged else head,
            base=base,
            commit=_text(pull.get("head"), "sha") if not closed else None,
            pull_request=_number(event.get("number") or pull.get("number")),
            # A fork's branch may have the name of one of ours, which is not gone by that.
            gone=head if closed and not _is_fork(pull) else None,
            action=_text(event, "action") or "",
            merged=closed and merged,
            draft=bool(pull.get("draft")),
            fork=_is_fork(pull),
            before=_text(pull.get("base"), "sha"),
        )
    if event_name == "delete":
        ref = str(event.get("ref") or "").removeprefix("refs/heads/")
        return replace(common, gone=ref or None) if event.get("ref_type") == "branch" else common
    if event_name == "merge_group":
        group = event.get("merge_group") or {}
        return replace(
            common,
            branch=str(group.get("head_ref") or "").removeprefix("refs/heads/") or None,
            base=str(group.get("base_ref") or "").removeprefix("refs/heads/") or None,
            commit=environ.get("GITHUB_SHA"),
        )
    ref = environ.get("GITHUB_REF") or _text(event, "ref") or ""
    branch = ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else None
    if environ.get("GITHUB_REF_TYPE") == "branch" and environ.get("GITHUB_REF_NAME"):
        branch = environ["GITHUB_REF_NAME"]
    pushed = replace(
        common,
        branch=branch,
        commit=environ.get("GITHUB_SHA") or _commit(_text(event, "after")),
        before=_commit(_text(event, "before")),
        tag=ref.removeprefix("refs/tags/") if ref.startswith("refs/tags/") else None,
    )
    if event_name == "push" and event.get("deleted"):
        return replace(pushed, branch=None, commit=None, gone=branch)
    return pushed


def _gitlab(environ: Mapping[str, str]) -> CiContext:
    source = environ.get("CI_PIPELINE_SOURCE", "")
    common = CiContext(
        ci="gitlab",
        event=source,
        run=environ.get("CI_PIPELINE_URL") or environ.get("CI_JOB_URL", ""),
        default_branch=environ.get("CI_DEFAULT_BRANCH"),
    )
    stops = environ.get("CI_ENVIRONMENT_ACTION") == "stop"
    if environ.get("CI_MERGE_REQUEST_IID"):
        return replace(
            common,
            # GitLab runs no pipeline for a branch that is gone, but stops its environment.
            gone=environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME") if stops else None,
            action=environ.get("CI_MERGE_REQUEST_EVENT_TYPE", ""),
            draft=_is_gitlab_draft(environ),
            fork=environ.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID")
            != environ.get("CI_MERGE_REQUEST_PROJECT_ID"),
            branch=environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME"),
            base=environ.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"),
            # In a merged-results pipeline CI_COMMIT_SHA is a commit that no branch has.
            commit=environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA")
            or environ.get("CI_COMMIT_SHA"),
            pull_request=_number(environ.get("CI_MERGE_REQUEST_IID")),
        )
    branch = environ.get("CI_COMMIT_BRANCH")
    return replace(
        common,
        branch=branch,
        commit=environ.get("CI_COMMIT_SHA"),
        gone=branch if stops else None,
        before=_commit(environ.get("CI_COMMIT_BEFORE_SHA")),
        tag=environ.get("CI_COMMIT_TAG"),
    )


def _is_fork(pull: Mapping[str, Any]) -> bool:
    """Whether the branch is another repository's; one that is deleted since is another, too."""
    sides = [pull.get(side) for side in ("head", "base")]
    names = [_text(side.get("repo"), "full_name") for side in sides if isinstance(side, Mapping)]
    return bool(names) and (len(names) == 1 or None in names or names[0] != names[1])


def _is_gitlab_draft(environ: Mapping[str, str]) -> bool:
    """What GitLab says since 17.10, or before that its title."""
    said = environ.get("CI_MERGE_REQUEST_DRAFT")
    title = environ.get("CI_MERGE_REQUEST_TITLE", "").casefold()
    return said == "true" if said else title.startswith(("draft:", "[draft]", "(draft)"))


def _commit(sha: str | None) -> str | None:
    """A commit, but for the zeros that stand for none: of a branch that is new, or gone."""
    return sha if sha and sha.strip("0") else None


def _run_number(environ: Mapping[str, str]) -> str:
    """The run's number: GitHub's and GitLab's, or what other CI systems call theirs."""
    attempt = environ.get("GITHUB_RUN_ATTEMPT", "1")
    if number := environ.get("GITHUB_RUN_NUMBER", ""):
        return number if attempt in {"", "1"} else f"{number}.{attempt}"
    names = (
        "CI_PIPELINE_IID",
        "BUILD_NUMBER",
        "BUILD_BUILDID",
        "BUILDKITE_BUILD_NUMBER",
        "BITBUCKET_BUILD_NUMBER",
        "CIRCLE_BUILD_NUM",
        "DRONE_BUILD_NUMBER",
    )
    return next((environ[name] for name in names if environ.get(name)), "")


def _event(path: str) -> dict[str, Any]:
    if not path:
        return {}
    try:
        event = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"The CI's event file cannot be read: {error}",
            remedy="Give --branch and --base by hand, or unset GITHUB_EVENT_PATH.",
            at=Position(path),
        ) from None
    if not isinstance(event, dict):
        raise InputError(
            "The CI's event file is no JSON object.",
            remedy="Give --branch and --base by hand, or unset GITHUB_EVENT_PATH.",
            at=Position(path),
        )
    return event


def _text(container: Any, key: str) -> str | None:
    value = container.get(key) if isinstance(container, Mapping) else None
    return value if isinstance(value, str) and value else None


def _number(value: Any) -> int | None:
    text = str(value or "")
    return int(text) if text.isdigit() else None
