"""Which image a worker's pool gets, asked of a real registry."""

from __future__ import annotations

from typing import Any

import pytest

from flowlift.errors import ImageError
from flowlift.image.access import Access
from flowlift.image.reference import inputs_tag, parse
from flowlift.image.registry import ImageRepository
from flowlift.image.selection import read_sources, select
from flowlift.project.project import Project, open_project
from flowlift.worker.choosing import choose_image
from tests.parts.repositories import GitRepository
from tests.real.worker.test_pulling import Registry, public

__all__ = ["public"]

pytestmark = pytest.mark.real

CONFIG = '[env.dev]\nref = "branch"\n[env.prod]\nref = "default"\n'
DIGEST = "sha256:" + "a" * 64


@pytest.fixture
def project(git_repository: GitRepository, public: Registry) -> Project:
    """A repository with an image of version 1.2.0, of which nothing is in the registry yet."""
    files = {
        "flowlift.toml": f'{CONFIG}[image]\nname = "{public.host}/{public.name}"\n',
        "pyproject.toml": '[project]\nname = "flows"\nversion = "1.2.0"\n',
        "etc/docker/Dockerfile": "FROM scratch\n",
    }
    git_repository.commit("begin", files)
    return open_project(git_repository.path, {})


def tag(image: str, name: str) -> None:
    reference = parse(image)
    with ImageRepository(reference) as repository:
        manifest = repository.read(reference.at)
        assert manifest is not None
        repository.tag(manifest, name)


def template(image: str) -> dict[str, Any]:
    return {"variables": {"properties": {"image": {"default": image}}}}


def chosen(project: Project, environment: str, live: Any = None, given: str | None = None) -> Any:
    return choose_image(project, environment, given=given, live=live)


def test_what_the_user_names_wins_and_a_tag_becomes_a_digest(
    project: Project, public: Registry
) -> None:
    image = public.push_image()
    tag(image, "mine")
    name = f"{public.host}/{public.name}"
    live = template(f"{name}@{DIGEST}")
    assert chosen(project, "dev", live, f"{name}:mine").image == image
    assert chosen(project, "dev", live, image).image == image
    with pytest.raises(ImageError, match="There is no image"):
        chosen(project, "dev", live, f"{name}:nobody")


def test_a_tag_needs_no_configured_image(git_repository: GitRepository, public: Registry) -> None:
    image = public.push_image()
    tag(image, "mine")
    git_repository.commit("begin", {"flowlift.toml": CONFIG})
    project = open_project(git_repository.path, {})
    given = f"{public.host}/{public.name}:mine"
    assert chosen(project, "dev", None, given).image == image
    assert chosen(project, "dev").image is None
    assert chosen(project, "dev", template("prefecthq/prefect:3")).image is None
    pinned = f"ghcr.io/acme/flows@{DIGEST}"
    assert chosen(project, "dev", template(pinned)).image == pinned


def test_what_the_pool_has_stays_if_it_is_of_the_image_s_name(
    project: Project, public: Registry
) -> None:
    has = f"{public.host}/{public.name}@{DIGEST}"
    assert chosen(project, "dev", template(has)).image == has
    assert chosen(project, "prod", template(has)).image == has


def test_a_new_pool_gets_the_tested_image_in_dev_and_the_version_s_in_prod(
    project: Project, public: Registry
) -> None:
    assert chosen(project, "dev").image is None
    access = Access(project)
    inputs = read_sources(project, access.image, select(project, access.image))
    tested = public.push_image()
    tag(tested, inputs_tag(inputs.sources))
    other = template("prefecthq/prefect:3")
    assert chosen(project, "dev", other).image == tested
    # Not released yet: the tested one.
    assert chosen(project, "prod", other).image == tested
    released = public.push_image("arm64")
    tag(released, "1.2.0")
    assert chosen(project, "dev", other).image == tested
    assert chosen(project, "prod", other).image == released
