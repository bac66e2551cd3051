"""The questions that flowlift asks git, against real repositories."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flowlift.errors import GitError, InputError
from flowlift.repo.changed import Changed
from flowlift.repo.git import Repository, open_repository
from tests.parts import trees

pytestmark = pytest.mark.real

ODD_BRANCHES = ["feat/$(touch${IFS}x)", '";rm', "{{7+7}}", "täglich", "a'b", "100%", "x|y&z"]


class TestOpening:
    def test_finds_the_top_from_a_folder_below(self, repo: Repository):
        below = repo.root / "deep" / "er"
        below.mkdir(parents=True)
        assert open_repository(below).root == repo.root.resolve()

    def test_outside_of_any_repository(self, tmp_path: Path):
        with pytest.raises(GitError, match=r"not in a git repository(?s:.*)git init"):
            open_repository(tmp_path)

    def test_folder_that_is_not_there(self, tmp_path: Path):
        with pytest.raises(GitError, match=r"not a folder(?s:.*)-C DIR"):
            open_repository(tmp_path / "missing")

    def test_bare_repository(self, tmp_path: Path):
        trees.git(tmp_path, "init", "--quiet", "--bare", "x.git")
        with pytest.raises(GitError, match="bare repository"):
            open_repository(tmp_path / "x.git")

    def test_without_git(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(GitError, match="git is not installed"):
            open_repository(tmp_path)

    def test_is_not_led_astray_by_the_variables_of_a_hook(
        self, repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        other = trees.repository(tmp_path / "other", {"b.txt": "b"})
        monkeypatch.setenv("GIT_DIR", str(other / ".git"))
        monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
        assert open_repository(repo.root).files() == ["a.txt"]


class TestHead:
    def test_commit_and_branch(self, repo: Repository):
        assert repo.head() == trees.git(repo.root, "rev-parse", "HEAD")
        assert repo.branch() == "main"

    def test_detached_as_ci_leaves_it(self, repo: Repository):
        trees.git(repo.root, "checkout", "--quiet", "--detach")
        assert repo.branch() is None

    def test_nothing_committed_yet(self, tmp_path: Path):
        trees.git(tmp_path, "init", "--quiet")
        with pytest.raises(GitError, match="no commit yet"):
            open_repository(tmp_path).head()

    def test_dirty_by_a_change_and_by_a_new_file(self, repo: Repository):
        assert not repo.is_dirty()
        trees.write(repo.root, {"new.txt": "x"})
        assert repo.is_dirty()
        trees.commit(repo.root)
        trees.write(repo.root, {"a.txt": "other"})
        assert repo.is_dirty()

    def test_resolve_knows_names_and_refuses_options(self, repo: Repository):
        assert repo.resolve("main") == repo.head()
        assert repo.resolve("nowhere") is None
        assert repo.resolve("--all") is None
        assert repo.resolve("a\0b") is None


class TestBranches:
    @pytest.mark.parametrize("name", ODD_BRANCHES)
    def test_names_that_mean_something_elsewhere_just_work(self, pushed: Repository, name: str):
        trees.git(pushed.root, "checkout", "--quiet", "-b", name)
        assert pushed.branch() == name
        assert pushed.remote_branch(name) is None
        trees.git(pushed.root, "push", "--quiet", "origin", f"refs/heads/{name}")
        assert pushed.remote_branch(name) == pushed.head()
        assert pushed.default_ref(name) == f"origin/{name}"
        assert sorted(os.listdir(pushed.root)) == [".git", "a.txt"]  # noqa: PTH208

    def test_no_other_branch_answers_for_one(self, pushed: Repository):
        for other in ("x/refs/heads/feat", "feature", "feat/more"):
            trees.git(pushed.root, "push", "--quiet", "origin", f"HEAD:refs/heads/{other}")
        assert pushed.remote_branch("feat") is None

    @pytest.mark.parametrize("name", ["", "-x", "--upload-pack=x", "a..b", "a b", "@{-1}", "x*"])
    def test_what_git_refuses_is_refused(self, pushed: Repository, name: str):
        trees.git(pushed.root, "checkout", "--quiet", "-b", "other")
        with pytest.raises(InputError, match="cannot be the name of a branch"):
            pushed.remote_branch(name)

    def test_no_remote(self, repo: Repository):
        assert repo.remote_url() is None
        with pytest.raises(GitError, match=r"no remote(?s:.*)git remote add"):
            repo.remote_branch("main")

    def test_remote_that_is_not_there_hides_the_password(self, repo: Repository):
        url = "https://asha:s3cret@localhost:1/acme/platform.git"
        trees.git(repo.root, "remote", "add", "origin", url)
        with pytest.raises(GitError, match="cannot be reached") as caught:
            repo.remote_branch("main")
        assert "s3cret" not in str(caught.value)

    def test_the_only_remote_counts_whatever_it_is_called(self, pushed: Repository):
        trees.git(pushed.root, "remote", "rename", "origin", "upstream")
        assert pushed.remote_url()
        assert pushed.remote_branch("main") == pushed.head()
        assert pushed.default_ref("main") == "upstream/main"


class TestDefaultBranch:
    def test_configured_wins(self, repo: Repository):
        assert repo.default_branch("trunk") == "trunk"

    def test_as_the_remote_says(self, pushed: Repository):
        trees.git(pushed.root, "push", "--quiet", "origin", "HEAD:refs/heads/trunk")
        trees.git(pushed.root, "fetch", "--quiet")
        trees.git(pushed.root, "remote", "set-head", "origin", "trunk")
        assert pushed.default_branch() == "trunk"

    @pytest.mark.parametrize("name", ["main", "master"])
    def test_main_or_master_where_nothing_says(self, repo: Repository, name: str):
        trees.git(repo.root, "branch", "--move", "main", name)
        trees.git(repo.root, "checkout", "--quiet", "-b", "feat")
        assert repo.default_branch() == name

    def test_unknown(self, repo: Repository):
        trees.git(repo.root, "branch", "--move", "main", "trunk")
        with pytest.raises(GitError, match=r"default branch is not known(?s:.*)default-branch ="):
            repo.default_branch()

    def test_what_to_compare_with_is_the_remotes_state(self, pushed: Repository):
        trees.commit(pushed.root, {"a.txt": "local only"})
        assert pushed.resolve(pushed.default_ref("main")) != pushed.head()

    def test_a_local_branch_named_as_the_remotes_does_not_hide_it(self, pushed: Repository):
        expected = pushed.head()
        trees.commit(pushed.root, {"a.txt": "x"})
        trees.git(pushed.root, "branch", "origin/main")
        assert pushed.resolve(pushed.default_ref("main")) == expected

    def test_a_branch_that_was_not_fetched(self, pushed: Repository):
        with pytest.raises(GitError, match=r"does not have the branch(?s:.*)git fetch origin rel"):
            pushed.default_ref("rel")


class TestChangedFiles:
    def test_each_kind_committed_or_not(self, repo: Repository):
        content = "".join(f"line {number}\n" for number in range(20))
        base = trees.commit(
            repo.root, {"old.py": content, "gone.py": "x = 1\n", ".gitignore": "*.log"}
        )
        trees.git(repo.root, "mv", "old.py", "new.py")
        trees.git(repo.root, "rm", "--quiet", "gone.py")
        trees.commit(repo.root, {"added.py": "y = 2\n"})
        trees.write(repo.root, {"a.txt": "not committed", "untracked.py": "", "run.log": "ignored"})
        changed = repo.changed_files(base)
        assert changed == Changed(
            added=frozenset({"added.py", "untracked.py"}),
            modified=frozenset({"a.txt"}),
            deleted=frozenset({"gone.py"}),
            renames=(("old.py", "new.py"),),
        )
        assert changed.gone == {"gone.py", "old.py"}
        assert changed.paths == {"added.py", "untracked.py", "a.txt", "gone.py", "old.py", "new.py"}

    def test_odd_names_come_as_they_are(self, repo: Repository):
        base = repo.head()
        trees.write(repo.root, dict.fromkeys(trees.ODD_PATHS, "x"))
        assert repo.changed_files(base).added == set(trees.ODD_PATHS)
        trees.commit(repo.root)
        assert repo.changed_files(base).added == set(trees.ODD_PATHS)
        assert set(repo.files()) == {*trees.ODD_PATHS, "a.txt"}
        assert set(repo.files("HEAD")) == {*trees.ODD_PATHS, "a.txt"}
        assert all(repo.read("HEAD", path) == b"x" for path in trees.ODD_PATHS)

    def test_a_users_own_settings_do_not_change_the_answer(self, repo: Repository):
        base = trees.commit(repo.root, {"sub/x.py": "x = 1\n" * 9, "sub/z.py": "z"})
        for key, value in (
            ("diff.noprefix", "true"),
            ("diff.relative", "true"),
            ("diff.renames", "false"),
            ("diff.external", "false"),
            ("status.showUntrackedFiles", "no"),
            ("color.ui", "always"),
            ("core.quotepath", "true"),
        ):
            trees.git(repo.root, "config", key, value)
        trees.git(repo.root, "mv", "sub/x.py", "y.py")
        trees.write(repo.root, {"neu-ü.py": ""})
        changed = open_repository(repo.root / "sub").changed_files(base)
        assert changed.renames == (("sub/x.py", "y.py"),)
        assert changed.added == {"neu-ü.py"}
        assert repo.is_dirty()

    def test_touched_but_the_same(self, repo: Repository):
        os.utime(repo.root / "a.txt", (1, 1))
        assert not repo.changed_files("HEAD").paths

    def test_taken_out_of_the_index_but_still_there(self, repo: Repository):
        trees.git(repo.root, "rm", "--quiet", "--cached", "a.txt")
        assert repo.changed_files("HEAD") == Changed(modified=frozenset({"a.txt"}))


class TestFiles:
    def test_the_work_tree_without_what_is_deleted_or_ignored(self, repo: Repository):
        trees.commit(repo.root, {"b.py": "", "c.py": "", ".gitignore": "build/"})
        (repo.root / "b.py").unlink()
        trees.write(repo.root, {"new.py": "", "build/x.py": ""})
        assert repo.files() == [".gitignore", "a.txt", "c.py", "new.py"]
        assert repo.files("HEAD~1") == ["a.txt"]

    def test_a_sparse_checkout_still_has_all_its_files(self, repo: Repository):
        trees.commit(repo.root, {"in/x.py": "x", "out/prefect.yaml": "deployments: []"})
        trees.git(repo.root, "sparse-checkout", "set", "in")
        assert not (repo.root / "out").exists()
        assert repo.files() == ["a.txt", "in/x.py", "out/prefect.yaml"]
        assert repo.read(None, "out/prefect.yaml") == b"deployments: []"
        assert not repo.changed_files("HEAD").paths

    def test_reading(self, repo: Repository):
        base = repo.head()
        trees.write(repo.root, {"a.txt": "now"})
        assert repo.read(base, "a.txt") == b"a\n"
        assert repo.read(None, "a.txt") == b"now"
        assert repo.read(base, "missing.txt") is None
        assert repo.read(None, "missing.txt") is None
        with pytest.raises(GitError, match="'nowhere'"):
            repo.read("nowhere", "a.txt")

    def test_a_link_out_of_the_repository_is_not_followed(self, repo: Repository, tmp_path: Path):
        trees.write(tmp_path, {"secret": "s3cret"})
        (repo.root / "prefect.yaml").symlink_to(tmp_path / "secret")
        with pytest.raises(InputError, match="leads out of the repository"):
            repo.read(None, "prefect.yaml")
