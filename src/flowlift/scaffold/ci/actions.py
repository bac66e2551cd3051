"""The actions that the workflows use: each pinned by the commit of a release.

A tag can be moved to other code, a commit cannot. The commits are those of the tags in the actions'
own repositories (github.com/OWNER/NAME). To raise one: take the commit of a release's tag, write
both here, and run the tests of the written workflows.
"""

from __future__ import annotations

from typing import NamedTuple


class PinnedAction(NamedTuple):
    """An action at one release; `commit` is the one that its tag `version` names."""

    name: str
    version: str
    commit: str

    @property
    def pinned(self) -> str:
        """What a step `uses`."""
        return f"{self.name}@{self.commit}"


CHECKOUT = PinnedAction("actions/checkout", "v7.0.1", "3d3c42e5aac5ba805825da76410c181273ba90b1")
SETUP_UV = PinnedAction("astral-sh/setup-uv", "v10.0.1", "20cfd1bf945f4377ade1205e4dbc17946fc9a30d")
SETUP_QEMU = PinnedAction(
    "docker/setup-qemu-action", "v4.2.0", "96fe6ef7f33517b61c61be40b68a1882f3264fb8"
)
SETUP_BUILDX = PinnedAction(
    "docker/setup-buildx-action", "v4.3.0", "37fe631027851001ddb9b187196cc803df7f5f0e"
)

ALL = (CHECKOUT, SETUP_UV, SETUP_QEMU, SETUP_BUILDX)

UV = "0.12.4"
"""The newest uv whose checksum `SETUP_UV` knows, so that what it downloads is checked."""

BINFMT = "docker.io/tonistiigi/binfmt:qemu-v10.0.4"
"""The image that teaches a machine other platforms. It gets all rights there: never `latest`."""
