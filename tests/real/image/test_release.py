"""A release is a pushed, annotated tag: once, whoever asks and however often."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flowlift.errors import GitError, InputError, VersionError
from flowlift.image.access import Access
from flowlift.image.release import Released, release
from flowlift.project.project import open_project
from tests.parts.repositories import GitRepository, create_repository, git_environ

pytestmark = pytest.mark.real

PROJECT = """\
[project]
name = "flows"
version = "1.4.0"
[tool.flowlift.image]
name = "localhost:9/acme/flows"
"""
FILES = {"etc/docker/Dockerfile": "FROM a\n", "pyproject.toml": PROJECT}


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    made = create_repository(tmp_path)
    made.commit("first", FILES)
    made.push()
    return made


def released(repository: GitRepository, environ: Mapping[str, str] | None = None) -> Released:
    return release(Access(open_project(repository.path, environ or {})))


def remote_tag(repository: GitRepository, name: str) -> str:
    return repository.git("ls-remote", "origin", f"refs/tags/{name}^{{}}").split("\t")[0]


def test_a_release_is_an_annotated_tag_at_the_commit(repository: GitRepository) -> None:
    done = released(repository)
    head = repository.git("rev-parse", "HEAD")
    assert done == Released("1.4.0", "v1.4.0", head, made=True, why="")
    assert remote_tag(repository, "v1.4.0") == head
    repository.git("fetch", "--quiet", "origin", "tag", "v1.4.0")
    assert repository.git("cat-file", "-t", "v1.4.0") == "tag"
    assert "Release 1.4.0" in repository.git("tag", "--list", "-n1", "v1.4.0")


def test_this_clone_gets_no_tag_and_needs_no_identity(repository: GitRepository) -> None:
    released(repository)
    assert repository.git("tag", "--list") == ""


def test_again_it_changes_nothing(repository: GitRepository) -> None:
    released(repository)
    before = repository.git("ls-remote", "origin")
    done = released(repository)
    assert (done.made, done.why) == (False, "it is there")
    assert repository.git("ls-remote", "origin") == before


def test_two_at_once_both_succeed_and_make_one_tag(
    repository: GitRepository, tmp_path: Path
) -> None:
    clones = []
    for name in ("one", "two", "three", "four"):
        folder = tmp_path / name
        repository.git("clone", "--quiet", repository.remote_url, str(folder))
        clones.append(GitRepository(folder, repository.remote))
    with ThreadPoolExecutor(len(clones)) as pool:
        done = list(pool.map(released, clones))
    assert {release.commit for release in done} == {repository.git("rev-parse", "HEAD")}
    assert remote_tag(repository, "v1.4.0") == done[0].commit


def test_later_commits_that_leave_the_image_alone_are_released_already(
    repository: GitRepository,
) -> None:
    first = released(repository).commit
    repository.commit("flows", {"src/a.py": ""})
    repository.push()
    done = released(repository)
    assert (done.made, done.commit) == (False, first)
    assert "the image has not changed" in done.why


def test_a_tag_elsewhere_is_refused_with_what_changed(repository: GitRepository) -> None:
    released(repository)
    repository.commit("forgotten bump", {"etc/docker/Dockerfile": "FROM b\n"})
    repository.push()
    with pytest.raises(VersionError, match=r"1\.4\.0 is released already") as caught:
        released(repository)
    assert "etc/docker/Dockerfile changed" in caught.value.message
    assert "1.4.1, 1.5.0, 2.0.0" in caught.value.remedy
    assert str(caught.value.at) == "pyproject.toml:3"


def test_a_shallow_clone_finds_the_tag_of_a_commit_that_it_lacks(
    repository: GitRepository, tmp_path: Path
) -> None:
    released(repository)
    repository.commit("flows", {"src/a.py": ""})
    repository.push()
    folder = tmp_path / "shallow"
    repository.git("clone", "--quiet", "--depth=1", repository.remote_url, str(folder))
    done = released(GitRepository(folder, repository.remote))
    assert "the image has not changed" in done.why


def test_what_is_not_merged_is_not_released(repository: GitRepository) -> None:
    repository.switch("feat/x")
    repository.commit("bump", {"pyproject.toml": PROJECT.replace("1.4.0", "1.5.0")})
    with pytest.raises(InputError, match="is not on main"):
        released(repository)


def test_a_detached_head_of_main_is_released(repository: GitRepository) -> None:
    repository.git("checkout", "--quiet", "--detach")
    assert released(repository).made


def test_what_is_not_committed_is_not_released(repository: GitRepository) -> None:
    repository.write({"etc/docker/Dockerfile": "FROM b\n"})
    with pytest.raises(InputError, match="etc/docker/Dockerfile: changed, and not committed"):
        released(repository)


def test_without_a_remote_it_says_so(repository: GitRepository) -> None:
    repository.git("remote", "remove", "origin")
    with pytest.raises(GitError, match="no remote"):
        released(repository)


def test_a_remote_that_refuses_is_quoted(repository: GitRepository) -> None:
    hook = repository.remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho tags are protected >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    with pytest.raises(GitError, match="git push failed"):
        released(repository)
    assert remote_tag(repository, "v1.4.0") == ""


def test_a_branch_of_the_same_name_is_no_tag(repository: GitRepository) -> None:
    subprocess.run(
        ["git", "push", "--quiet", "origin", "HEAD:refs/heads/v1.4.0"],
        cwd=repository.path,
        env=git_environ(),
        check=True,
    )
    assert released(repository).made
