"""Tag and release once, on a real forge."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from flowlift.errors import ForgeRefusedError, GitError
from flowlift.forge import NewRelease, find_forge
from flowlift.repo.command import logged_in
from flowlift.repo.git import Repository
from flowlift.repo.tags import push_tag, subjects_since_release
from tests.parts.forge import ForgeRepository

pytestmark = pytest.mark.real

AT_ONCE = 4


@pytest.fixture
def commit(forge_repository: ForgeRepository) -> Iterator[str]:
    """The first commit; git has the forge's login, as within a delivery."""
    made = forge_repository.git.commit("begin", {"a.txt": "a\n"})
    forge_repository.git.push()
    with logged_in(find_forge(forge_repository.environ).git_login()):
        yield made


WANTED = NewRelease("v1.2.0", "v1.2.0", "Image: `registry.example.com/flows@sha256:0`\n")


def test_one_tag_and_one_release_however_often_and_by_how_many(
    forge_repository: ForgeRepository, commit: str
) -> None:
    repository = Repository(forge_repository.git.path)

    def release(_: int) -> tuple[bool, bool]:
        tagged = push_tag(repository, "v1.2.0", commit, "Release 1.2.0")
        return tagged, find_forge(forge_repository.environ).release(WANTED).made

    with ThreadPoolExecutor(AT_ONCE) as pool:
        made = list(pool.map(release, range(AT_ONCE)))
    assert [tag for tag, _ in made].count(True) <= 1
    assert [release for _, release in made].count(True) >= 1
    assert release(0) == (False, False)
    tags = forge_repository.server.get(f"{forge_repository.path}/tags")
    releases = forge_repository.server.get(f"{forge_repository.path}/releases")
    assert [(tag["name"], tag["commit"]["sha"]) for tag in tags] == [("v1.2.0", commit)]
    assert [(r["tag_name"], r["draft"]) for r in releases] == [("v1.2.0", False)]
    annotated = forge_repository.git.git("ls-remote", "--tags", forge_repository.clone_url)
    assert "refs/tags/v1.2.0^{}" in annotated


def test_a_tag_that_points_elsewhere_is_refused(
    forge_repository: ForgeRepository, commit: str
) -> None:
    repository = Repository(forge_repository.git.path)
    push_tag(repository, "v1.2.0", commit, "Release 1.2.0")
    later = forge_repository.git.commit("more", {"a.txt": "b\n"})
    forge_repository.git.push()
    with pytest.raises(GitError, match=f"has the tag v1.2.0 at {commit[:12]}"):
        push_tag(repository, "v1.2.0", later, "Release 1.2.0")


def test_a_token_that_may_not_release_says_what_it_needs(
    forge_repository: ForgeRepository, commit: str
) -> None:
    token = forge_repository.token("read:repository")
    forge = find_forge(forge_repository.environ | {"GITHUB_TOKEN": token})
    with pytest.raises(ForgeRefusedError) as caught:
        forge.release(WANTED)
    assert "403" in caught.value.message
    assert "contents: write" in caught.value.remedy


def test_notes_are_what_was_merged_since(forge_repository: ForgeRepository, commit: str) -> None:
    git, repository = forge_repository.git, Repository(forge_repository.git.path)
    git.git("tag", "v1.1.0")
    git.switch("feat/a")
    git.commit("inside of the branch", {"a.txt": "b\n"})
    merged = git.merge("feat/a")
    assert subjects_since_release(repository, "v1.2.0", merged) == ("v1.1.0", ["Merge feat/a"])
    git.git("tag", "v1.2.0")
    assert subjects_since_release(repository, "v1.2.0", merged)[0] == "v1.1.0"


def test_the_merged_pull_request_of_a_commit(
    forge_repository: ForgeRepository, commit: str
) -> None:
    git = forge_repository.git
    git.switch("feat/a")
    git.commit("change", {"a.txt": "b\n"})
    git.push()
    number = forge_repository.pull_request("feat/a")
    forge = find_forge(forge_repository.environ)
    merged = forge_repository.merge(number, "squash")
    assert forge.pull_request_of(merged) == number
    assert forge.pull_request_of(commit) is None
