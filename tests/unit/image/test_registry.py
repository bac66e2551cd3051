"""The platforms of an image, whether it is one manifest or an index of several."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from flowlift.image.reference import parse
from flowlift.image.registry import ImageManifest, ImageRepository


def manifest(**said: Any) -> ImageManifest:
    return ImageManifest(json.dumps(said).encode())


class Configured(ImageRepository):
    """A repository whose images have the configuration `said`; nobody is asked for it."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        super().__init__(parse("registry.example.com/acme/flows"))
        self.said = said

    def config(self, manifest: ImageManifest) -> Mapping[str, Any]:
        return self.said


# What a node pulls was judged by a rule of its own, which knew of no variant: an image for
# linux/arm/v7 alone was told to be for linux/arm, and one in an index as what it is.
@pytest.mark.parametrize(
    ("said", "platform"),
    [
        ({"os": "linux", "architecture": "amd64"}, "linux/amd64"),
        ({"os": "linux", "architecture": "arm", "variant": "v7"}, "linux/arm/v7"),
        ({"os": "linux", "architecture": "amd64", "variant": ""}, "linux/amd64"),
    ],
)
def test_a_platform_has_its_variant_in_an_index_and_alone(
    said: dict[str, str], platform: str
) -> None:
    alone = manifest(config={"digest": "sha256:c"})
    assert Configured(said).platforms(alone) == {platform: alone.digest}
    index = manifest(manifests=[{"digest": "sha256:a", "platform": said}])
    assert Configured({}).platforms(index) == index.platforms == {platform: "sha256:a"}


def test_attestations_and_what_has_no_platform_are_no_images() -> None:
    unknown = {"os": "unknown", "architecture": "unknown"}
    listed = [{"digest": "sha256:a", "platform": unknown}, {"digest": "sha256:b"}]
    assert manifest(manifests=listed).platforms == {}
