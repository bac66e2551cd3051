"""Which file an imported name means, over paths alone."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest

from flowlift.repo.imports import Import
from flowlift.repo.modules import Modules, folder_of, search_roots

NOWHERE = Path("/nowhere")


def modules(*files: str, gone: Collection[str] = ()) -> Modules:
    return Modules(NOWHERE, files, gone)


def imported(of: Modules, module: str, *names: str, roots: Collection[str] = ("",)) -> list[str]:
    return list(of.imported(Import(0, module, names), "", roots))


def relative(of: Modules, file: str, level: int, module: str = "", *names: str) -> list[str]:
    return list(of.imported(Import(level, module, names), file, ("",)))


def test_a_folder_has_a_slash_at_its_end() -> None:
    assert (folder_of("a/b.py"), folder_of("b.py"), folder_of("a/b/")) == ("a/", "", "a/b/")


# Where imports start from ----------------------------------------------------------------


def test_imports_start_at_the_root_in_the_sources_and_in_projects() -> None:
    files = ["src/a.py", "lib/b.py", "tools/x/pyproject.toml", "tools/x/src/c.py", "other/d.py"]
    assert search_roots(files, ["src", "lib"]) == ("", "lib/", "src/", "tools/x/", "tools/x/src/")


def test_sources_may_be_globs_and_those_that_are_not_there_are_none() -> None:
    files = ["packages/a/src/a.py", "packages/b/src/deep/b.py", "packages/b/tests/t.py"]
    assert search_roots(files, ["packages/*/src", "nope"]) == (
        "",
        "packages/a/src/",
        "packages/b/src/",
    )


@pytest.mark.parametrize("name", ["pyproject.toml", "setup.py", "setup.cfg"])
def test_a_project_s_src_counts_where_there_is_one(name: str) -> None:
    assert search_roots([f"x/{name}", "x/y.py"], []) == ("", "x/")


# What a statement runs -------------------------------------------------------------------


def test_packages_on_the_way_are_run_too() -> None:
    of = modules("a/__init__.py", "a/b/__init__.py", "a/b/c.py", "a/d.py")
    assert imported(of, "a.b.c") == ["a/__init__.py", "a/b/__init__.py", "a/b/c.py"]
    assert imported(of, "a.b", "c") == ["a/__init__.py", "a/b/__init__.py", "a/b/c.py"]
    assert imported(of, "a", "d", "name") == ["a/__init__.py", "a/d.py"]
    assert imported(of, "a.nope") == ["a/__init__.py"]
    assert imported(of, "nope.a") == []


def test_a_folder_without_init_is_a_package_as_well() -> None:
    of = modules("a/b/c.py")
    assert imported(of, "a.b.c") == ["a/b/c.py"]
    assert imported(of, "a", "b") == []
    assert imported(of, "a.b", "c") == ["a/b/c.py"]


def test_a_module_hides_the_folder_of_its_name_and_a_package_the_module() -> None:
    of = modules("a.py", "a/b.py")
    assert imported(of, "a.b") == ["a.py"]
    of = modules("a.py", "a/__init__.py", "a/b.py")
    assert imported(of, "a.b") == ["a/__init__.py", "a/b.py"]


def test_a_name_that_several_roots_have_means_all_of_them() -> None:
    of = modules("a.py", "src/a.py", "lib/b.py")
    assert imported(of, "a", roots=("", "src/", "lib/")) == ["a.py", "src/a.py"]


def test_what_is_gone_still_leads_to_who_imported_it_and_hides_nothing() -> None:
    of = modules("a/__init__.py", "a.py", gone=["a/__init__.py"])
    assert imported(of, "a") == ["a/__init__.py", "a.py"]
    of = modules("a.py", "a/b.py", gone=["a.py"])
    assert imported(of, "a.b") == ["a.py", "a/b.py"]
    assert list(of.present()) == ["a/b.py"]


def test_dots_go_up_from_the_file_and_never_out_of_the_repository() -> None:
    of = modules("a/__init__.py", "a/b.py", "a/c/d.py", "e.py")
    assert relative(of, "a/c/d.py", 2, "b") == ["a/b.py"]
    assert relative(of, "a/c/d.py", 2, "", "b") == ["a/b.py"]
    assert relative(of, "a/c/d.py", 3, "e") == ["e.py"]
    assert relative(of, "a/c/d.py", 4, "e") == []
    assert relative(of, "a/c/d.py", 1, "nope") == []


def test_only_python_files_are_modules() -> None:
    of = modules("a/data.json", "a/b.py", "c.pyc")
    assert set(of.files) == {"a/b.py"}
    assert of.below("a/") == ["a/b.py"]
    assert of.tops("") == {"a"}
    assert of.tops("nope/") == ()


def test_who_imports_a_file_holds_a_word_of_it() -> None:
    of = modules("a/b/__init__.py", "a/b/c.py", "__init__.py")
    assert of.words("a/b/c.py") == {b"c"}
    assert of.words("a/b/__init__.py") == {b"b"}
    assert of.words("__init__.py") == set()


def test_a_linked_folder_holds_the_modules_of_what_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/a.py").write_text("")
    (tmp_path / "linked").symlink_to("real")
    (tmp_path / "out").symlink_to("..")
    of = Modules(tmp_path, ["real/a.py", "linked", "out"], ())
    assert imported(of, "linked.a") == ["real/a.py"]
    assert of.paths("real/a.py") == ["real/a.py", "linked/a.py"]
    assert of.words("real/a.py") == {b"a"}
    assert list(of.present()) == ["real/a.py"]
    assert imported(of, "out.real.a") == []
