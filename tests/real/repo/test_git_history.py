"""What git says of history: merge bases, shallow clones, ancestors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CalledProcessError

import pytest

from flowlift.errors import GitError
from flowlift.repo.git import Repository, open_repository
from tests.parts import trees

pytestmark = pytest.mark.real


class TestMergeBase:
    def test_where_the_branch_left(self, repo: Repository):
        base = repo.head()
        trees.git(repo.root, "checkout", "--quiet", "-b", "feat")
        trees.commit(repo.root, {"b.txt": "b"})
        trees.git(repo.root, "checkout", "--quiet", "main")
        trees.commit(repo.root, {"c.txt": "c"})
        trees.git(repo.root, "checkout", "--quiet", "feat")
        assert repo.merge_base("main") == base

    def test_nothing_in_common(self, repo: Repository):
        trees.git(repo.root, "checkout", "--quiet", "--orphan", "other")
        trees.commit(repo.root, {"other.txt": "other"})
        with pytest.raises(GitError, match="no commit in common"):
            repo.merge_base("main")

    def test_unknown_ref(self, repo: Repository):
        with pytest.raises(GitError, match=r"'nowhere' is not(?s:.*)--base REF"):
            repo.merge_base("nowhere")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """main: 1-2-3-4-5; feat leaves at 2, and merges a long branch that left at 4."""
    root = trees.repository(tmp_path_factory.mktemp("history") / "upstream", {"n.txt": "1"})
    for number in "2345":
        trees.commit(root, {"n.txt": number}, number)
        trees.git(root, "branch", f"at-{number}")
    trees.git(root, "checkout", "--quiet", "-b", "long", "at-4")
    for number in "1234":
        trees.commit(root, {"long.txt": number}, "long")
    trees.git(root, "checkout", "--quiet", "-b", "feat", "at-2")
    trees.commit(root, {"f.txt": "f"}, "feat")
    trees.git(root, "merge", "--quiet", "--no-ff", "--no-edit", "long")
    return root


class TestShallowClones:
    """As CI systems make them: what cannot be known is an error, and never a wrong answer."""

    @pytest.fixture
    def clone(self, history: Path, tmp_path: Path) -> Callable[..., Repository]:
        def cloned(*options: str) -> Repository:
            root = tmp_path / "-".join(options)
            trees.git(tmp_path, "clone", "--quiet", *options, history.as_uri(), str(root))
            return open_repository(root)

        return cloned

    def test_depth_one_names_what_to_set(self, clone: Callable[..., Repository]):
        shallow = clone("--depth=1", "--no-single-branch", "--branch=feat")
        with pytest.raises(GitError) as caught:
            shallow.merge_base("origin/main")
        for word in ("shallow", "fetch-depth: 0", 'GIT_DEPTH: "0"', "git fetch --unshallow"):
            assert word in str(caught.value)

    def test_single_branch_names_what_to_set(self, clone: Callable[..., Repository]):
        with pytest.raises(GitError, match="fetch-depth: 0"):
            clone("--depth=1", "--branch=feat").default_ref("main")

    def test_every_depth_gives_the_right_answer_or_none(
        self, history: Path, clone: Callable[..., Repository]
    ):
        right = trees.git(history, "rev-parse", "at-4")
        ours: list[str | None] = []
        gits: list[str | None] = []
        for depth in (2, 3, 4, 5, 8):
            shallow = clone("--no-single-branch", "--branch=feat", f"--depth={depth}")
            try:
                ours.append(shallow.merge_base("origin/main"))
            except GitError:
                ours.append(None)
            try:
                gits.append(trees.git(shallow.root, "merge-base", "HEAD", "origin/main"))
            except CalledProcessError:
                gits.append(None)
        assert trees.git(history, "rev-parse", "at-2") in gits, "git itself is wrong at a depth"
        assert set(ours) == {right, None}
        assert ours[-1] == right

    def test_ancestors_are_not_denied_without_knowing(
        self, history: Path, clone: Callable[..., Repository]
    ):
        old = trees.git(history, "rev-parse", "main~4")
        shallow = clone("--depth=2", "--branch=main")
        assert shallow.is_ancestor(shallow.head(), "origin/main")
        with pytest.raises(GitError, match="shallow"):
            shallow.is_ancestor(old, "origin/main")


class TestAncestors:
    def test_yes_no_and_a_commit_that_nobody_has(self, repo: Repository):
        first = repo.head()
        second = trees.commit(repo.root, {"a.txt": "2"})
        assert repo.is_ancestor(first, "main")
        assert not repo.is_ancestor(second, first)
        assert not repo.is_ancestor("0123456789" * 4, "main")

    def test_a_name_that_is_mistyped_is_no_answer(self, repo: Repository):
        with pytest.raises(GitError, match="'mian'"):
            repo.is_ancestor("mian", "main")
        with pytest.raises(GitError, match="'mian'"):
            repo.is_ancestor("main", "mian")
