"""Tags of the remote, with real git: pushed once, by whoever is first, and never moved."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlift.errors import GitError
from flowlift.repo.git import Repository, open_repository
from flowlift.repo.tags import (
    commit_time,
    fetch_tag,
    push_tag,
    remote_refs,
    subjects_since_release,
    tag_patterns,
    tagged_commit,
)
from tests.parts import trees

pytestmark = pytest.mark.real


def at(repository: Repository, name: str) -> str | None:
    return tagged_commit(remote_refs(repository, *tag_patterns(name)), name)


def clone(repository: Repository, folder: Path, *options: str) -> Repository:
    """Another clone of the remote."""
    url = Path(repository.remote_url() or "").as_uri()
    trees.git(folder, "clone", "--quiet", *options, url, "other")
    return open_repository(folder / "other")


def test_a_tag_is_at_its_commit_whether_annotated_or_not(pushed: Repository):
    assert at(pushed, "v1") is None
    trees.git(pushed.root, "tag", "v1")
    trees.git(pushed.root, "tag", "v2", "--annotate", "--message", "two")
    trees.git(pushed.root, "push", "--quiet", "origin", "v1", "v2")
    assert at(pushed, "v1") == at(pushed, "v2") == pushed.head()
    refs = remote_refs(pushed, "refs/tags/v*")
    assert sorted(refs) == ["refs/tags/v1", "refs/tags/v2", "refs/tags/v2^{}"]
    assert refs["refs/tags/v2"] != pushed.head()


def test_a_branch_of_the_same_name_is_no_tag(pushed: Repository):
    trees.git(pushed.root, "push", "--quiet", "origin", "HEAD:refs/heads/v1")
    assert at(pushed, "v1") is None


def test_without_a_remote_there_is_nothing_to_ask(repo: Repository):
    with pytest.raises(GitError, match="no remote"):
        remote_refs(repo, "refs/tags/*")


def test_a_tag_is_made_once_and_this_clones_own_are_left_alone(pushed: Repository):
    assert push_tag(pushed, "v1.0.0", pushed.head(), "Release 1.0.0")
    assert at(pushed, "v1.0.0") == pushed.head()
    assert trees.git(pushed.root, "tag") == ""
    assert not push_tag(pushed, "v1.0.0", pushed.head(), "Release 1.0.0")


def test_whoever_makes_it_makes_the_same_object(pushed: Repository, tmp_path: Path):
    other = clone(pushed, tmp_path)
    trees.git(other.root, "config", "user.name", "Ben")
    push_tag(pushed, "v1.0.0", pushed.head(), "Release 1.0.0")
    first = remote_refs(pushed, "refs/tags/v1.0.0")
    trees.git(pushed.root, "push", "--quiet", "origin", ":refs/tags/v1.0.0")
    push_tag(other, "v1.0.0", pushed.head(), "Release 1.0.0")
    assert remote_refs(pushed, "refs/tags/v1.0.0") == first


def test_a_tag_that_another_has_made_at_the_same_commit_is_right(pushed: Repository):
    trees.git(pushed.root, "tag", "v1")
    trees.git(pushed.root, "push", "--quiet", "origin", "v1")
    trees.git(pushed.root, "tag", "--delete", "v1")
    assert not push_tag(pushed, "v1", pushed.head(), "Release 1")


def test_a_tag_is_never_moved(pushed: Repository):
    first = pushed.head()
    push_tag(pushed, "v1", first, "Release 1")
    later = trees.commit(pushed.root, {"a.txt": "later"})
    with pytest.raises(GitError, match=f"has the tag v1 at {first[:12]}, not at {later[:12]}"):
        push_tag(pushed, "v1", later, "Release 1")
    assert at(pushed, "v1") == first


def test_a_remote_that_refuses_is_quoted(pushed: Repository):
    hook = Path(pushed.remote_url() or "") / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho nobody may tag >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(GitError, match="nobody may tag"):
        push_tag(pushed, "v1", pushed.head(), "Release 1")


def test_the_commit_of_a_tag_is_fetched_without_the_tag(pushed: Repository, tmp_path: Path):
    first = pushed.head()
    push_tag(pushed, "v1", first, "Release 1")
    trees.commit(pushed.root, {"a.txt": "later"})
    trees.git(pushed.root, "push", "--quiet", "origin", "main")
    shallow = clone(pushed, tmp_path, "--depth=1", "--no-tags")
    assert shallow.resolve(first) is None
    fetch_tag(shallow, "v1")
    assert shallow.resolve(first) == first
    assert trees.git(shallow.root, "tag") == ""
    with pytest.raises(GitError, match="v2"):
        fetch_tag(shallow, "v2")


def test_a_commit_has_the_time_that_it_was_made(
    pushed: Repository, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("GIT_COMMITTER_DATE", "1700000000 +0200")
    assert commit_time(pushed, trees.commit(pushed.root)) == 1_700_000_000


def test_what_came_since_the_release_before_is_what_was_merged_the_newest_first(
    pushed: Repository,
):
    root = pushed.root
    assert subjects_since_release(pushed, "v1.0.0", pushed.head()) == ("", [])
    trees.git(root, "tag", "v1.0.0")
    trees.git(root, "tag", "not-a-release")
    trees.git(root, "checkout", "--quiet", "-b", "feat")
    trees.commit(root, {"b.txt": "b"}, "a step on the way")
    trees.git(root, "checkout", "--quiet", "main")
    trees.git(root, "merge", "--quiet", "--no-ff", "--message", "Merge feat", "feat")
    last = trees.commit(root, {"c.txt": "c"}, "Pushed to main")
    trees.git(root, "tag", "v1.1.0")
    found = subjects_since_release(pushed, "v1.1.0", last)
    assert found == ("v1.0.0", ["Pushed to main", "Merge feat"])
