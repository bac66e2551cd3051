"""Whether the image changes and its version may come next, in real repositories, offline."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlift.errors import ConfigError, GitError, VersionError
from flowlift.image.access import Access
from flowlift.image.check import ImageCheck, check, closed_pull_requests
from flowlift.image.reference import DevTag, branch_word
from flowlift.project.project import open_project
from tests.parts.repositories import GitRepository, create_repository

pytestmark = pytest.mark.real


def project(version: str, more: str = "") -> str:
    return (
        f'[project]\nname = "flows"\nversion = "{version}"\n'
        f'[tool.flowlift.image]\nname = "localhost:9/acme/flows"\n{more}'
    )


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    made = create_repository(tmp_path)
    made.commit("first", {"etc/docker/Dockerfile": "FROM a\n", "pyproject.toml": project("1.4.0")})
    made.push()
    made.switch("feat/x")
    return made


def checked(repository: GitRepository) -> ImageCheck:
    return check(Access(open_project(repository.path, {})), offline=True)


def test_a_branch_that_touches_no_input_needs_no_image(repository: GitRepository) -> None:
    repository.commit("flows", {"src/a.py": ""})
    found = checked(repository)
    assert not found.needed
    assert (found.version, found.base) == ("1.4.0", "1.4.0")


def test_what_main_has_changed_meanwhile_is_not_of_this_branch(repository: GitRepository) -> None:
    """The merge base counts, and not where main is by now."""
    repository.commit("flows", {"src/a.py": ""})
    repository.switch("main")
    files = {"etc/docker/Dockerfile": "FROM b\n", "pyproject.toml": project("1.5.0")}
    repository.commit("theirs", files)
    repository.push()
    repository.switch("feat/x")
    found = checked(repository)
    assert not found.needed
    assert (found.changed, found.version, found.base) == ((), "1.4.0", "1.5.0")


@pytest.mark.parametrize("version", ["1.4.1", "1.5.0", "2.0.0", "2.0.0rc1"])
def test_the_next_version_is_right(repository: GitRepository, version: str) -> None:
    repository.commit("bump", {"pyproject.toml": project(version)})
    found = checked(repository)
    assert found.needed
    assert [change.path for change in found.changed] == ["pyproject.toml"]
    assert found.allowed == ("1.4.1", "1.5.0", "2.0.0")


@pytest.mark.parametrize("version", ["1.4.0", "1.4.2", "1.3.0", "3.0.0", "1.5.1"])
def test_any_other_version_is_refused_with_the_three_and_the_line(
    repository: GitRepository, version: str
) -> None:
    text = project(version)
    repository.commit("bump", {"etc/docker/Dockerfile": "FROM b\n", "pyproject.toml": text})
    with pytest.raises(VersionError) as caught:
        checked(repository)
    assert caught.value.exit_code == 2
    assert str(caught.value.at) == "pyproject.toml:3"
    assert "1.4.1, 1.5.0, 2.0.0" in caught.value.remedy
    assert "etc/docker/Dockerfile" in caught.value.remedy


def test_who_merges_second_is_told(repository: GitRepository) -> None:
    """The other pull request took the same version; this branch left main before that."""
    repository.commit("bump", {"pyproject.toml": project("1.5.0", "# mine\n")})
    repository.switch("main")
    repository.commit("theirs", {"pyproject.toml": project("1.5.0", "# theirs\n")})
    repository.push()
    repository.switch("feat/x")
    with pytest.raises(VersionError, match=r"main is at 1\.5\.0 already") as caught:
        checked(repository)
    assert "1.5.1, 1.6.0, 2.0.0" in caught.value.remedy


def test_the_version_may_follow_what_main_has_by_now(repository: GitRepository) -> None:
    repository.commit("bump", {"pyproject.toml": project("1.6.0")})
    repository.switch("main")
    repository.commit("theirs", {"pyproject.toml": project("1.5.0")})
    repository.push()
    repository.switch("feat/x")
    assert checked(repository).base == "1.5.0"


def test_a_version_that_is_none_is_refused_even_if_nothing_else_changed(
    repository: GitRepository,
) -> None:
    repository.commit("bump", {"pyproject.toml": project("one point five")})
    with pytest.raises(VersionError, match="is not a version"):
        checked(repository)


def test_the_version_may_stand_in_a_file_of_its_own(repository: GitRepository) -> None:
    more = 'version-from = "VERSION"\n'
    repository.switch("main")
    repository.commit("own", {"pyproject.toml": project("9.9.9", more), "VERSION": "0.1.0\n"})
    repository.push()
    repository.switch("feat/y")
    repository.commit("bump", {"VERSION": "0.2.0\n", "etc/docker/Dockerfile": "FROM b\n"})
    found = checked(repository)
    assert (found.base, found.version, found.file, found.line) == ("0.1.0", "0.2.0", "VERSION", 1)


def test_a_version_that_is_raised_alone_must_be_the_next_too(repository: GitRepository) -> None:
    """Its file is no input of the image, but the next release has that version."""
    repository.switch("main")
    more = 'version-from = "VERSION"\n'
    repository.commit("own", {"pyproject.toml": project("9.9.9", more), "VERSION": "0.1.0\n"})
    repository.push()
    repository.switch("feat/y")
    repository.commit("bump", {"VERSION": "0.2.0\n"})
    assert not checked(repository).needed
    repository.commit("too far", {"VERSION": "0.3.1\n"})
    with pytest.raises(VersionError, match=r"0\.3\.1 cannot come after 0\.1\.0") as caught:
        checked(repository)
    assert str(caught.value.at) == "VERSION:1"


@pytest.mark.parametrize("ref", ["refs/pull/7/head", "refs/merge-requests/7/head"])
def test_the_remote_says_whether_a_pull_request_is_closed(
    repository: GitRepository, ref: str
) -> None:
    """GitHub and Gitea have the one reference for it, GitLab has the other."""
    repository.commit("mine", {"src/a.py": ""})
    repository.push()
    repository.git("push", "--quiet", "origin", f"HEAD:{ref}")
    access = Access(open_project(repository.path, {}))
    tags = [DevTag("1.4.0", "7", "", "1"), DevTag("1.4.0", "8", "", "1")]
    tags.append(DevTag("1.4.0", "", branch_word("feat/x"), "1"))
    assert list(closed_pull_requests(access, tags).values()) == [False, None, False]
    repository.git("push", "--quiet", "origin", "--delete", "feat/x")
    assert list(closed_pull_requests(access, tags).values()) == [True, None, True]


def test_the_first_image_may_have_any_version(tmp_path: Path) -> None:
    made = create_repository(tmp_path)
    made.commit("empty", {"README.md": ""})
    made.push()
    made.switch("feat/image")
    made.commit("image", {"etc/docker/Dockerfile": "FROM a\n", "pyproject.toml": project("0.7.3")})
    found = checked(made)
    assert (found.base, found.allowed) == ("", ())


def test_without_a_version_file_its_name_is_asked_for(repository: GitRepository) -> None:
    more = 'version-from = "NOWHERE"\n'
    repository.commit("bump", {"pyproject.toml": project("1.5.0", more)})
    with pytest.raises(VersionError, match="no file NOWHERE"):
        checked(repository)


@pytest.mark.parametrize("more", ["", "[tool.flowlift]\ndefault-branch = 'main'\n"])
def test_a_repository_without_a_commit_is_told_to_commit(tmp_path: Path, more: str) -> None:
    made = create_repository(tmp_path)
    made.write({"etc/docker/Dockerfile": "FROM a\n", "pyproject.toml": project("0.1.0", more)})
    with pytest.raises(GitError, match="has no commit yet"):
        checked(made)


def test_a_repository_without_an_image_is_told_how_to_configure_one(tmp_path: Path) -> None:
    made = create_repository(tmp_path)
    made.commit("empty", {"README.md": ""})
    with pytest.raises(ConfigError, match="No image is configured"):
        checked(made)
