"""The flows image, from a pull request to PROD: the steps of a delivery, in their order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flowlift.delivery.image_access import Access
from flowlift.delivery.image_check import Checked, check
from flowlift.delivery.image_pools import hand_to_pools
from flowlift.delivery.image_steps import Released, build_image, promote_image, release
from flowlift.delivery.image_verify import Verified, verify_image
from flowlift.errors import ImageError
from flowlift.image.build import Built
from flowlift.image.promote import Promoted
from flowlift.image.reference import parse
from flowlift.workspace.images import HandedOver

Publish = Callable[[Released, Promoted], None]
"""Makes a forge's release of a tag and its image. It is called again for the same release."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """What a pull request's image came to; all but `checked` is None where nothing changed."""

    checked: Checked
    built: Built | None = None
    verified: Verified | None = None
    handed: tuple[HandedOver, ...] = ()


@dataclass(frozen=True, slots=True)
class Merged:
    """What the merged image came to."""

    released: Released
    promoted: Promoted
    handed: tuple[HandedOver, ...] = ()


def propose(access: Access, environment: str) -> Proposed:
    """A pull request: where an input changed, its image is built, proven and runs in DEV.

    Raises:
        VersionError: the version is not one that may come next.
        ImageError: the image cannot be built, or a flow cannot be imported in it.
    """
    checked = check(access)
    if not checked.needed:
        return Proposed(checked)
    built = build_image(access)
    verified = prove(access, built)
    return Proposed(
        checked, built, verified, tuple(hand_to_pools(access, environment, built.pinned))
    )


def prove(access: Access, built: Built) -> Verified:
    """Import every flow in the image that was built.

    Raises:
        ImageError: one cannot be imported.
    """
    verified = verify_image(access, parse(built.pinned))
    if verified.failures:
        first = verified.failures[0]
        raise ImageError(
            f"{len(verified.failures)} imports fail in {built.tag}, the first on {first.platform}:"
            f" {first.entrypoint}: {first.error}",
            remedy="flowlift image verify shows them all.",
        )
    return verified


def merge(access: Access, environments: Sequence[str], publish: Publish | None = None) -> Merged:
    """After the merge: the version's tag, the tested image under it, and every pool in order.

    The tag comes first, as only one commit can get it. A run that ends part-way is run again: what
    is done already is found and left as it is.

    Raises:
        VersionError: the version is released already, from something else.
        ImageError: the image cannot be promoted or built.
    """
    released = release(access)
    promoted = promote_image(access)
    if publish is not None:
        publish(released, promoted)
    handed = [
        done
        for environment in environments
        for done in hand_to_pools(access, environment, promoted.pinned)
    ]
    return Merged(released, promoted, tuple(handed))
