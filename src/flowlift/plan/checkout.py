"""Which code a deployment runs: the branch or the commit in its `git_clone` pull steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from flowlift.findings import Json
from flowlift.plan.model import Policy, Steps
from flowlift.plan.versions import CLONE_DIRECTORY, is_there


@dataclass(slots=True)
class Checkout:
    """Pull steps that run what an environment's policy says, and what had to be left.

    `code` is what they check out: a commit, or `branch NAME`; "" where no step clones this
    repository. `pinned` are the positions of the steps that check out a commit. `foreign` are
    positions of steps that clone another repository, `unstable` those whose folder is named after
    the branch as the workspace's Prefect cannot be told otherwise.
    """

    steps: list[dict[str, Json]]
    code: str = ""
    changed: list[int] = field(default_factory=list)
    pinned: list[int] = field(default_factory=list)
    foreign: list[int] = field(default_factory=list)
    unstable: list[int] = field(default_factory=list)


def check_out(steps: Steps, policy: Policy) -> Checkout:
    """Put the environment's branch, or the commit, into every `git_clone` step of this repository.

    A commit that a manifest itself names is left to it on the default branch. The default branch
    is put in only where the manifest names another one: a step without a branch clones the remote's
    default branch already, and stays as it is declared. The folder of the clone keeps the name that
    it has without flowlift, so that later steps find it.
    """
    result = Checkout(steps=[])
    for index, step in enumerate(steps):
        function, inputs = single_step(step)
        if not is_git_clone(function) or not isinstance(inputs, Mapping):
            result.steps.append(dict(step))
            continue
        url = str(inputs.get("repository") or "")
        if not _is_this_repository(url, policy.repository_url):
            result.foreign.append(index)
            result.steps.append(dict(step))
            continue
        declared = inputs.get("branch") or None
        own = policy.on_default_branch and inputs.get("commit_sha")
        pins = policy.pin != "branch" and bool(policy.commit) and not own
        result.code = str(own or (policy.commit if pins else f"branch {policy.branch}"))
        follows = declared == policy.branch or (policy.on_default_branch and declared is None)
        if follows and not pins:
            result.steps.append(dict(step))
            continue
        rest = {k: v for k, v in inputs.items() if k not in {"commit_sha", "branch"}}
        changed = {**rest, **({"commit_sha": policy.commit} if pins else {"branch": policy.branch})}
        if pins:
            result.pinned.append(index)
        if "clone_directory_name" not in changed and "{{" not in _last_part(url):
            if is_there(policy.server_version, CLONE_DIRECTORY):
                changed["clone_directory_name"] = clone_directory(url, declared)
            else:
                result.unstable.append(index)
        result.changed.append(index)
        result.steps.append({function: changed})
    return result


def single_step(step: Mapping[str, Json]) -> tuple[str, Json]:
    """A step's function and inputs. Prefect takes the last key where there are several."""
    if not step:
        return "", {}
    function = list(step)[-1]
    return str(function), step[function] or {}


def is_git_clone(function: str) -> bool:
    """Whether a step is Prefect's `git_clone` under any of the names that it has had."""
    module, _, name = function.rpartition(".")
    return module.startswith("prefect.") and name in {
        "git_clone",
        "agit_clone",
        "git_clone_project",
    }


def clone_directory(url: str, branch: str | None) -> str:
    """The folder that Prefect clones into: the repository's name, and the branch where one is set.

    Source: `GitRepository` in Prefect's runner storage, the same from 3.4 to 3.8.
    """
    name = _last_part(url).replace(".git", "")
    return f"{name}-{branch.replace('/', '-')}" if branch else name


def repository_name(url: str) -> str:
    """The last part of a repository's URL, without `.git`."""
    return _last_part(url).removesuffix(".git")


def _last_part(url: str) -> str:
    path = urlsplit(url).path if "://" in url else url
    return path.rstrip("/").replace(":", "/").split("/")[-1]


def _is_this_repository(url: str, own: str) -> bool:
    """Whether a step clones the repository that the plan is for.

    Hosts differ between the places that clone it (ssh aliases, mirrors, addresses inside a
    cluster), so only the last part of the path is compared; what a template hides counts as ours.
    """
    if not own or "{{" in _last_part(url):
        return True
    return repository_name(url) == repository_name(own)
