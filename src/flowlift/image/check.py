"""Whether the image has to be built anew, and whether its version may come next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.version import Version

from flowlift.config import Image
from flowlift.errors import Position, VersionError
from flowlift.image.access import Access
from flowlift.image.build import carried
from flowlift.image.reference import DevTag, branch_word, read_dev_tag
from flowlift.image.selection import (
    ChangedInput,
    changed_inputs,
    describe,
    read_sources,
    select,
)
from flowlift.image.version import (
    Found,
    allowed_next,
    check_step,
    read_version,
    version_before,
)
from flowlift.project.project import Project
from flowlift.repo.git import Repository
from flowlift.repo.tags import remote_refs, tag_patterns, tagged_commit

if TYPE_CHECKING:
    from flowlift.image.registry import ImageManifest


@dataclass(frozen=True, slots=True)
class ImageCheck:
    """What a check has found. `needed` says that an input changed, so an image must be built.

    `base` is the version that the base branch has now, "" where it has none; `allowed` are the
    versions that may follow it. `notes` are for a person to think about.
    """

    needed: bool
    changed: tuple[ChangedInput, ...]
    since: str
    version: str
    base: str
    allowed: tuple[str, ...]
    file: str
    line: int
    notes: tuple[str, ...] = ()


def check(access: Access, *, offline: bool = False) -> ImageCheck:
    """Compare the image's inputs and version with the base branch's.

    `offline` leaves out what only the remote and the registry know: tags, released images, other
    pull requests, and whether the base branch has moved.

    Raises:
        VersionError: an input changed and the version is not one that may come next, is released
            already from something else, or is none.
    """
    project, image = access.project, access.image
    repository = project.repository
    branch = project.context.base or project.default_branch
    base = repository.default_ref(branch)
    since = repository.merge_base(base)
    changed = tuple(changed_inputs(project, select(project, image), since))
    found = read_project_version(project, image)
    if not changed:
        before = _version_at(project, image, base)
        # Its file may be no input; a version that this branch sets is still the next release's.
        if found.version not in {before, _version_at(project, image, since)}:
            check_step(found, before, branch)
        return _checked(found, changed, since, before, ())
    notes: Sequence[str] = ()
    if not offline:
        with ThreadPoolExecutor(1) as pool:
            refs = pool.submit(_refs, repository, branch, str(found))
            released, tags = _in_registry(access, str(found))
            known = refs.result()
        base = _newest(repository, branch, base, known)
    before = _version_at(project, image, base)
    _check_against(found, before, branch, changed, moved=repository.resolve(base) != since)
    if not offline:
        _check_tag(repository, found, known)
        _check_released(access, found, released)
        notes = _others(access, str(found), tags)
    return _checked(found, changed, since, before, notes)


def read_project_version(project: Project, image: Image) -> Found:
    """The image's version, as the work tree has it.

    Raises:
        VersionError: there is none, or it cannot be one of an image.
    """
    content = project.repository.read(None, image.version_from)
    if content is None:
        raise VersionError(
            f"There is no file {image.version_from}, which should have the version.",
            remedy="Name the one that has it with `version-from` in [tool.flowlift.image].",
            at=Position(image.version_from),
        )
    text = content.decode("utf-8", "replace")
    return read_version(text, image.version_from, image.version_pattern)


def tag_name(version: Found) -> str:
    """The git tag of a released version."""
    return f"v{version}"


def closed_pull_requests(access: Access, tags: Iterable[DevTag]) -> dict[DevTag, bool | None]:
    """For each DEV tag, whether its pull request is closed; None where that cannot be told.

    The remote says it without any forge's API: it keeps a reference for each pull request, and a
    branch that is still there has the same commit. A branch without a pull request is closed when
    the remote has it no more.
    """
    listed = list(tags)
    return _closed(listed, _pull_request_refs(access.project.repository, listed))


def _closed(tags: Iterable[DevTag], refs: Mapping[str, str]) -> dict[DevTag, bool | None]:
    heads = {name: sha for name, sha in refs.items() if name.startswith("refs/heads/")}
    words = {branch_word(name.removeprefix("refs/heads/")) for name in heads}

    def closed(tag: DevTag) -> bool | None:
        if tag.branch:
            return tag.branch not in words
        sha = _head_of(tag, refs)
        return None if sha is None else sha not in heads.values()

    return {tag: closed(tag) for tag in tags}


def _pull_request_refs(repository: Repository, tags: Iterable[DevTag]) -> dict[str, str]:
    """The remote's branches, and the heads of these pull requests."""
    patterns = ["refs/heads/*"]
    for number in sorted({tag.pull_request for tag in tags if tag.pull_request.isdecimal()}):
        patterns += [f"refs/pull/{number}/head", f"refs/merge-requests/{number}/head"]
    return remote_refs(repository, *patterns)


