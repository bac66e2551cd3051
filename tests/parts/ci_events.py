"""What a CI says of its events: GitHub's event file and variables, and GitLab's variables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flowlift.project.context import CiContext, read_context

OWN = {"full_name": "acme/platform", "default_branch": "main"}
FORK = {"full_name": "mallory/platform"}
GITLAB = {"GITLAB_CI": "true", "CI_DEFAULT_BRANCH": "main"}
MERGE_REQUEST = {
    **GITLAB,
    "CI_PIPELINE_SOURCE": "merge_request_event",
    "CI_MERGE_REQUEST_IID": "7",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "feat/a",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
    "CI_MERGE_REQUEST_PROJECT_ID": "1",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1",
}
PUSH = {**GITLAB, "CI_PIPELINE_SOURCE": "push"}


def github_environ(
    folder: Path, name: str, event: dict[str, Any], **environ: str
) -> dict[str, str]:
    """The variables of a GitHub job, whose event file is written into `folder`."""
    file = folder / "event.json"
    file.write_text(json.dumps({"repository": OWN, **event}))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": name,
        "GITHUB_EVENT_PATH": str(file),
        **environ,
    }


def github(folder: Path, name: str, event: dict[str, Any], **environ: str) -> CiContext:
    """The context of a GitHub job."""
    return read_context(github_environ(folder, name, event, **environ))


def pull(action: str, *, base: str = "main", repository: Any = OWN, **more: Any) -> dict[str, Any]:
    """The event of pull request 7, of the branch feat/a in `repository`."""
    return {
        "action": action,
        "number": 7,
        "pull_request": {
            "head": {"ref": "feat/a", "sha": "a" * 40, "repo": repository},
            "base": {"ref": base, "sha": "b" * 40, "repo": OWN},
            **more,
        },
    }
