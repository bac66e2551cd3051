"""The image that was tested becomes the released one: the same bytes, by their digest."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowlift.errors import ImageError, InputError
from flowlift.image.build import Carried, carried
from flowlift.image.engine import Docker
from flowlift.image.inputs import ImageInputs
from flowlift.image.reference import inputs_tag

if TYPE_CHECKING:
    from flowlift.image.registry import ImageRepository


@dataclass(frozen=True, slots=True)
class Promoted:
    """A released image. `how` is "there" (nothing was done), "promoted" or "built"."""

    tag: str
    pinned: str
    digest: str
    how: str
    why: str = ""


def promote(
    source: ImageRepository,
    target: ImageRepository,
    version: str,
    inputs: ImageInputs,
    docker: Callable[[], AbstractContextManager[Docker]],
    *,
    force: bool = False,
) -> Promoted | None:
    """Give the image of these sources the tag `version` in `target`; None where there is none.

    Nothing goes through the engine: within a repository the tag is written, between two the
    registries are told to copy, attestations and all platforms included.

    Raises:
        InputError: `version` is there with other inputs, and `force` is False.
        ImageError, RegistryError, EngineError: it cannot be done.
    """
    tag = target.reference.tagged(version)
    there = target.read(version)
    if there is not None:
        says = carried(target, there)
        if says.sources == inputs.sources:
            why = _moved(says, inputs)
            return Promoted(str(tag), str(tag.pinned(there.digest)), there.digest, "there", why)
        if not force:
            raise InputError(
                f"{tag} exists with {'other' if says.sources else 'unknown'} inputs"
                f" ({there.digest[:19]}); a released image is never changed.",
                remedy="Take the next version; or move the tag with --force, if nobody runs it.",
            )
    kept = source.read(inputs_tag(inputs.sources))
    says = carried(source, kept) if kept else Carried()
    if kept is None or says.sources != inputs.sources:
        return None
    if source.reference.name == target.reference.name:
        target.tag(kept, version)
    else:
        with docker() as engine:
            engine.copy(source.reference.pinned(kept.digest), tag)
    found = target.find(version)
    if found != kept.digest:
        raise ImageError(
            f"{tag} is {found or 'nothing'} after {kept.digest} was copied to it.",
            remedy="Somebody else wrote it at the same time. Run again.",
        )
    return Promoted(str(tag), str(tag.pinned(found)), found, "promoted", _moved(says, inputs))


def _moved(says: Carried, inputs: ImageInputs) -> str:
    """What is to be told of the base images. An image that was tested is not built anew for it."""
    if inputs.unclear:
        return f"whether its base images have moved could not be told: {'; '.join(inputs.unclear)}"
    return "" if says.inputs == inputs.digest else "its base images have moved since it was built"
