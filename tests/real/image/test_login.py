"""A registry that hands out tokens, as GitHub's, GitLab's and Docker Hub do: Gitea's."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

import pytest

from flowlift.errors import LoginError
from flowlift.image.login import Credentials
from flowlift.image.reference import parse
from flowlift.image.registry import ImageRepository
from tests.parts.given import MissingPartError, given, missing
from tests.parts.images import ImagePlatform, Images
from tests.parts.repositories import GitRepository

pytestmark = pytest.mark.real

PART = "forge"
PR = ("--pr", "12", "--run", "34")


@dataclass(frozen=True)
class TokenRegistry:
    """A registry with its user and password; images are below the user's own name."""

    host: str
    user: str
    password: str = field(repr=False)

    @property
    def login(self) -> Credentials:
        return Credentials(self.user, self.password, "this test")


@pytest.fixture(scope="module")
def token_registry() -> TokenRegistry:
    try:
        host = given("FLOWLIFT_TEST_REGISTRY_TOKENS", PART)
        user, _, password = given("FLOWLIFT_TEST_REGISTRY_TOKENS_LOGIN", PART).partition(":")
    except MissingPartError as reason:
        missing(str(reason))
    return TokenRegistry(host, user, password)


@pytest.fixture
def platform(
    images: Images, git_repository: GitRepository, token_registry: TokenRegistry
) -> ImagePlatform:
    made = ImagePlatform(git_repository, images)
    name = f"{token_registry.host}/{token_registry.user}/t{uuid.uuid4().hex[:10]}"
    made.settings |= {"name": name, "platforms": ["linux/amd64"]}
    made.environ = {
        "FLOWLIFT_IMAGE_USER": token_registry.user,
        "FLOWLIFT_IMAGE_PASSWORD": token_registry.password,
    }
    made.begin()
    return made


def test_an_image_is_built_found_again_and_promoted(
    platform: ImagePlatform, token_registry: TokenRegistry
) -> None:
    built = platform.json("build", *PR)
    again = platform.json("build", "--pr", "12", "--run", "35")
    promoted = platform.json("promote")
    assert (built["built"], again["built"], promoted["how"]) == (True, False, "promoted")
    assert built["digest"] == again["digest"] == promoted["digest"]
    with ImageRepository(parse(platform.name), token_registry.login) as repository:
        assert {"1.0.0", "1.0.0-pr-12-run-34", "1.0.0-pr-12-run-35"} <= set(repository.tags())
        assert repository.find("1.0.0") == built["digest"]


def test_a_copy_to_another_registry_has_both_logins(
    platform: ImagePlatform, images: Images
) -> None:
    platform.settings["release-name"] = f"{images.login_registry}/t{uuid.uuid4().hex[:10]}/prod"
    platform.environ |= {
        "FLOWLIFT_IMAGE_RELEASE_USER": images.user,
        "FLOWLIFT_IMAGE_RELEASE_PASSWORD": images.password,
    }
    platform.commit("prod")
    built = platform.json("build", *PR)
    assert platform.json("promote")["digest"] == built["digest"]


def test_tags_and_images_can_be_removed(
    platform: ImagePlatform, token_registry: TokenRegistry
) -> None:
    built = platform.json("build", *PR)
    platform.json("build", "--pr", "12", "--run", "35")
    with ImageRepository(parse(platform.name), token_registry.login) as repository:
        repository.untag("1.0.0-pr-12-run-35")
        assert "1.0.0-pr-12-run-35" not in repository.tags()
        assert repository.find("1.0.0-pr-12-run-34") == built["digest"]
        repository.delete(built["digest"])
        assert repository.tags() == []
        assert repository.find(built["digest"]) is None


def test_a_wrong_password_gets_no_token(token_registry: TokenRegistry) -> None:
    wrong = Credentials(token_registry.user, "wrong-password", "this test")
    name = f"{token_registry.host}/{token_registry.user}/flows"
    with (
        ImageRepository(parse(name), wrong) as repository,
        pytest.raises(LoginError, match="refuses the login") as caught,
    ):
        repository.tags()
    assert "wrong-password" not in str(caught.value)
