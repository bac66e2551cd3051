"""Promotion by digest: bit for bit, all platforms, also from one registry to another."""

from __future__ import annotations

import pytest

from tests.parts.images import PLATFORMS, ImagePlatform, Images, RegistryView, docker

pytestmark = pytest.mark.real

PR = ("--pr", "12", "--run", "34")


def merged(platform: ImagePlatform, version: str = "1.1.0") -> dict[str, object]:
    """A version that was built in its pull request, and merged."""
    platform.bump(version)
    built = platform.json("build", *PR)
    platform.repository.merge("feat/image")
    return built


def test_the_tested_image_is_released_bit_for_bit(image_platform: ImagePlatform) -> None:
    built = merged(image_platform)
    done = image_platform.json("promote")
    registry = image_platform.registry
    assert done["how"] == "promoted"
    assert done["digest"] == built["digest"] == registry.digest("1.1.0")
    assert registry.content("1.1.0") == registry.content("1.1.0-pr-12-run-34")
    assert registry.platforms("1.1.0") == PLATFORMS
    assert len(registry.attestations("1.1.0")["provenance"]) == len(PLATFORMS)


def test_again_it_changes_nothing(image_platform: ImagePlatform) -> None:
    merged(image_platform)
    first = image_platform.json("promote")
    again = image_platform.flowlift("promote")
    assert again.code == 0
    assert "There already" in again.err
    assert again.out.strip() == first["pinned"]


def test_promotion_needs_no_engine(image_platform: ImagePlatform) -> None:
    merged(image_platform)
    nowhere = {"DOCKER_HOST": "unix:///nowhere.sock", "BUILDX_BUILDER": "nobody"}
    assert image_platform.json("promote", environ=nowhere)["how"] == "promoted"


def test_between_two_registries_everything_is_copied(
    image_platform: ImagePlatform, images: Images
) -> None:
    """From the open registry to the one with a login, given by variables of its own."""
    path = image_platform.name.partition("/")[2]
    target = f"{images.login_registry}/{path}-prod"
    image_platform.settings["release-name"] = target
    image_platform.environ = {
        "FLOWLIFT_IMAGE_RELEASE_USER": images.user,
        "FLOWLIFT_IMAGE_RELEASE_PASSWORD": images.password,
    }
    built = merged(image_platform)
    done = image_platform.json("promote")
    there = RegistryView(target, (images.user, images.password))
    assert done["pinned"] == f"{target}@{built['digest']}"
    assert there.content("1.1.0") == image_platform.registry.content(str(built["digest"]))
    assert there.platforms("1.1.0") == PLATFORMS
    for platform in PLATFORMS:
        there.config("1.1.0", platform)
    assert len(there.attestations("1.1.0")["provenance"]) == len(PLATFORMS)
    assert there.tags() == ["1.1.0"]
    assert image_platform.json("promote")["how"] == "there"


def test_what_was_not_tested_is_built_and_that_is_said(image_platform: ImagePlatform) -> None:
    image_platform.bump("1.1.0")
    image_platform.repository.merge("feat/image")
    done = image_platform.flowlift("promote")
    assert done.code == 0, done.err
    assert "no image that was tested has the inputs of this commit" in done.err
    assert image_platform.registry.platforms("1.1.0") == PLATFORMS


def test_a_merge_that_differs_from_the_pull_request_is_built(
    image_platform: ImagePlatform,
) -> None:
    built = merged(image_platform)
    image_platform.dockerfile += "RUN true\n"
    image_platform.commit("changed while it was merged")
    image_platform.repository.push()
    done = image_platform.json("promote")
    assert done["how"] == "built"
    assert done["digest"] != built["digest"]


def test_a_released_image_is_never_moved_but_by_force(image_platform: ImagePlatform) -> None:
    merged(image_platform)
    first = image_platform.json("promote")["digest"]
    image_platform.dockerfile += "RUN true\n"
    image_platform.commit("no bump")
    refused = image_platform.flowlift("promote")
    assert refused.code == 2
    assert "exists with other inputs" in refused.err
    assert image_platform.registry.digest("1.1.0") == first
    forced = image_platform.json("promote", "--force")
    assert forced["how"] == "built"
    assert image_platform.registry.digest("1.1.0") == forced["digest"] != first


def test_an_image_of_somebody_elses_is_never_moved(
    image_platform: ImagePlatform, images: Images
) -> None:
    merged(image_platform)
    words = ("buildx", "imagetools", "create", "--tag", f"{image_platform.name}:1.1.0")
    docker(images, *words, images.base)
    refused = image_platform.flowlift("promote")
    assert refused.code == 2
    assert "exists with unknown inputs" in refused.err


def test_the_tested_image_is_released_even_if_its_base_has_moved(
    image_platform: ImagePlatform, images: Images
) -> None:
    base = f"{images.registry}/{image_platform.name.split('/')[1]}/base:1"
    words = ("buildx", "imagetools", "create", "--tag", base)
    docker(images, *words, images.base)
    image_platform.dockerfile = image_platform.dockerfile.replace(images.base, base)
    built = merged(image_platform)
    docker(images, *words, images.prefect)
    done = image_platform.json("promote")
    assert (done["how"], done["digest"]) == ("promoted", built["digest"])
    assert done["why"] == "its base images have moved since it was built"
    later = image_platform.json("promote")
    assert (later["how"], later["digest"]) == ("there", built["digest"])


def test_what_is_not_merged_is_not_promoted(image_platform: ImagePlatform) -> None:
    """A version's image is for good: only what is merged may have it."""
    image_platform.bump("1.1.0")
    image_platform.json("build", *PR)
    for words in ((), ("--force",)):
        done = image_platform.flowlift("promote", *words)
        assert done.code == 2
        assert "is not on main, and only what is merged is released" in done.err
    assert "1.1.0" not in image_platform.registry.tags()
    image_platform.repository.merge("feat/image")
    image_platform.repository.git("checkout", "--quiet", "--detach")
    assert image_platform.json("promote")["how"] == "promoted"


def test_what_is_not_committed_is_not_promoted(image_platform: ImagePlatform) -> None:
    merged(image_platform)
    image_platform.repository.write({"etc/docker/Dockerfile": "FROM scratch\n"})
    done = image_platform.flowlift("promote")
    assert done.code == 2
    assert "not committed" in done.err
