"""The steps by which the flows image comes to PROD: build, release, promote."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING

from flowlift.errors import InputError, VersionError
from flowlift.image.access import Access
from flowlift.image.build import Built, build
from flowlift.image.check import read_project_version, tag_name
from flowlift.image.engine import BuildOrder
from flowlift.image.inputs import INPUTS, SOURCES, ImageInputs
from flowlift.image.promote import Promoted, promote
from flowlift.image.reference import Reference, branch_tag, pull_request_tag
from flowlift.image.selection import (
    changed_inputs,
    describe,
    read_sources,
    select,
    with_bases,
)
from flowlift.image.version import allowed_next
from flowlift.repo.remote import normalize_remote
from flowlift.repo.tags import (
    commit_time,
    fetch_tag,
    push_tag,
    remote_refs,
    tag_patterns,
    tagged_commit,
)

if TYPE_CHECKING:
    from flowlift.image.registry import ImageRepository

_OCI = "org.opencontainers.image."


@dataclass(frozen=True, slots=True)
class Released:
    """A release. `made` is False where it was there already."""

    version: str
    tag: str
    commit: str
    made: bool
    why: str


@dataclass(frozen=True, slots=True)
class BuildRun:
    """Whose build it is; what is empty is taken from the CI, or from git."""

    pull_request: str = ""
    number: str = ""


def build_image(access: Access, run: BuildRun | None = None, *, rebuild: bool = False) -> Built:
    """Push the image of the work tree with a DEV tag, building it only if there is none.

    Raises:
        VersionError: the version is none.
        ImageError: it cannot be built, or the registry does not take it.
    """
    selection = select(access.project, access.image)
    sources = read_sources(access.project, access.image, selection)
    # Docker and the base images' registries are asked while the image's own is.
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(with_bases, sources, access.image, selection, access.resolve)
        with access.repository(access.name) as repository:
            run = run or BuildRun()
            return _build(access, repository, sources, run, complete=asked.result, rebuild=rebuild)


def release(access: Access) -> Released:
    """Push the git tag of the version at the commit that is checked out, unless it is there.

    Raises:
        VersionError: the tag is at a commit whose image is another one.
        InputError: inputs are not committed, or the commit is not on the default branch.
        GitError: the remote refuses, or cannot be reached.
    """
    project, image = access.project, access.image
    repository = project.repository
    _refuse_uncommitted(access)
    found = read_project_version(project, image)
    name, commit = tag_name(found), repository.head()
    at = tagged_commit(remote_refs(repository, *tag_patterns(name)), name)
    if at is None:
        _refuse_unmerged(access, commit)
        made = push_tag(repository, name, commit, f"Release {found} of {access.release_name}")
        return Released(str(found), name, commit, made, "" if made else "another run was quicker")
    if at == commit:
        return Released(str(found), name, at, made=False, why="it is there")
    if repository.resolve(at) is None:
        fetch_tag(repository, name)
    changed = changed_inputs(project, select(project, image), at)
    if not changed:
        why = f"the image has not changed since {at[:12]}"
        return Released(str(found), name, at, made=False, why=why)
    choices = ", ".join(str(version) for version in allowed_next(found.version))
    raise VersionError(
        f"{found} is released already: the tag {name} is at {at[:12]}, and since then"
        f" {describe(changed)} changed.",
        remedy=f"Set it to one of {choices}.",
        at=found.at,
    )


def promote_image(access: Access, *, force: bool = False) -> Promoted:
    """Give the image of the commit that is checked out its version as tag; build it if need be.

    Raises:
        InputError: the version's image exists with other inputs, inputs are not committed, or the
            commit is not on the default branch.
        ImageError: it cannot be built, copied or found again.
    """
    _refuse_uncommitted(access)
    _refuse_unmerged(access, access.project.repository.head())
    version = str(read_project_version(access.project, access.image))
    selection = select(access.project, access.image)
    sources = read_sources(access.project, access.image, selection)
    inputs = with_bases(sources, access.image, selection, access.resolve)
    with (
        access.repository(access.name) as source,
        access.repository(access.release_name) as target,
    ):
        found = promote(source, target, version, inputs, access.docker, force=force)
        if found is not None:
            return found
        access.voice.say("No tested image has these inputs, so it is built now.")
        _build(access, source, inputs, BuildRun(), complete=lambda: inputs)
        found = promote(source, target, version, inputs, access.docker, force=force)
    assert found is not None  # noqa: S101 - what was just built carries these inputs
    why = "no image that was tested has the inputs of this commit"
    return Promoted(found.tag, found.pinned, found.digest, "built", why)


def _build(
    access: Access,
    repository: ImageRepository,
    sources: ImageInputs,
    run: BuildRun,
    *,
    complete: Callable[[], ImageInputs],
    rebuild: bool = False,
) -> Built:
    tag = access.name.tagged(_dev_tag(access, run))
    order = partial(_order, access, tag)
    docker = access.docker
    return build(repository, sources, tag, order, docker, complete=complete, rebuild=rebuild)


def _dev_tag(access: Access, run: BuildRun) -> str:
    project = access.project
    version = str(read_project_version(project, access.image))
    number = run.number or project.context.run_number or project.commit[:8]
    pull_request = run.pull_request or project.context.pull_request
    if pull_request:
        return pull_request_tag(version, pull_request, number)
    return branch_tag(version, project.branch, number)


def _order(access: Access, tag: Reference, inputs: ImageInputs) -> BuildOrder:
    project, image = access.project, access.image
    missing = [name for name in image.secrets.values() if not project.environ.get(name)]
    if missing:
        raise InputError(
            f"The build's secrets are not set: {', '.join(missing)}.",
            remedy="Set these variables; `secrets` in [tool.flowlift.image] names them.",
        )
    created = commit_time(project.repository, project.commit)
    return BuildOrder(
        tag=tag,
        dockerfile=project.root / image.dockerfile,
        context=project.root / image.context,
        platforms=image.platforms,
        target=image.target,
        build_args=image.build_args,
        secrets=image.secrets,
        annotations=_annotations(access, inputs, created),
        provenance=image.provenance,
        sbom=image.sbom,
        created=created,
        shown_as=image.dockerfile,
    )


def _annotations(access: Access, inputs: ImageInputs, created: int) -> Mapping[str, str]:
    project = access.project
    said = {
        f"{_OCI}version": str(read_project_version(project, access.image)),
        f"{_OCI}created": datetime.fromtimestamp(created, timezone.utc).isoformat(),
        SOURCES: inputs.sources,
        INPUTS: inputs.digest,
    }
    if project.remote_url:
        said[f"{_OCI}source"] = _page(project.remote_url)
    if not _uncommitted(access):
        said[f"{_OCI}revision"] = project.commit
    return said


def _page(remote: str) -> str:
    """A repository's address for people: without any login, and not by ssh."""
    name = normalize_remote(remote)
    return name if name.startswith("local/") else f"https://{name}"


def _uncommitted(access: Access) -> str:
    project, image = access.project, access.image
    head = project.repository.head()
    return describe(changed_inputs(project, select(project, image), head))


def _refuse_uncommitted(access: Access) -> None:
    if paths := _uncommitted(access):
        raise InputError(
            f"{paths}: changed, and not committed.",
            remedy="Commit it: what is released must be what git has.",
        )


def _refuse_unmerged(access: Access, commit: str) -> None:
    project = access.project
    default = project.default_branch
    if project.context.branch == default or project.repository.branch() == default:
        return
    if not project.repository.is_ancestor(commit, project.repository.default_ref(default)):
        raise InputError(
            f"{commit[:12]} is not on {default}, and only what is merged is released.",
            remedy=f"Run it on {default}, after the merge.",
        )
