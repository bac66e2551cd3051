"""Files that are downloaded: whole, proven, and taken up where they broke off."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowlift.errors import WorkerError
from flowlift.worker.host.download import PAUSES, digest_of, fetch, fetch_text, sum_in
from tests.parts.mirrors import Mirror, serve

pytestmark = pytest.mark.usefixtures("no_certificates")

A, B = "a" * 64, "b" * 64
CONTENT = bytes(range(256)) * 200


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirror]:
    with serve(tmp_path_factory.mktemp("mirror")) as mirror:
        mirror.put("tool", CONTENT)
        yield mirror


@pytest.fixture
def mirror(served: Mirror) -> Mirror:
    """A mirror that has CONTENT as `tool`."""
    served.asked.clear()
    served.breaks.clear()
    served.resumes = True
    return served


SHA256 = hashlib.sha256(CONTENT).hexdigest()


def test_a_file_has_its_name_only_when_it_is_right(mirror: Mirror, tmp_path: Path) -> None:
    into = tmp_path / "new" / "tool"
    fetch(f"{mirror.url}/tool", into, SHA256)
    assert into.read_bytes() == CONTENT
    assert [file.name for file in into.parent.iterdir()] == ["tool"]
    with pytest.raises(WorkerError, match=f"it is {SHA256}, not {A}"):
        fetch(f"{mirror.url}/tool", tmp_path / "wrong", A)
    assert not list(tmp_path.glob("wrong*"))


def test_what_is_there_and_right_is_not_downloaded(mirror: Mirror, tmp_path: Path) -> None:
    into = tmp_path / "tool"
    into.write_bytes(CONTENT)
    fetch(f"{mirror.url}/tool", into, SHA256)
    assert mirror.asked == []
    into.write_bytes(b"altered")
    fetch(f"{mirror.url}/tool", into, SHA256)
    assert into.read_bytes() == CONTENT


def test_a_download_that_breaks_off_goes_on_where_it_ended(mirror: Mirror, tmp_path: Path) -> None:
    mirror.breaks = [20_000, 10_000]
    waited: list[float] = []
    fetch(f"{mirror.url}/tool", tmp_path / "tool", SHA256, wait=waited.append)
    assert mirror.asked == ["tool", "tool bytes=20000-", "tool bytes=30000-"]
    assert waited == list(PAUSES[:2])
    assert (tmp_path / "tool").read_bytes() == CONTENT


def test_what_an_earlier_run_has_left_is_taken_up(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "tool.part").write_bytes(CONTENT[:30_000])
    fetch(f"{mirror.url}/tool", tmp_path / "tool", SHA256)
    assert mirror.asked == ["tool bytes=30000-"]
    # Whole already: there is nothing more to be had, and the checksum tells.
    (tmp_path / "other.part").write_bytes(CONTENT)
    fetch(f"{mirror.url}/tool", tmp_path / "other", SHA256)
    assert (tmp_path / "other").read_bytes() == CONTENT


def test_a_mirror_that_cannot_resume_gives_all_of_it_again(mirror: Mirror, tmp_path: Path) -> None:
    mirror.resumes = False
    (tmp_path / "tool.part").write_bytes(b"x" * 9)
    fetch(f"{mirror.url}/tool", tmp_path / "tool", SHA256)
    assert (tmp_path / "tool").read_bytes() == CONTENT


def test_one_that_breaks_off_each_time_is_given_up_and_keeps_what_came(
    mirror: Mirror, tmp_path: Path
) -> None:
    mirror.breaks = [1_000] * 9
    waited: list[float] = []
    with pytest.raises(WorkerError, match="cannot be downloaded") as caught:
        fetch(f"{mirror.url}/tool", tmp_path / "tool", SHA256, wait=waited.append)
    assert waited == list(PAUSES)
    assert "[tool.flowlift.worker.host.mirrors]" in caught.value.remedy
    assert (tmp_path / "tool.part").stat().st_size == 4_000


def test_an_address_that_has_no_such_file_is_not_asked_again(
    mirror: Mirror, tmp_path: Path
) -> None:
    with pytest.raises(WorkerError, match="it answers 404"):
        fetch(f"{mirror.url}/nope", tmp_path / "nope", SHA256)
    assert mirror.asked == ["nope"]


def test_a_text_that_is_not_there_is_none_and_one_that_cannot_be_had_an_error(
    mirror: Mirror,
) -> None:
    mirror.put("sums.txt", f"{A}  tool\n".encode())
    assert fetch_text(f"{mirror.url}/sums.txt") == f"{A}  tool\n"
    assert fetch_text(f"{mirror.url}/nope.txt") is None
    mirror.put("large", b"x" * (1 << 20) + b"x")
    with pytest.raises(WorkerError, match="cannot be downloaded: it answers 200"):
        fetch_text(f"{mirror.url}/large")
    with pytest.raises(WorkerError, match="cannot be downloaded"):
        fetch_text("http://127.0.0.1:1/sums.txt")


def test_a_sum_is_found_by_the_file_s_name() -> None:
    text = f"{A}  k3s-airgap-images.tar\n{B} *k3s\n"
    assert sum_in(text, "k3s") == B
    assert sum_in(text, "k3s-arm64") is None
    assert sum_in(f"{A}  dist/k3s\n", "k3s") == A
    assert sum_in("<html>not found</html>", "k3s") is None


def test_a_sum_that_stands_alone_is_for_any_file() -> None:
    assert sum_in(f"{A.upper()}\n", "anything") == A
    assert sum_in(f"{A}\n{B}  k3s\n", "k3s") == B


def test_a_digest_is_that_of_the_whole_file(tmp_path: Path) -> None:
    large = CONTENT * 25  # more than is read at once
    (tmp_path / "x").write_bytes(large)
    assert digest_of(tmp_path / "x") == hashlib.sha256(large).hexdigest()
