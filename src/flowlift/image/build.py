"""An image for some inputs: the one that exists already gets the tag, else it is built."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowlift.errors import EngineError, ImageError, MovedTagError
from flowlift.image.engine import Builder, BuildOrder, Docker
from flowlift.image.inputs import INPUTS, SOURCES, ImageInputs
from flowlift.image.reference import Reference, inputs_tag

if TYPE_CHECKING:
    from flowlift.image.registry import ImageManifest, ImageRepository


@dataclass(frozen=True, slots=True)
class Built:
    """An image with its tag. `built` is False where one with the same inputs was found.

    `pinned` is what is handed on: the name with the digest.
    """

    tag: str
    pinned: str
    digest: str
    inputs: str
    platforms: tuple[str, ...]
    built: bool
    why: str


def build(
    repository: ImageRepository,
    sources: ImageInputs,
    tag: Reference,
    order: Callable[[ImageInputs], BuildOrder],
    docker: Callable[[], AbstractContextManager[Docker]],
    *,
    complete: Callable[[], ImageInputs],
    rebuild: bool = False,
) -> Built:
    """Tag the image with these inputs, building it where there is none.

    `complete` gives the sources with the base images. `order` and `docker` are called only for a
    build. The image is found again by a tag that is written last, so that it always names one whose
    every part is in the registry.

    Raises:
        BuildError, EngineError: the build fails.
        RegistryError: the registry does not do what is asked.
    """
    mark = inputs_tag(sources.sources)
    marked, tagged = repository.read(mark), repository.find(tag.tag)
    inputs = complete()
    found, why = _reusable(repository, marked, inputs)
    if found is not None and not rebuild:
        if tagged != found.digest:
            repository.tag(found, tag.tag)
        return _built(tag, found, inputs, built=False, why=why)
    wanted = order(inputs)
    with docker() as engine:
        builder = engine.builder()
        _check(builder, wanted)
        engine.build(wanted, builder)
    made = repository.read(tag.tag)
    if made is None:
        raise ImageError(
            f"{tag} is not in the registry after it was pushed.",
            remedy="Somebody removed it at the same time, or the registry lost it. Run again.",
        )
    _check_whole(made, inputs, tag)
    if rebuild:
        repository.tag(made, mark)
    elif other := _quicker(repository, mark, inputs, made):
        # One image for all, that all test.
        repository.tag(other, tag.tag)
        made, why = other, "another run built the same inputs at the same time"
    return _built(tag, made, inputs, built=True, why="asked for" if rebuild else why)


def _quicker(
    repository: ImageRepository, mark: str, inputs: ImageInputs, made: ImageManifest
) -> ImageManifest | None:
    """The image that another run has marked for the same inputs meanwhile, else `made` is marked.

    Both may write the mark at the same moment: whoever finds the other's there takes that one.
    """
    other = _reusable(repository, repository.read(mark), inputs)[0]
    if other is None:
        try:
            repository.tag(made, mark)
        except MovedTagError:
            other = _reusable(repository, repository.read(mark), inputs)[0]
    return other if other and other.digest != made.digest else None


@dataclass(frozen=True, slots=True)
class Carried:
    """What an image says that it is made of; both empty where it is not from flowlift."""

    sources: str = ""
    inputs: str = ""


def carried(repository: ImageRepository, manifest: ImageManifest) -> Carried:
    """The digests of its inputs that an image carries: as annotations, or else as labels."""
    said = manifest.annotations
    if SOURCES not in said:
        single: ImageManifest | None = manifest
        if manifest.is_index:
            first = next(iter(manifest.platforms.values()), None)
            single = repository.read(first) if first else None
        if single is None or "config" not in single.data:
            return Carried()
        said = (repository.config(single).get("config") or {}).get("Labels") or {}
    return Carried(str(said.get(SOURCES, "")), str(said.get(INPUTS, "")))


def _reusable(
    repository: ImageRepository, manifest: ImageManifest | None, inputs: ImageInputs
) -> tuple[ImageManifest | None, str]:
    """What is marked with the sources of `inputs`, if it has all of them and all platforms; and
    why it has, or not.
    """
    if manifest is None:
        return None, "no image has these inputs"
    says = carried(repository, manifest)
    if says.sources != inputs.sources:
        return None, "no image has these inputs"
    if inputs.unclear:
        return None, f"could not tell: {'; '.join(inputs.unclear)}"
    if says.inputs != inputs.digest:
        return None, "a base image has moved"
    if missing := _missing(manifest, inputs):
        return None, f"the image there lacks {', '.join(missing)}"
    return manifest, "an image has the same inputs"


def _missing(manifest: ImageManifest, inputs: ImageInputs) -> list[str]:
    """The platforms that an index lacks. A manifest alone is of the one platform there is."""
    if not manifest.is_index:
        return []
    there = set(map(_plain, manifest.platforms))
    return [platform for platform in inputs.platforms if _plain(platform) not in there]


def _plain(platform: str) -> str:
    """A platform without the variant that it has anyway."""
    return {"linux/arm64/v8": "linux/arm64", "linux/amd64/v1": "linux/amd64"}.get(
        platform, platform
    )


def _check_whole(manifest: ImageManifest, inputs: ImageInputs, tag: Reference) -> None:
    if missing := _missing(manifest, inputs):
        raise ImageError(
            f"{tag} lacks {', '.join(missing)} after it was pushed.",
            remedy="Something between here and the registry changes images. Run again.",
        )


def _check(builder: Builder, order: BuildOrder) -> None:
    """Refuse early what the builder cannot do.

    Raises:
        EngineError: it cannot build for these platforms.
    """
    several = "docker buildx create --use --driver docker-container"
    if len(order.platforms) > 1 and not builder.attests:
        raise EngineError(
            f"The builder {builder.name!r} builds for one platform at a time:"
            f" {', '.join(order.platforms)} are wanted.",
            remedy=f"Make one that can: {several}",
        )
    there = set(map(_plain, builder.platforms))
    missing = [platform for platform in order.platforms if _plain(platform) not in there]
    if missing:
        raise EngineError(
            f"The builder {builder.name!r} cannot build for {', '.join(missing)}.",
            remedy="Install emulators:"
            " docker run --privileged --rm tonistiigi/binfmt --install all",
        )


def _built(
    tag: Reference, manifest: ImageManifest, inputs: ImageInputs, *, built: bool, why: str
) -> Built:
    return Built(
        tag=str(tag),
        pinned=str(tag.pinned(manifest.digest)),
        digest=manifest.digest,
        inputs=inputs.digest,
        platforms=tuple(manifest.platforms) or inputs.platforms,
        built=built,
        why=why,
    )
