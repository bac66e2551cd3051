"""Which entrypoints a changed file reaches, case by case."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from flowlift.repo.changed import Changed
from flowlift.repo.closure import MOST_CHAINS, reached
from flowlift.repo.entrypoint import Entrypoint
from flowlift.repo.source import SourceTree
from tests.parts import trees

FLOW = "src/flows/daily.py"


class Given:
    """A tree of files, asked for the reasons of one entrypoint or several."""

    def __init__(self, root: Path, files: Mapping[str, str]) -> None:
        self.root = root
        self.files = list(files)
        trees.write(root, files)

    def reached(
        self, changed: Changed, *entries: Entrypoint, sources: Collection[str] = ("src",)
    ) -> dict[str, list[str]]:
        files = [path for path in self.files if path not in changed.gone]
        for path in changed.gone:
            (self.root / path).unlink(missing_ok=True)
        found = reached(self.root, files, entries, changed, list(sources))
        if len(changed.paths) == 1 and not changed.gone:
            # The digest of an entrypoint's code has whatever a change of which reaches it.
            blobs = {
                path: f"{'160000' if (self.root / path).is_dir() else '100644'} 0"
                for path in {*files, *changed.paths}
            }
            code = SourceTree(self.root, blobs, list(sources), entries)
            assert all(changed.paths <= code.files(entry) for entry in found)
        return {entry.text: [str(reason) for reason in why] for entry, why in found.items()}

    def why(
        self,
        *modified: str,
        entry: str = f"{FLOW}:main",
        root: str = "",
        sources: Collection[str] = ("src",),
    ) -> list[str]:
        changed = Changed(modified=frozenset(modified))
        return self.reached(changed, Entrypoint(entry, root), sources=sources).get(entry, [])


def tree(tmp_path: Path, flow: str, **more: str) -> Given:
    """The flow `src/flows/daily.py`, and files whose `/` is written `__` and `.py` left out."""
    named = {name.replace("__", "/").replace("INIT", "__init__"): more[name] for name in more}
    return Given(tmp_path, {FLOW: flow, **{f"{name}.py": named[name] for name in named}})


class TestImports:
    def test_the_entrypoints_own_file(self, tmp_path: Path):
        assert tree(tmp_path, "").why(FLOW) == [f"source: {FLOW}"]

    def test_what_nobody_imports(self, tmp_path: Path):
        assert tree(tmp_path, "import os", src__acme__io="").why("src/acme/io.py") == []

    def test_the_shortest_of_several_chains(self, tmp_path: Path):
        given = tree(
            tmp_path,
            "import acme.long1\nfrom acme import near",
            src__acme__long1="from acme import long2",
            src__acme__long2="from acme import io",
            src__acme__near="from .io import read",
            src__acme__io="",
        )
        assert given.why("src/acme/io.py") == [
            f"source: src/acme/io.py -> src/acme/near.py -> {FLOW}"
        ]

    def test_each_changed_file_has_its_own_reason(self, tmp_path: Path):
        given = tree(tmp_path, "from acme import a, b", src__acme__a="", src__acme__b="")
        assert given.why("src/acme/a.py", "src/acme/b.py", FLOW) == [
            f"source: src/acme/a.py -> {FLOW}",
            f"source: src/acme/b.py -> {FLOW}",
            f"source: {FLOW}",
        ]

    def test_with_very_many_changed_files_the_nearest(self, tmp_path: Path):
        names = [f"m{number}" for number in range(MOST_CHAINS + 1)]
        given = tree(
            tmp_path,
            "\n".join(f"from acme import {name}" for name in names),
            **{f"src__acme__{name}": "" for name in names},
        )
        why = given.why(FLOW, *(f"src/acme/{name}.py" for name in names))
        assert why == [f"source: {FLOW}"]

    @pytest.mark.parametrize("init", ["src/acme/__init__.py", "src/acme/sub/__init__.py"])
    def test_every_package_on_the_way(self, tmp_path: Path, init: str):
        given = tree(
            tmp_path,
            "import acme.sub.io",
            src__acme__INIT="",
            src__acme__sub__INIT="",
            src__acme__sub__io="",
        )
        assert given.why(init) == [f"source: {init} -> {FLOW}"]

    def test_a_package_that_is_new_where_there_was_only_a_folder(self, tmp_path: Path):
        given = tree(tmp_path, "from acme import io", src__acme__INIT="", src__acme__io="")
        changed = Changed(added=frozenset({"src/acme/__init__.py"}))
        assert given.reached(changed, Entrypoint(f"{FLOW}:main"))

    @pytest.mark.parametrize(
        "flow",
        [
            "def main():\n    from acme import io",
            "try:\n    import fast\nexcept ImportError:\n    import acme.io",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from acme.io import Read",
            "from acme import *",
            "import importlib\nio = importlib.import_module('acme.io')",
            "from runpy import run_module\nrun_module('acme.io')",
            "import runpy\nrunpy.run_path('src/acme/io.py')",
        ],
    )
    def test_however_it_is_imported(self, tmp_path: Path, flow: str):
        given = tree(tmp_path, flow, src__acme__INIT="__all__ = ['io']\n", src__acme__io="")
        assert f"source: src/acme/io.py -> {FLOW}" in [
            why.replace("src/acme/__init__.py -> ", "") for why in given.why("src/acme/io.py")
        ]

    def test_a_package_that_offers_whatever_lies_in_its_folder(self, tmp_path: Path):
        listing = (
            "from pathlib import Path\n__all__ = [p.stem for p in Path(__file__).parent.glob('*')]"
        )
        given = tree(tmp_path, "from acme import *", src__acme__INIT=listing, src__acme__io="")
        assert given.why("src/acme/io.py")

    def test_a_module_that_is_deleted_reaches_who_imported_it(self, tmp_path: Path):
        given = tree(tmp_path, "from acme import io", src__acme__INIT="", src__acme__io="")
        changed = Changed(deleted=frozenset({"src/acme/io.py"}))
        assert given.reached(changed, Entrypoint(f"{FLOW}:main")) == {
            f"{FLOW}:main": [f"source: src/acme/io.py -> {FLOW}"]
        }

    def test_a_module_that_is_renamed_reaches_who_imports_either_name(self, tmp_path: Path):
        given = tree(
            tmp_path,
            "from acme import old",
            src__flows__other="from acme import new",
            src__acme__old="",
            src__acme__new="",
        )
        changed = Changed(renames=(("src/acme/old.py", "src/acme/new.py"),))
        found = given.reached(
            changed, Entrypoint(f"{FLOW}:main"), Entrypoint("src/flows/other.py:main")
        )
        assert found == {
            f"{FLOW}:main": [f"source: src/acme/old.py -> {FLOW}"],
            "src/flows/other.py:main": ["source: src/acme/new.py -> src/flows/other.py"],
        }

    def test_a_module_that_becomes_a_package(self, tmp_path: Path):
        given = tree(tmp_path, "from acme import io", src__acme__io__INIT="", src__acme__io="")
        changed = Changed(renames=(("src/acme/io.py", "src/acme/io/__init__.py"),))
        assert given.reached(changed, Entrypoint(f"{FLOW}:main")) == {
            f"{FLOW}:main": [f"source: src/acme/io/__init__.py -> {FLOW}"]
        }

    def test_a_deleted_entrypoint(self, tmp_path: Path):
        given = tree(tmp_path, "")
        found = given.reached(Changed(deleted=frozenset({FLOW})), Entrypoint(f"{FLOW}:main"))
        assert found == {f"{FLOW}:main": [f"source: {FLOW}"]}

    def test_a_circle_of_imports_ends(self, tmp_path: Path):
        given = tree(
            tmp_path,
            "from acme import a",
            src__acme__a="from acme import b",
            src__acme__b="from acme import a, io",
            src__acme__io="from acme import b",
        )
        assert given.why("src/acme/io.py") == [
            f"source: src/acme/io.py -> src/acme/b.py -> src/acme/a.py -> {FLOW}"
        ]

    def test_a_symbolic_link_is_what_it_points_to(self, tmp_path: Path):
        given = tree(tmp_path, "import shared\nimport kit.io", lib__shared="", lib__kit__io="")
        (tmp_path / "src/flows/shared.py").symlink_to("../../lib/shared.py")
        (tmp_path / "src/flows/kit").symlink_to("../../lib/kit")
        (tmp_path / "src/box").symlink_to("../lib/kit")
        given.files += ["src/flows/shared.py", "src/flows/kit", "src/box", "src/flows/b.py"]
        trees.write(tmp_path, {"src/flows/b.py": "import box.io"})
        assert given.why("lib/shared.py") == [
            f"source: lib/shared.py -> src/flows/shared.py -> {FLOW}"
        ]
        assert given.why("lib/kit/io.py") == [f"source: lib/kit/io.py -> {FLOW}"]
        assert given.why("lib/kit/io.py", entry="src/flows/b.py:f")


class TestWhereNamesAreLookedFor:
    def test_both_forms_of_an_entrypoint(self, tmp_path: Path):
        given = tree(tmp_path, "from acme import io", src__acme__io="", src__flows__INIT="")
        for entry in (f"{FLOW}:main", f"./{FLOW}:main", "flows.daily:main", "flows.daily.main"):
            assert given.why("src/acme/io.py", entry=entry) == [f"source: src/acme/io.py -> {FLOW}"]
        assert given.why(FLOW, entry="flows.daily:Flow.method") == [f"source: {FLOW}"]

    def test_a_modules_package_runs_with_it_and_a_scripts_does_not(self, tmp_path: Path):
        given = tree(tmp_path, "", src__flows__INIT="")
        init = "src/flows/__init__.py"
        assert given.why(init, entry="flows.daily:main") == [f"source: {init} -> {FLOW}"]
        assert given.why(init, entry=f"{FLOW}:main") == []

    def test_scripts_beside_each_other_with_modules_of_the_same_name(self, tmp_path: Path):
        files = {f"jobs/{name}/{module}.py": "" for name in "abc" for module in ("flow", "tasks")}
        files |= {f"jobs/{name}/flow.py": "import tasks" for name in "abc"}
        given = Given(tmp_path, files)
        entries = [Entrypoint(f"jobs/{name}/flow.py:main") for name in "abc"]
        found = given.reached(Changed(modified=frozenset({"jobs/b/tasks.py"})), *entries)
        assert found == {
            "jobs/b/flow.py:main": ["source: jobs/b/tasks.py -> jobs/b/flow.py"],
        }

    def test_a_module_far_away_that_imports_what_lies_beside_the_script(self, tmp_path: Path):
        given = Given(
            tmp_path,
            {
                "src/acme/plugins.py": "import settings",
                "jobs/a/flow.py": "from acme import plugins",
                "jobs/a/settings.py": "from acme import deep",
                "src/acme/deep.py": "",
                "jobs/b/flow.py": "from acme import plugins",
            },
        )
        entries = [Entrypoint("jobs/a/flow.py:f"), Entrypoint("jobs/b/flow.py:f")]
        found = given.reached(Changed(modified=frozenset({"src/acme/deep.py"})), *entries)
        assert found == {
            "jobs/a/flow.py:f": [
                "source: src/acme/deep.py -> jobs/a/settings.py -> src/acme/plugins.py"
                " -> jobs/a/flow.py"
            ]
        }

    def test_the_manifests_folder_is_where_its_flows_run(self, tmp_path: Path):
        given = Given(
            tmp_path,
            {"pipelines/a/flows/x.py": "from lib import io", "pipelines/a/lib/io.py": ""},
        )
        why = given.why("pipelines/a/lib/io.py", entry="flows/x.py:f", root="pipelines/a")
        assert why == ["source: pipelines/a/lib/io.py -> pipelines/a/flows/x.py"]

    def test_projects_within_the_repository_can_be_imported(self, tmp_path: Path):
        given = Given(
            tmp_path,
            {
                FLOW: "from core import io\nimport tools",
                "packages/core/pyproject.toml": "",
                "packages/core/src/core/io.py": "",
                "packages/tools/setup.py": "",
                "packages/tools/tools/__init__.py": "",
            },
        )
        assert given.why("packages/core/src/core/io.py")
        assert given.why("packages/tools/tools/__init__.py")

    def test_sources_can_be_globs(self, tmp_path: Path):
        given = Given(tmp_path, {FLOW: "import core.io", "libs/a/core/io.py": ""})
        assert given.why("libs/a/core/io.py", sources=["src", "libs/*"])
        assert not given.why("libs/a/core/io.py")

    def test_relative_imports_in_a_script_as_prefect_resolves_them(self, tmp_path: Path):
        given = Given(
            tmp_path,
            {
                "flows/x.py": "from .near import a\nfrom .far import b",
                "flows/near.py": "",
                "far.py": "",
            },
        )
        assert given.why("flows/near.py", entry="flows/x.py:f")
        assert given.why("far.py", entry="flows/x.py:f")


class TestWhatCannotBeTold:
    COMPUTED = "import importlib\nimportlib.import_module(name)"

    def test_a_computed_name_may_be_any_module(self, tmp_path: Path):
        given = tree(
            tmp_path, "from acme import load", src__acme__load=self.COMPUTED, src__acme__plugin=""
        )
        assert given.why("src/acme/plugin.py") == [
            "could not tell: src/acme/plugin.py: src/acme/load.py imports by a computed name"
        ]

    def test_but_no_test(self, tmp_path: Path):
        given = tree(tmp_path, self.COMPUTED, tests__test_x="", tests__conftest="")
        assert given.why("tests/test_x.py", "tests/conftest.py") == []

    def test_a_name_that_starts_with_a_package_is_one_of_its_modules(self, tmp_path: Path):
        flow = "from importlib import import_module\nimport_module(f'acme.tasks.{name}')"
        given = tree(tmp_path, flow, src__acme__tasks__a="", src__acme__other="")
        assert given.why("src/acme/tasks/a.py")
        assert not given.why("src/acme/other.py")

    def test_a_file_that_is_not_python(self, tmp_path: Path):
        given = tree(
            tmp_path,
            "from acme import broken",
            src__acme__broken="x = '''never closed\nimport acme.x\n",
            src__acme__x="",
        )
        assert given.why("src/acme/x.py") == [
            "could not tell: src/acme/x.py: "
            "src/acme/broken.py could not be read (not Python line 1)"
        ]

    def test_a_file_that_cannot_be_opened(self, tmp_path: Path):
        given = tree(tmp_path, "from acme import gone", src__acme__x="")
        given.files.append("src/acme/gone.py")
        assert "src/acme/gone.py could not be read" in given.why("src/acme/x.py")[0]

    @pytest.mark.parametrize(
        "entry", ["{{ $FILE }}", "elsewhere.flows:main", "/opt/flows/x.py:f", ""]
    )
    def test_an_entrypoint_whose_code_is_not_here(self, tmp_path: Path, entry: str):
        given = tree(tmp_path, "", src__acme__x="")
        assert given.why("src/acme/x.py", entry=entry) == [
            f"could not tell: src/acme/x.py: the code of {entry!r} was not found"
        ]

    def test_data_beside_the_code(self, tmp_path: Path):
        given = tree(
            tmp_path,
            "from acme import io",
            src__acme__INIT="",
            src__acme__io="",
            src__other__INIT="",
            src__flows__other="import other",
        )
        given.files += [
            "src/acme/sql/q.sql",
            "src/acme/sql/r.sql",
            "src/other/x.json",
            "docs/x.svg",
        ]
        entries = [Entrypoint(f"{FLOW}:main"), Entrypoint("src/flows/other.py:main")]
        changed = Changed(modified=frozenset({"src/acme/sql/q.sql"}))
        assert given.reached(changed, *entries) == {
            f"{FLOW}:main": ["could not tell: src/acme/sql/q.sql: data beside the code"]
        }
        changed = Changed(deleted=frozenset({"src/acme/sql/q.sql", "src/acme/sql/r.sql"}))
        assert given.reached(changed, *entries) == {
            f"{FLOW}:main": ["could not tell: src/acme/sql/q.sql and 1 more: data beside the code"]
        }
        assert given.reached(Changed(added=frozenset({"src/other/x.json"})), *entries).keys() == {
            "src/flows/other.py:main"
        }
        assert given.reached(Changed(added=frozenset({"docs/x.svg"})), *entries) == {}

    def test_data_in_very_many_folders(self, tmp_path: Path):
        names = [f"p{number}" for number in range(MOST_CHAINS + 1)]
        given = tree(tmp_path, "import p3.x", **{f"src__{name}__x": "" for name in names})
        assert given.why(*(f"src/{name}/q.sql" for name in names)) == [
            f"could not tell: src/p0/q.sql and {MOST_CHAINS} more: data beside the code"
        ]
        assert given.why("src/p4/q.sql") == []

    def test_many_files_that_import_by_computed_names(self, tmp_path: Path):
        names = [f"load{number}" for number in range(50)]
        given = tree(
            tmp_path,
            "from acme import load7",
            src__acme__plugin="",
            **{f"src__acme__{name}": self.COMPUTED for name in names},
        )
        assert given.why("src/acme/plugin.py") == [
            "could not tell: src/acme/plugin.py: src/acme/load7.py imports by a computed name"
        ]

    def test_what_no_flow_reads(self, tmp_path: Path):
        given = tree(tmp_path, "", setup="")
        files = [
            *("README.md", "src/flows/README.md", "LICENSE", ".github/workflows/x.yml"),
            *(".gitignore", "src/flows/daily.pyi", "CHANGELOG.md", "Makefile", "notes.txt"),
        ]
        assert given.why(*files) == []

    @pytest.mark.parametrize("name", ["pyproject.toml", "uv.lock", "poetry.lock", "setup.cfg"])
    def test_what_a_project_installs_reaches_all_its_code(self, tmp_path: Path, name: str):
        given = tree(tmp_path, "", pkg__a__x="", pkg__b__y="")
        assert given.why(name) == [f"could not tell: {name}"]
        assert given.why(f"pkg/a/{name}", entry="pkg/a/x.py:f") == [f"could not tell: pkg/a/{name}"]
        assert given.why(f"pkg/a/{name}", entry="pkg/b/y.py:f") == []

    def test_a_repository_within_this_one(self, tmp_path: Path):
        given = tree(tmp_path, "")
        (tmp_path / "vendor/lib").mkdir(parents=True)
        why = "could not tell: vendor/lib: a repository within this one"
        assert given.why("vendor/lib") == [why]


def test_nothing_changed_and_nothing_asked(tmp_path: Path):
    given = tree(tmp_path, "")
    assert given.reached(Changed(), Entrypoint(f"{FLOW}:main")) == {}
    assert given.reached(Changed(modified=frozenset({FLOW}))) == {}


def test_entries_that_are_asked_for_twice_count_once(tmp_path: Path):
    given = tree(tmp_path, "")
    entry = Entrypoint(f"{FLOW}:main")
    assert len(given.reached(Changed(modified=frozenset({FLOW})), entry, entry)) == 1
