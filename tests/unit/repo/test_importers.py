"""Who imports a file, found backwards: only files that hold a word of its name are read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from flowlift.repo import imports
from flowlift.repo.importers import MOST_WORDS, Importers
from flowlift.repo.imports import ANYTHING
from flowlift.repo.modules import Modules
from tests.parts import trees


def importers(
    root: Path,
    files: Mapping[str, str],
    *,
    shared: Collection[str] = ("",),
    scripts: Collection[tuple[str, ...]] = (),
    gone: Collection[str] = (),
) -> Importers:
    trees.write(root, {path: text for path, text in files.items() if path not in gone})
    return Importers(root, Modules(root, list(files), gone), shared, scripts)


def test_every_importer_is_found_with_the_next_file_on_the_shortest_way(tmp_path: Path) -> None:
    found = importers(
        tmp_path,
        {
            "a.py": "",
            "b.py": "import a",
            "c.py": "from b import x\nimport a",
            "d.py": "import c",
            "e.py": "import os",
        },
    ).upstream(["a.py"])
    assert found == {"a.py": None, "b.py": "a.py", "c.py": "a.py", "d.py": "c.py"}


def test_a_circle_ends_and_a_file_does_not_import_itself(tmp_path: Path) -> None:
    files = {"a.py": "import b\nimport a", "b.py": "import a"}
    assert importers(tmp_path, files).upstream(["a.py"]) == {"a.py": None, "b.py": "a.py"}


def test_a_file_that_is_gone_still_has_its_importers(tmp_path: Path) -> None:
    files = {"a.py": "", "b.py": "import a"}
    found = importers(tmp_path, files, gone=["a.py"])
    assert found.upstream(["a.py"]) == {"a.py": None, "b.py": "a.py"}


def test_files_that_hold_no_word_of_it_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"alpha.py": "", "b.py": "import alpha", "c.py": "import os", "d.py": "alpha = 1"}
    graph, read = importers(tmp_path, files), list[bytes]()
    real = imports.read

    def noted(source: bytes, *, loader: bool | None = None) -> imports.Imports:
        read.append(source)
        return real(source, loader=loader)

    monkeypatch.setattr(imports, "read", noted)
    graph.upstream(["alpha.py"])
    assert sorted(read) == [b"alpha = 1", b"import alpha"]


@pytest.mark.parametrize("count", [MOST_WORDS, MOST_WORDS + 5])
def test_many_words_make_no_difference_to_what_is_found(tmp_path: Path, count: int) -> None:
    chain = {f"m{number:02}.py": f"import m{number - 1:02}" for number in range(1, count)}
    graph = importers(tmp_path, {"m00.py": "", "other.py": "import os", **chain})
    assert set(graph.upstream(["m00.py"])) == {"m00.py", *chain}


def test_names_outside_of_ascii_are_found(tmp_path: Path) -> None:
    files = {"größe.py": "", "b.py": "import größe"}
    assert set(importers(tmp_path, files).upstream(["größe.py"])) == {"größe.py", "b.py"}


# Whoever imports what nobody can tell ----------------------------------------------------


def test_an_import_by_a_computed_name_is_said_with_what_is_known_of_it(tmp_path: Path) -> None:
    graph = importers(
        tmp_path,
        {
            "any.py": "import importlib\nimportlib.import_module(name)",
            "some.py": "import importlib\nimportlib.import_module(f'acme.tasks.{name}')",
            "none.py": "import os",
        },
    )
    assert graph.computed == {"any.py": (ANYTHING,), "some.py": ("acme.tasks.",)}
    assert graph.unknown["any.py"] == "any.py imports by a computed name"
    assert "none.py" not in graph.unknown


def test_a_file_that_is_not_python_may_import_anything(tmp_path: Path) -> None:
    graph = importers(tmp_path, {"a.py": "", "b.py": "import a\ndef f(:\n    import_module('x')"})
    assert graph.upstream(["a.py"])
    assert "b.py could not be read (not Python" in graph.unknown["b.py"]
    assert graph.computed["b.py"] == (ANYTHING,)


def test_a_file_that_cannot_be_opened_may_import_anything(tmp_path: Path) -> None:
    trees.write(tmp_path, {"a.py": ""})
    graph = Importers(tmp_path, Modules(tmp_path, ["a.py", "lost.py"], ()), ("",), ())
    assert graph.unknown["lost.py"] == "lost.py could not be read (No such file or directory)"
    assert graph.computed["lost.py"] == (ANYTHING,)


def test_a_package_offers_what_its_all_names_or_whatever_lies_in_its_folder(
    tmp_path: Path,
) -> None:
    graph = importers(
        tmp_path,
        {
            "named/__init__.py": "__all__ = ['one']",
            "named/one.py": "",
            "named/two.py": "",
            "listed/__init__.py": "import os\n__all__ = [n[:-3] for n in os.listdir('.')]",
            "listed/three.py": "",
        },
    )
    assert graph.upstream(["named/one.py"])["named/__init__.py"] == "named/one.py"
    assert set(graph.upstream(["named/two.py"])) == {"named/two.py"}
    assert set(graph.upstream(["listed/three.py"])) == {"listed/three.py", "listed/__init__.py"}


def test_a_file_that_is_loaded_by_its_path_is_imported(tmp_path: Path) -> None:
    files = {"scripts/x.py": "", "a.py": "import runpy\nrunpy.run_path('./scripts/x.py')"}
    assert set(importers(tmp_path, files).upstream(["scripts/x.py"])) == {"scripts/x.py", "a.py"}


# Links -----------------------------------------------------------------------------------


def test_a_link_imports_as_it_were_what_it_points_to(tmp_path: Path) -> None:
    trees.write(tmp_path, {"real/a.py": "", "b.py": "import link", "outside.txt": ""})
    (tmp_path / "link.py").symlink_to("real/a.py")
    (tmp_path / "out.py").symlink_to("/etc/hostname")
    names = ["real/a.py", "b.py", "link.py", "out.py"]
    graph = Importers(tmp_path, Modules(tmp_path, names, ()), ("",), ())
    assert set(graph.upstream(["real/a.py"])) == {"real/a.py", "link.py", "b.py"}
    assert "out.py could not be read" in graph.unknown["out.py"]


# The folders that only some processes import from ----------------------------------------

LOCAL = {
    "jobs/etl/run.py": "import columns",
    "jobs/etl/columns.py": "",
    "jobs/other/run.py": "import columns",
    "jobs/other/columns.py": "",
}
SCRIPTS = [("jobs/etl/", ""), ("jobs/other/", "")]


def test_what_lies_beside_a_script_is_followed_in_its_own_process_alone(tmp_path: Path) -> None:
    graph = importers(tmp_path, LOCAL, scripts=SCRIPTS)
    reach = graph.upstream(["jobs/etl/columns.py"])
    assert set(reach) == {"jobs/etl/columns.py"}
    near = graph.near(reach)
    assert near == {"jobs/etl/": ["jobs/etl/columns.py"]}
    wider = graph.within(reach, near, ("jobs/etl/", ""))
    assert wider["jobs/etl/run.py"] == "jobs/etl/columns.py"
    assert graph.within(reach, near, ("jobs/other/", "")) is reach


def test_without_scripts_nothing_is_near(tmp_path: Path) -> None:
    graph = importers(tmp_path, LOCAL)
    assert graph.near(graph.upstream(["jobs/etl/columns.py"])) == {}
