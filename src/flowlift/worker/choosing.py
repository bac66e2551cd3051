"""Which flows image a worker's pool should start with, by digest."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowlift.errors import FlowliftError, ImageError, InputError
from flowlift.findings import Json
from flowlift.image.access import Access
from flowlift.image.reference import Reference, inputs_tag, parse
from flowlift.project.project import Project
from flowlift.voice import SILENT, Voice
from flowlift.workspace.pools import default_image

if TYPE_CHECKING:
    from flowlift.image.registry import ImageRepository


@dataclass(frozen=True, slots=True)
class Chosen:
    """An image by digest, None where there is none to put in; and why it is this one."""

    image: str | None
    why: str


def choose_image(
    project: Project,
    environment: str,
    *,
    given: str | None,
    live: Json,
    voice: Voice = SILENT,
) -> Chosen:
    """The image for `environment`: `given` by the user; else the one its pool has already, as an
    update of the worker is none of the image; else the one that the registry has for it.

    `live` is the pool's base job template, None where there is no pool yet. Where no image is
    configured, only what the pool has, by digest, is known.

    Raises:
        InputError: `given` is no reference.
        ImageError: the registry does not have it, or cannot be asked.
    """
    access = Access(project, voice)
    if given:
        return Chosen(_pinned(access, parse(given)), "as asked for")
    has = _live_image(live)
    if project.settings.image is None:
        known = str(has) if has and has.digest else None
        return Chosen(known, "what the pool has" if known else "no image is configured")
    if has and has.digest and has.name in {access.name.name, access.release_name.name}:
        return Chosen(str(has), "what the pool has")
    return _released(access) if _runs_default(project, environment) else _tested(access)


def _live_image(live: Json) -> Reference | None:
    text = default_image(live or {})
    with suppress(InputError):
        return parse(text) if text else None
    return None


def _runs_default(project: Project, environment: str) -> bool:
    return project.settings.environment(environment).ref == "default"


def _pinned(access: Access, reference: Reference) -> str:
    if reference.digest:
        return str(reference.pinned(reference.digest))
    found = _find(access, reference)
    if found is None:
        raise ImageError(
            f"There is no image {reference} in the registry.",
            remedy="Build it first: flowlift image build.",
        )
    return found


def _released(access: Access) -> Chosen:
    """The image of the version that this commit has; else the one that was tested for it."""
    from flowlift.image.check import read_project_version

    version = str(read_project_version(access.project, access.image))
    found = _find(access, access.release_name.tagged(version))
    return Chosen(found, f"version {version}") if found else _tested(access)


def _tested(access: Access) -> Chosen:
    """The image that was built from the inputs of this commit."""
    from flowlift.image.selection import read_sources, select

    selection = select(access.project, access.image)
    sources = read_sources(access.project, access.image, selection).sources
    found = _find(access, access.name.tagged(inputs_tag(sources)))
    if found:
        return Chosen(found, "built from these inputs")
    return Chosen(None, "the registry has no image with these inputs: flowlift image build")


def _find(access: Access, reference: Reference) -> str | None:
    try:
        with _repository(access, reference) as repository:
            digest = repository.find(reference.at)
    except ImageError:
        raise
    except FlowliftError as error:
        raise ImageError(error.message, remedy=error.remedy) from None
    return str(reference.pinned(digest)) if digest else None


def _repository(access: Access, reference: Reference) -> ImageRepository:
    """The repository of an image, which need not be the configured one."""
    if access.project.settings.image is not None:
        return access.repository(reference, patient=False)
    from flowlift.image.login import logins
    from flowlift.image.registry import ImageRepository

    host = reference.registry
    login = logins(access.project.environ, host, host).of(host)
    return ImageRepository(reference, login, patient=False)
