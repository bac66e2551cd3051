"""What may be applied to an environment of the default branch: what the remote has there, as it is
committed, and never an older commit than the one that is live.

The remote is asked, and commits are compared: a name (`--branch main`) says nothing of either.
"""

from __future__ import annotations

from flowlift.deployments.reading import Reading
from flowlift.errors import InputError, OlderCommitError
from flowlift.plan import stamps
from flowlift.project.project import Project
from flowlift.repo import manifest
from flowlift.words import listed

_SHOWN = 3


def admit(project: Project, environment: str) -> None:
    """Refuse what is not committed, and what is not on the remote's default branch.

    An environment that runs a pull request's branch takes any: its plan says what is not pushed.

    Raises:
        InputError: what is checked out is not what the remote has, with what to do.
        GitError: the remote cannot be asked, or the clone is too shallow to tell.
    """
    if project.settings.environment(environment).ref != "default":
        return
    if project.root == project.repository.root:
        _refuse_uncommitted(project, environment)
    default, commit = project.default_branch, project.commit
    if project.remote_url:
        head = project.repository.remote_branch(default)
        if head is None:
            raise InputError(
                f"The remote has no branch {default!r}, whose code {environment} runs.",
                remedy=f"Push it: git push -u origin {default}; or set default-branch.",
            )
        if head == commit:
            return
        if project.repository.resolve(head) is None:
            project.repository.fetch(default)
        merged = project.repository.is_ancestor(commit, head)
    else:
        merged = project.repository.is_ancestor(commit, project.repository.default_ref(default))
    if not merged:
        raise _not_there(project, environment)


def _refuse_uncommitted(project: Project, environment: str) -> None:
    """Files of the work tree that nobody could clone: changed ones, and new code or manifests."""
    changed = project.repository.changed_files(project.repository.head())
    folders = {path.rpartition("/")[0] for path in changed.added if path.endswith("pyvenv.cfg")}
    manifests = set(manifest.find(changed.added, project.settings.manifests))
    new = {
        path
        for path in changed.added
        if path in manifests
        or (path.endswith(".py") and not any(path.startswith(f"{f}/") for f in folders))
    }
    found = sorted((changed.paths - changed.added) | new)
    if found:
        raise InputError(
            f"Not committed: {listed(found, _SHOWN)}. {environment} gets only what the remote has.",
            remedy="Commit, push and merge it, or put it aside: git stash --include-untracked",
        )


def _not_there(project: Project, environment: str) -> InputError:
    default = project.default_branch
    branch = project.context.branch or project.repository.branch()
    if branch and branch != default:
        return InputError(
            f"Branch {branch!r} is not merged into {default!r}, whose code {environment} runs.",
            remedy=f"Merge it first. What that will change: flowlift plan {environment}",
        )
    return InputError(
        f"The remote's {default!r} does not have the commit {project.commit[:8]}, and {environment}"
        " runs only what it has.",
        remedy=f"Push it: git push origin HEAD:{default}; or go to what is there: git switch"
        f" {default} && git reset --keep @{{upstream}}",
    )


def refuse_older(project: Project, reading: Reading) -> None:
    """Refuse a commit that is older than one from which the environment was written.

    Stamps tell that: they are written along with a change. A job that runs again, or ends after a
    newer one, would otherwise bring back what has been replaced.

    Raises:
        OlderCommitError: what is live comes from a newer commit of the default branch.
        GitError: the clone is too shallow to tell.
    """
    policy, repository = reading.policy, project.repository
    if not policy.on_default_branch or reading.returning:
        return
    stamped = {
        str(live.labels.get(stamps.COMMIT, ""))
        for live in reading.live.values()
        if stamps.owner(live) == project.name and stamps.branch(live) == policy.default_branch
    }
    newest = ""
    for commit in sorted(stamped - {project.commit, ""}):
        known = repository.resolve(commit) is not None
        if known and repository.is_ancestor(newest or project.commit, commit):
            newest = commit
    if newest:
        raise OlderCommitError(
            f"{policy.environment} is at {newest[:8]} already, which is newer than"
            f" {project.commit[:8]}.",
            remedy=f"Apply the newest: git switch {policy.default_branch} && git pull. To take"
            " something back, revert it there: git revert COMMIT",
        )
