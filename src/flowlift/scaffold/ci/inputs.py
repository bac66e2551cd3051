"""Which files start each of the three workflows: as globs, from the repository's configuration.

A glob too many starts a run that finds nothing to do. A glob too few would lose a change, so what
a flow could read counts: all Python, the sources, the folders of the entrypoints, and each file
that a manifest names.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping

from flowlift.config.files import OWN, SHARED
from flowlift.deployments.declared import read_manifests
from flowlift.image.selection import select
from flowlift.plan.checks.report import Report
from flowlift.plan.model import Declared
from flowlift.project.project import Project
from flowlift.project.workflows import Workflow
from flowlift.repo import manifest
from flowlift.repo.closure import PROJECT_FILES
from flowlift.repo.globs import exact

_REQUIREMENTS = "**/requirements*.txt"
_BETWEEN_WORDS = re.compile(r"[\s\"'`;&|<>()=,\[\]{}]+")


def read_inputs(project: Project) -> dict[Workflow, tuple[str, ...]]:
    """The globs of each workflow that the repository has; they are our own kind of globs.

    Raises:
        InputError, ManifestError: no manifest is there, or one cannot be read.
        ConfigError: the image's Dockerfile is missing.
    """
    found: dict[Workflow, tuple[str, ...]] = {}
    settings = project.settings
    if settings.image is not None:
        globs = select(project, settings.image).globs
        files = {f"{exact(path)}/**" for path in project.repository.files()}
        found["image"] = _unique(
            (*(glob for glob in globs if glob not in files), _configuration(project))
        )
    if settings.worker:
        found["worker"] = _unique((*_worker(project), _configuration(project)))
    found["deployments"] = _unique(_deployments(project))
    return found


def _configuration(project: Project) -> str:
    """The file that has flowlift's configuration, or could have."""
    return OWN if (project.root / OWN).is_file() else SHARED


def _worker(project: Project) -> Iterator[str]:
    for worker in project.settings.worker:
        for name in worker.environments or project.settings.env:
            yield from map(exact, worker.files(name))
        if worker.own_chart and (project.root / worker.own_chart).is_dir():
            yield f"{exact(worker.own_chart)}/**"
        elif worker.own_chart and (project.root / worker.own_chart).is_file():
            yield exact(worker.own_chart)


def _deployments(project: Project) -> Iterator[str]:
    settings = project.settings
    yield from settings.manifests
    yield OWN
    for folder in settings.sources:
        path = posixpath.normpath(folder)
        # The root's own Python counts anyway; all of the root would be every file.
        if path != ".":
            yield f"{exact(path)}/**"
    yield "**/*.py"
    yield from (f"**/{name}" for name in sorted(PROJECT_FILES))
    yield _REQUIREMENTS
    files = project.repository.files()
    declared = read_manifests(project, files, Report({}))
    yield from _beside(declared)
    yield from _named(project, files)


def _beside(declared: Iterable[Declared]) -> Iterator[str]:
    """The folders of entrypoints: a flow may read what lies beside it."""
    for entry in declared:
        path, colon, _ = (entry.entrypoint or "").rpartition(":")
        if not colon or not path.endswith(".py"):
            continue
        folder = posixpath.dirname(posixpath.normpath(posixpath.join(entry.root, path)))
        top = folder.split("/")[0]
        yield f"{exact(top)}/**" if top not in {"", ".."} else "*"


def _named(project: Project, files: list[str]) -> Iterator[str]:
    """Files and folders whose paths stand in a manifest: scripts, data, Dockerfiles."""
    known: Mapping[str, None] = dict.fromkeys(files)
    folders = {posixpath.dirname(path) for path in files}
    for file in manifest.find(files, project.settings.manifests):
        text = (project.root / file).read_text(encoding="utf-8", errors="replace")
        for word in dict.fromkeys(_BETWEEN_WORDS.split(text)):
            for base in ("", posixpath.dirname(file)):
                path = posixpath.normpath(posixpath.join(base, word)) if word else ""
                if path in known:
                    yield exact(path)
                elif "/" in path and path in folders:
                    yield f"{exact(path)}/**"


def _unique(globs: Iterable[str]) -> tuple[str, ...]:
    """Each once, and none that a folder's glob holds already."""
    found = list(dict.fromkeys(globs))
    folders = tuple(glob.removesuffix("**") for glob in found if glob.endswith("/**"))
    return tuple(
        glob
        for glob in found
        if not any(glob.startswith(folder) and glob != f"{folder}**" for folder in folders)
    )