def _head_of(tag: DevTag, refs: Mapping[str, str]) -> str | None:
    """The commit of a tag's pull request, None where the remote does not say it."""
    number = tag.pull_request
    return refs.get(f"refs/pull/{number}/head") or refs.get(f"refs/merge-requests/{number}/head")


def _version_at(project: Project, image: Image, ref: str) -> Version | None:
    content = project.repository.read(ref, image.version_from)
    if content is None:
        return None
    text = content.decode("utf-8", "replace")
    return version_before(text, image.version_from, image.version_pattern)


def _refs(repository: Repository, branch: str, version: str) -> dict[str, str]:
    if repository.remote_url() is None:
        return {}
    return remote_refs(repository, f"refs/heads/{branch}", *tag_patterns(f"v{version}"))


def _in_registry(access: Access, version: str) -> tuple[ImageManifest | None, list[str]]:
    """The released image of that version, and the tags of pull requests' images."""
    with access.repository(access.release_name) as released:
        there = released.read(version)
    with access.repository(access.name) as repository:
        return there, repository.tags()


def _newest(repository: Repository, branch: str, base: str, refs: dict[str, str]) -> str:
    """The base branch as the remote has it now: somebody may have merged since the last fetch."""
    head = refs.get(f"refs/heads/{branch}")
    if head is None or head == repository.resolve(base):
        return base
    if repository.resolve(head) is None:
        repository.fetch(branch)
    return head


def _check_tag(repository: Repository, found: Found, refs: dict[str, str]) -> None:
    at = tagged_commit(refs, tag_name(found))
    if at is not None and at != repository.head():
        raise VersionError(
            f"{found} is released already: the tag {tag_name(found)} is at {at[:12]}.",
            remedy=f"Set it to one of {_choices(found.version)}.",
            at=found.at,
        )


def _check_against(
    found: Found,
    base: Version | None,
    branch: str,
    changed: Sequence[ChangedInput],
    *,
    moved: bool,
) -> None:
    """Check the step from the base branch as it is now; `moved` says that it has grown since."""
    if moved and base == found.version:
        raise VersionError(
            f"{branch} is at {found} already: another pull request took that version and was"
            " merged first.",
            remedy=f"Merge {branch} into this branch, and set the version to one of"
            f" {_choices(found.version)}.",
            at=found.at,
        )
    try:
        check_step(found, base, branch)
    except VersionError as error:
        raise VersionError(
            error.message, remedy=f"{error.remedy}\nChanged: {describe(changed)}.", at=error.at
        ) from None


def _check_released(access: Access, found: Found, released: ImageManifest | None) -> None:
    """Refuse a version whose released image is made of something else."""
    if released is None:
        return
    selection = select(access.project, access.image)
    sources = read_sources(access.project, access.image, selection).sources
    with access.repository(access.release_name) as repository:
        says = carried(repository, released)
    if says.sources != sources:
        raise VersionError(
            f"{access.release_name.tagged(str(found))} exists already, with other inputs.",
            remedy=f"Set the version to one of {_choices(found.version)}.",
            at=found.at,
        )


def _others(access: Access, version: str, tags: Sequence[str]) -> tuple[str, ...]:
    """Which other open pull requests build the same version: only one of them can release it.

    This one is known by its number in a CI, else as the one whose commit this branch has there.
    """
    project = access.project
    own = str(project.context.pull_request or "")
    said = [read for tag in tags if (read := read_dev_tag(tag))]
    same = [tag for tag in said if tag.version == version and tag.pull_request not in {"", own}]
    if not same or project.repository.remote_url() is None:
        return ()
    refs = _pull_request_refs(project.repository, same)
    closed = _closed(same, refs)
    branch = project.context.branch or project.repository.branch()
    mine = {project.repository.head(), refs.get(f"refs/heads/{branch}")} - {None}
    numbers = sorted(
        {tag.pull_request for tag in same if not closed[tag] and _head_of(tag, refs) not in mine}
    )
    return tuple(
        f"Pull request {number} builds {version} too: whoever merges second must take the next."
        for number in numbers
    )


def _choices(base: Version) -> str:
    return ", ".join(str(version) for version in allowed_next(base))


def _checked(
    found: Found,
    changed: tuple[ChangedInput, ...],
    since: str,
    base: Version | None,
    notes: Sequence[str],
) -> ImageCheck:
    return ImageCheck(
        needed=bool(changed),
        changed=changed,
        since=since,
        version=str(found),
        base=str(base) if base else "",
        allowed=tuple(str(version) for version in allowed_next(base)) if base else (),
        file=found.at.file,
        line=found.at.line,
        notes=tuple(notes),
    )
