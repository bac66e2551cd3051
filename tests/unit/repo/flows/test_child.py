"""Where another interpreter reads flows: which files are the repository's, and what is forgotten.

The program as a whole runs in `tests/real/repo/flows/test_child.py`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowlift.repo.flows.child import OwnFiles
from flowlift.repo.flows.child import Path as SearchPath
from tests.parts import trees


def test_the_repositorys_own_files_are_named_from_its_top(tmp_path: Path) -> None:
    trees.write(tmp_path, {"repo/src/a.py": "", "outside.py": ""})
    own = OwnFiles(str(tmp_path / "repo"))
    assert own.name(str(tmp_path / "repo/src/a.py")) == "src/a.py"
    assert own.name(str(tmp_path / "outside.py")) is None
    assert own.name(str(tmp_path / "repository/a.py")) is None
    assert own.name(None) is None
    assert own.name(3) is None


def test_a_link_is_what_it_leads_to(tmp_path: Path) -> None:
    trees.write(tmp_path, {"repo/a.py": "", "outside.py": ""})
    (tmp_path / "repo/out.py").symlink_to(tmp_path / "outside.py")
    (tmp_path / "linked").symlink_to("repo")
    own = OwnFiles(str(tmp_path / "linked"))
    assert own.name(str(tmp_path / "repo/a.py")) == "a.py"
    assert own.name(str(tmp_path / "linked/a.py")) == "a.py"
    assert own.name(str(tmp_path / "repo/out.py")) is None


def test_an_interpreter_within_the_repository_is_not_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    own = OwnFiles(str(tmp_path))
    assert own.name(str(tmp_path / ".venv/lib/x.py")) is None
    assert own.name(str(tmp_path / ".venv-notes/x.py")) == ".venv-notes/x.py"


# sys.path --------------------------------------------------------------------------------


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A repository of two teams, with `sys` as it was afterwards."""
    files = {
        f"{team}/{path}": f"TEAM = {team!r}\n"
        for team in ("one", "two")
        for path in ("helper.py", "pkg/__init__.py", "pkg/deep.py", "flows/a.py")
    }
    trees.write(tmp_path, {**files, "src/shared.py": ""})
    monkeypatch.setattr(sys, "path", ["/first"])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.chdir(tmp_path)
    before = dict(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - set(before):
        del sys.modules[name]


def entry(root: Path, team: str, *, module: str | None = None, file: str = "flows/a.py") -> Any:
    folder = root / team
    return {"folder": str(folder), "file": str(folder / file), "module": module}


def entered(root: Path) -> SearchPath:
    return SearchPath(OwnFiles(str(root)), ["src"])


def test_code_runs_in_the_entrypoints_folder_with_the_sources_behind_all_else(
    platform: Path,
) -> None:
    entered(platform).enter(entry(platform, "one"))
    assert Path.cwd() == platform / "one"
    assert sys.path == ["/first", str(platform / "one/src"), str(platform / "src")]


def test_nothing_of_one_folder_is_left_for_the_next(platform: Path) -> None:
    path = entered(platform)
    path.enter(entry(platform, "one"))
    path.enter(entry(platform, "two"))
    assert sys.path == ["/first", str(platform / "two/src"), str(platform / "src")]
    assert Path.cwd() == platform / "two"


def test_a_module_that_the_next_would_find_elsewhere_is_forgotten(platform: Path) -> None:
    path = entered(platform)
    path.enter(entry(platform, "one", module="x"))
    sys.path.insert(0, str(platform / "one"))
    assert importlib.import_module("helper").TEAM == "one"
    importlib.import_module("pkg.deep")
    path.enter(entry(platform, "two", module="x"))
    assert not {"helper", "pkg", "pkg.deep"} & set(sys.modules)


def test_what_the_next_would_find_in_the_same_place_is_kept(platform: Path) -> None:
    path = entered(platform)
    path.enter(entry(platform, "one"))
    shared = importlib.import_module("shared")
    path.enter(entry(platform, "one"))
    path.enter(entry(platform, "two"))
    assert sys.modules.get("shared") is shared


def test_modules_that_are_none_of_the_repository_are_kept(platform: Path) -> None:
    path = entered(platform)
    path.enter(entry(platform, "one"))
    path.enter(entry(platform, "two"))
    assert sys.modules.get("json") is importlib.import_module("json")
    assert "__main__" in sys.modules


def test_scripts_of_two_folders_in_one_root_do_not_share_their_neighbours(platform: Path) -> None:
    trees.write(platform, {"one/jobs/b.py": "", "one/jobs/near.py": "N = 2\n"})
    trees.write(platform, {"one/flows/near.py": "N = 1\n"})
    path = entered(platform)
    path.enter(entry(platform, "one"))
    sys.path.insert(0, str(platform / "one/flows"))
    assert importlib.import_module("near").N == 1
    path.enter(entry(platform, "one", file="jobs/b.py"))
    assert "near" not in sys.modules
