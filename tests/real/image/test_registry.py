"""A real registry behind a proxy that refuses, breaks off, or lets somebody else be quicker."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from flowlift.errors import MovedTagError, RegistryError, UnsupportedByRegistryError
from flowlift.image.reference import parse
from flowlift.image.registry import LONGEST_PAUSE, PAUSES, ImageRepository
from tests.parts.images import Images, docker
from tests.parts.proxy import Answer, Proxy, Request

pytestmark = pytest.mark.real

BROKEN_OFF = Answer(0)
BUSY = Answer(503)


@pytest.fixture
def path(images: Images) -> str:
    """A repository's path, with the tags `1` and `2` for two different images."""
    made = f"t{uuid.uuid4().hex[:10]}/flows"
    for tag, source in (("1", images.base), ("2", images.prefect)):
        target = f"{images.registry}/{made}:{tag}"
        docker(images, "buildx", "imagetools", "create", "--tag", target, source)
    return made


@contextmanager
def behind(
    images: Images,
    path: str,
    answer: Callable[[Request], Answer | None],
    *,
    patient: bool = True,
) -> Iterator[tuple[ImageRepository, list[float]]]:
    """The repository as it is seen through a proxy, and the pauses that it makes."""
    pauses: list[float] = []
    with Proxy(f"http://{images.registry}", answer=answer) as proxy:
        name = parse(f"{proxy.url.removeprefix('http://')}/{path}")
        with ImageRepository(name, patient=patient, wait=pauses.append) as repository:
            yield repository, pauses


def times(count: int, answer: Answer) -> Callable[[Request], Answer | None]:
    """Answers so the first `count` times that a manifest is asked for or written."""
    left = [answer] * count
    return lambda request: left.pop() if left and "/manifests/" in request.path else None


@pytest.mark.parametrize("trouble", [BUSY, BROKEN_OFF, Answer(502), Answer(429)])
def test_a_passing_trouble_is_waited_for(images: Images, path: str, trouble: Answer) -> None:
    with behind(images, path, times(2, trouble)) as (repository, pauses):
        found = repository.read("1")
    assert found is not None
    assert pauses == list(PAUSES[:2])
    with ImageRepository(parse(f"{images.registry}/{path}")) as direct:
        assert found.digest == direct.find("1")


@pytest.mark.parametrize(("asked", "waited"), [("4", 4.0), ("3600", LONGEST_PAUSE)])
def test_a_registry_may_ask_for_a_longer_pause(
    images: Images, path: str, asked: str, waited: float
) -> None:
    trouble = times(1, Answer(429, headers={"retry-after": asked}))
    with behind(images, path, trouble) as (repository, pauses):
        assert repository.read("1")
    assert pauses == [waited]


@pytest.mark.parametrize(
    ("trouble", "says"),
    [(BUSY, "does not read 1: 503"), (BROKEN_OFF, "cannot be reached to read 1")],
)
def test_a_trouble_that_stays_is_told(
    images: Images, path: str, trouble: Answer, says: str
) -> None:
    with (
        behind(images, path, times(99, trouble)) as (repository, pauses),
        pytest.raises(RegistryError, match=says),
    ):
        repository.read("1")
    assert pauses == list(PAUSES)


def test_a_question_that_is_not_needed_is_asked_once(images: Images, path: str) -> None:
    with (
        behind(images, path, times(99, BUSY), patient=False) as (repository, pauses),
        pytest.raises(RegistryError),
    ):
        repository.read("1")
    assert pauses == []


def test_what_is_not_there_is_none_and_not_asked_for_again(images: Images, path: str) -> None:
    with behind(images, path, lambda request: None) as (repository, pauses):
        assert repository.find("nobody") is None
        assert repository.read("nobody") is None
    assert pauses == []


def test_a_manifest_that_was_changed_on_its_way_is_refused(images: Images, path: str) -> None:
    changed = Answer(200, {"schemaVersion": 2, "manifests": []})
    with (
        behind(images, path, lambda request: changed) as (repository, _),
        pytest.raises(RegistryError, match=r"answers sha256:\w+ for sha256:0000"),
    ):
        repository.read(f"sha256:{'0' * 64}")


def test_somebody_who_moves_a_tag_at_the_same_time_is_noticed(images: Images, path: str) -> None:
    """Between the write of a tag and the look at it another run writes its own."""
    with ImageRepository(parse(f"{images.registry}/{path}")) as direct:
        mine, theirs = direct.read("1"), direct.read("2")
        assert mine is not None
        assert theirs is not None
        written = False

        def quicker(request: Request) -> Answer | None:
            nonlocal written
            if request.path.endswith("/manifests/both"):
                if written:
                    direct.tag(theirs, "both")
                written = request.method == "PUT"
            return None

        with (
            behind(images, path, quicker) as (repository, _),
            pytest.raises(MovedTagError, match="after it was set to"),
        ):
            repository.tag(mine, "both")
        assert direct.find("both") == theirs.digest


def test_a_registry_that_does_not_delete_is_told_apart(images: Images, path: str) -> None:
    def never(request: Request) -> Answer | None:
        unsupported = {"errors": [{"code": "UNSUPPORTED", "message": "it is not offered"}]}
        return Answer(405, unsupported) if request.method == "DELETE" else None

    with behind(images, path, never) as (repository, pauses):
        digest = repository.find("1")
        assert digest is not None
        with pytest.raises(UnsupportedByRegistryError):
            repository.delete(digest)
        assert repository.find("1") == digest
    assert pauses == []
