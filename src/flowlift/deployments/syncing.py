"""Sync: an environment goes back to the default branch from branches that are merged or gone."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flowlift.deployments.applying import Applied, ApplyOrder, apply
from flowlift.project.project import Project
from flowlift.voice import Voice
from flowlift.workspace.client import Client


async def sync(project: Project, order: ApplyOrder, client: Client, voice: Voice) -> Applied:
    """Bring the environment to the default branch, but for what open branches hold.

    The default branch is read as the remote has it, whatever is checked out here.

    Raises:
        FlowliftError: as `apply`.
    """
    with at_default_branch(project) as default:
        return await apply(default, order, client, voice)


@contextmanager
def at_default_branch(project: Project) -> Iterator[Project]:
    """The project as the default branch's newest commit has it, in a temporary folder."""
    repository = project.repository
    branch = project.default_branch
    if project.remote_url:
        repository.fetch(branch)
    commit = repository.resolve(repository.default_ref(branch)) or repository.head()
    with tempfile.TemporaryDirectory(prefix="flowlift-") as folder:
        root = Path(folder)
        repository.export(commit, root)
        yield project.at(root, branch, commit)
