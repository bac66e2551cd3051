"""What an event of the CI asks for: the stage that a change has come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flowlift.errors import InputError
from flowlift.project.context import CiContext
from flowlift.project.workflows import Stage

_BY_HAND = frozenset(
    {"workflow_dispatch", "repository_dispatch", "schedule"}
    | {"web", "api", "trigger", "pipeline", "parent_pipeline", "chat"}
)
"""Events that a person or a clock makes: what they ask for follows from the branch."""

KNOWN = ("pull_request", "push", "delete", "merge_group", "workflow_dispatch", "schedule")
"""The names that `--event` takes."""


@dataclass(frozen=True, slots=True)
class Event:
    """A stage, and in words why it is this one."""

    stage: Stage
    why: str


def in_queue(context: CiContext) -> bool:
    """Whether a merge queue or train tries the change, on a branch of its own."""
    return context.event == "merge_group" or context.action == "merge_train"


def stand_in(environ: Mapping[str, str], name: str | None, file: Path | None) -> dict[str, str]:
    """The environment with the event that the user gave in the place of the CI's own.

    The event's name is one of GitHub's, and the file has GitHub's form.

    Raises:
        InputError: the file has no name, is missing, or the name is not known.
    """
    if name is None and file is None:
        return dict(environ)
    name = name or environ.get("GITHUB_EVENT_NAME")
    if not name:
        raise InputError(
            f"It is not known which event {file} is.", remedy="Say it: --event pull_request."
        )
    if name not in KNOWN:
        raise InputError(
            f"There is no event {name!r} that flowlift knows.",
            remedy=f"It is one of {', '.join(KNOWN)}.",
        )
    given = dict(environ)
    given |= {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": ""}
    given.pop("GITLAB_CI", None)
    if file is not None:
        # What the CI says of its own event does not belong to this one.
        for variable in ("HEAD_REF", "BASE_REF", "REF", "REF_NAME", "REF_TYPE", "SHA"):
            given.pop(f"GITHUB_{variable}", None)
        given["GITHUB_EVENT_PATH"] = str(file)
    return given


def read_event(context: CiContext, branch: str | None, default_branch: str) -> Event:
    """The stage that the event in `context` says; `branch` is the one that is checked out.

    Raises:
        InputError: there is no event, or it is of a kind that says nothing about a change.
    """
    name = context.event
    if not name:
        raise InputError(
            "No event is known: neither a CI nor the command line says what has happened.",
            remedy="Give it: flowlift deliver --event pull_request. Or call what you want by name:"
            " flowlift apply dev.",
        )
    if name == "pull_request_target":
        raise InputError(
            "The event pull_request_target gives a fork's code the repository's secrets.",
            remedy="Use `pull_request`: a fork's changes are then planned without secrets.",
        )
    branch = context.branch or branch
    if name in {"pull_request", "merge_request_event"}:
        return _pull_request(context, default_branch)
    if name == "merge_group":
        return Event(Stage.SHOWN, "a merge queue tries it")
    if context.gone:
        return Event(Stage.GONE, f"the branch {context.gone} is deleted")
    if name == "delete":
        return Event(Stage.NOTHING, "what was deleted is no branch")
    if context.tag:
        return Event(Stage.NOTHING, f"the tag {context.tag} says what was released already")
    if name == "push" and branch == default_branch:
        return Event(Stage.MERGED, f"a push to {default_branch}")
    if name == "push":
        return Event(Stage.NOTHING, f"{branch or 'this commit'} is delivered by its pull request")
    if name not in _BY_HAND:
        raise InputError(
            f"The event {name!r} says nothing about a change.",
            remedy=f"Start flowlift on one of {', '.join(KNOWN)}; or give one with --event.",
        )
    if branch == default_branch:
        return Event(Stage.MERGED, f"{name} on {default_branch}")
    return Event(Stage.PROPOSED, f"{name} on {branch or 'a detached HEAD'}")


def _pull_request(context: CiContext, default_branch: str) -> Event:
    number = f"pull request {context.pull_request or ''}".strip()
    if context.fork and context.action == "closed":
        return Event(Stage.NOTHING, f"{number} of a fork is closed: DEV never had its branch")
    if context.gone and context.merged and context.base == default_branch:
        return Event(Stage.MERGED, f"{number} is merged")
    if context.gone and context.merged:
        return Event(Stage.GONE, f"{number} is merged into {context.base}")
    if context.gone:
        return Event(Stage.GONE, f"{number} is closed")
    if context.fork:
        return Event(Stage.OFFLINE, f"{number} comes from a fork, which gets no secrets")
    if in_queue(context):
        return Event(Stage.SHOWN, "a merge train tries it")
    if context.draft:
        return Event(Stage.SHOWN, f"{number} is a draft")
    return Event(Stage.PROPOSED, f"{number} is open")
