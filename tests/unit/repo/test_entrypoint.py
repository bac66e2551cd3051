"""What an entrypoint's text means: its file, the object in it, or what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from flowlift.repo.entrypoint import Entrypoint, Place, Unreadable, bases, find_module, locate
from tests.parts import trees


def located(root: Path, text: str, folder: str = "", sources: Sequence[str] = ("src",)) -> Place:
    found = locate(root, Entrypoint(text=text, root=folder), sources)
    assert isinstance(found, Place), found
    return found


def wrong(root: Path, text: str, folder: str = "") -> Unreadable:
    found = locate(root, Entrypoint(text=text, root=folder), ("src",))
    assert isinstance(found, Unreadable), found
    assert found.at is None
    return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    trees.write(tmp_path, {"pkg/__init__.py": "", "pkg/jobs.py": "", "flows/etl.py": ""})
    return tmp_path


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("pkg/jobs.py:f", Place("pkg/jobs.py", ("f",))),
        ("./pkg/../pkg/jobs.py:f", Place("pkg/jobs.py", ("f",))),
        (" pkg/jobs.py:f ", Place("pkg/jobs.py", ("f",))),
        ("pkg/jobs.py:Group.f", Place("pkg/jobs.py", ("Group", "f"))),
        ("pkg.jobs:f", Place("pkg/jobs.py", ("f",), "pkg.jobs")),
        ("pkg.jobs.f", Place("pkg/jobs.py", ("f",), "pkg.jobs")),
        ("pkg.jobs:Group.f", Place("pkg/jobs.py", ("Group", "f"), "pkg.jobs")),
        ("pkg:f", Place("pkg/__init__.py", ("f",), "pkg")),
        ("installed.flows:f", Place(None, ("f",), "installed.flows")),
    ],
)
def test_every_form_leads_to_its_place(root: Path, text: str, place: Place) -> None:
    assert located(root, text) == place


def test_a_file_may_be_named_by_its_whole_path(root: Path, tmp_path_factory) -> None:
    assert located(root, f"{root}/pkg/jobs.py:f").file == "pkg/jobs.py"
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "x.py"
    elsewhere.write_text("")
    assert located(root, f"{elsewhere}:f").file == str(elsewhere)


def test_modules_are_found_in_the_sources_and_below_the_entrypoints_root(tmp_path: Path) -> None:
    paths = ("src/acme/nightly.py", "team/src/acme/daily.py", "team/jobs.py")
    trees.write(tmp_path, dict.fromkeys(paths, ""))
    assert located(tmp_path, "acme.nightly:f").file == "src/acme/nightly.py"
    assert located(tmp_path, "acme.daily:f", "team").file == "team/src/acme/daily.py"
    assert located(tmp_path, "jobs:f", "team").file == "team/jobs.py"
    assert located(tmp_path, "jobs.py:f", "team").file == "team/jobs.py"
    assert located(tmp_path, "acme.nightly:f", "team").file == "src/acme/nightly.py"
    assert located(tmp_path, "acme.nightly:f", sources=()).file is None


def test_the_folder_that_prefect_runs_in_comes_first() -> None:
    assert list(bases("", ("src", "lib"))) == ["", "src", "lib"]
    assert list(bases("team", ("src",))) == ["team", "team/src", "src"]


def test_a_package_comes_before_a_module_and_a_folder_before_the_next(tmp_path: Path) -> None:
    trees.write(tmp_path, {"a.py": "", "a/__init__.py": "", "src/a.py": "", "src/b.py": ""})
    assert find_module(tmp_path, "a", ("", "src")) == "a/__init__.py"
    assert find_module(tmp_path, "b", ("", "src")) == "src/b.py"
    assert find_module(tmp_path, "c", ("", "src")) is None


# What is wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "   "])
def test_no_entrypoint_is_told_with_an_example(root: Path, text: str) -> None:
    found = wrong(root, text)
    assert found.kind == "no-entrypoint"
    assert "flows/etl.py:my_flow" in found.remedy


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("flows/etl.py", "flows/etl.py:my_flow"),
        ("flows/etl:f", "flows/etl.py:f"),
        ("etl", "path/to/file.py:function"),
        ("flows/etl.py:", "path/to/file.py:function"),
        ("flows/etl.py:a-b", "path/to/file.py:function"),
        (":f", "path/to/file.py:function"),
        ("a..b:f", "path/to/file.py:function"),
        ("$(touch x).y:f", "path/to/file.py:function"),
    ],
)
def test_one_that_names_no_function_is_malformed(root: Path, text: str, remedy: str) -> None:
    found = wrong(root, text)
    assert found.kind == "malformed"
    assert remedy in found.remedy


def test_a_missing_file_names_the_nearest_one(root: Path) -> None:
    found = wrong(root, "flows/elt.py:f")
    assert found.kind == "missing-file"
    assert found.message == "There is no file 'flows/elt.py', seen from the repository's root."
    assert found.remedy == "Is 'flows/etl.py' meant?"
    assert wrong(root, "nope/x.py:f").remedy.startswith("Entrypoints are relative to the folder")


def test_a_file_that_is_there_from_the_repositorys_root_is_said(root: Path) -> None:
    trees.write(root, {"team/prefect.yaml": ""})
    found = wrong(root, "flows/etl.py:f", "team")
    assert found.kind == "missing-file"
    assert "'team'" in found.message
    assert "[tool.flowlift.roots]" in found.remedy


def test_a_folder_is_no_file(root: Path) -> None:
    (root / "odd.py").mkdir()
    assert wrong(root, "odd.py:f").kind == "missing-file"
