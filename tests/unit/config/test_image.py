"""`[tool.flowlift.image]`: what may be a name, a platform, a pattern of a version."""

from __future__ import annotations

import msgspec
import pytest

from flowlift.config.image import Image
from flowlift.config.section import WrongValueError

NAME = "ghcr.io/acme/flows"


@pytest.mark.parametrize(
    "name",
    [
        NAME,
        "localhost/flows",
        "localhost:5000/flows",
        "registry:5000/a/b/c",
        "10.0.0.1:5000/flows",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/a.b_c--d__e",
    ],
)
def test_a_repository_in_a_registry_is_a_name(name: str):
    assert Image(name=name, release_name=name).name == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "flows",
        "acme/flows",
        "ghcr.io",
        "ghcr.io/",
        "ghcr.io/Acme/flows",
        "ghcr.io/acme/flows:1.0",
        "ghcr.io/acme/flows@sha256:00",
        "https://ghcr.io/acme/flows",
        "ghcr.io//flows",
        "ghcr.io/acme/.flows",
        "ghcr.io/größe",
        "ghcr.io/a b",
        "ghcr.io/a\n",
        "ghcr.io:/a",
        "-ghcr.io/../a",
    ],
)
def test_anything_else_is_no_name(name: str):
    with pytest.raises(WrongValueError, match="HOST/PATH in lower case") as refused:
        Image(name=name)
    assert refused.value.path == ("name",)
    with pytest.raises(WrongValueError, match="HOST/PATH in lower case") as refused:
        Image(name=NAME, release_name=name)
    assert refused.value.path == ("release-name",)


@pytest.mark.parametrize("platform", ["linux/amd64", "linux/arm/v7", "linux/arm64"])
def test_a_platform_is_a_system_and_its_processor(platform: str):
    assert Image(name=NAME, platforms=(platform, platform)).platforms == (platform,)


@pytest.mark.parametrize("platform", ["", "arm", "linux/", "Linux/amd64", "a/b/c/d", "a/b\n"])
def test_what_is_no_platform_is_refused(platform: str):
    with pytest.raises(WrongValueError, match="looks like linux/amd64") as refused:
        Image(name=NAME, platforms=("linux/amd64", platform))
    assert refused.value.path == ("platforms",)


def test_an_image_is_for_one_platform_at_least():
    with pytest.raises(msgspec.ValidationError, match="platforms"):
        msgspec.convert({"name": NAME, "platforms": []}, Image)
    assert msgspec.convert({"name": NAME, "platforms": ["a/b"]}, Image).platforms == ("a/b",)


def test_platforms_keep_their_order_and_are_named_once():
    said = ("linux/arm64", "linux/amd64", "linux/arm64")
    assert Image(name=NAME, platforms=said).platforms == ("linux/arm64", "linux/amd64")


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(", "no regular expression"),
        ("version", "it needs a group"),
        ("(?:v)", "it needs a group"),
        ("", "it needs a group"),
    ],
)
def test_a_pattern_without_a_group_finds_no_version(pattern: str, said: str):
    with pytest.raises(WrongValueError, match=said) as refused:
        Image(name=NAME, version_pattern=pattern)
    assert refused.value.path == ("version-pattern",)


def test_a_pattern_with_a_group_is_taken_as_it_is():
    assert Image(name=NAME, version_pattern='v = "([^"]+)"').version_pattern == 'v = "([^"]+)"'
