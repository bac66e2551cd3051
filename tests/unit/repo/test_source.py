"""The digest of a deployment's code: another one exactly where what it reaches is another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlift.errors import Position
from flowlift.plan.model import Declared
from flowlift.repo.changed import Changed
from flowlift.repo.closure import reached
from flowlift.repo.entrypoint import Entrypoint
from flowlift.repo.source import SourceTree
from tests.parts import trees
from tests.parts.random_trees import Tree

FILES = {
    "src/flows/daily.py": "from common.rows import rows\nfrom flows import late\n",
    "src/flows/late.py": "",
    "src/flows/other.py": "",
    "src/flows/query.sql": "select 1",
    "src/common/rows.py": "",
    "src/common/unused.py": "",
    "conf/steps.txt": "",
    "conf/values.yaml": "",
    "docs/index.html": "",
    "README.md": "",
    "pyproject.toml": '[project]\nname = "p"\nversion = "1"\n[tool.ruff]\nline-length = 88\n',
}
DAILY, OTHER = "src/flows/daily.py:main", "src/flows/other.py:main"


def declared(
    entrypoint: str, pull: Sequence[Mapping[str, object]] = (), **data: object
) -> Declared:
    entry = {"name": "d", "entrypoint": entrypoint, **data}
    return Declared(entry, Position("prefect.yaml", 1), {}, pull=list(pull))


def digests(root: Path, blobs: Mapping[str, str], *entries: Declared) -> list[str]:
    return SourceTree(root, blobs, ["src"], map(Entrypoint.of, entries)).digests(entries)


def digest(root: Path, one: Declared, files: Mapping[str, str]) -> str:
    """The digest where git's name of a blob is its text."""
    trees.write(root, files)
    blobs = {path: f"100644 {text}" for path, text in files.items()}
    return digests(root, blobs, one)[0]


@pytest.mark.parametrize(
    ("path", "counts"),
    [
        ("src/flows/daily.py", True),
        ("src/common/rows.py", True),
        ("src/flows/late.py", True),
        ("src/flows/query.sql", True),  # data beside the code
        ("src/flows/other.py", False),
        ("src/common/unused.py", False),
        ("docs/index.html", False),
        ("README.md", False),
    ],
)
def test_another_digest_exactly_where_the_code_is_reached(
    tmp_path: Path, path: str, counts: bool
) -> None:
    before = digest(tmp_path, declared(DAILY), FILES)
    after = digest(tmp_path, declared(DAILY), {**FILES, path: FILES[path] + "\n# more\n"})
    assert (before != after) == counts


def test_the_same_files_have_the_same_digest_whoever_else_is_asked_about(tmp_path: Path) -> None:
    trees.write(tmp_path, FILES)
    blobs = {path: f"100644 {text}" for path, text in FILES.items()}
    alone = [digests(tmp_path, blobs, declared(entry))[0] for entry in (DAILY, OTHER)]
    assert digests(tmp_path, blobs, declared(OTHER), declared(DAILY), declared(OTHER)) == [
        alone[1],
        alone[0],
        alone[1],
    ]


def test_of_pyproject_only_what_running_code_notices(tmp_path: Path) -> None:
    before = digest(tmp_path, declared(DAILY), FILES)
    text = FILES["pyproject.toml"]
    style = {**FILES, "pyproject.toml": text.replace("88", "100")}
    assert digest(tmp_path, declared(DAILY), style) == before
    packages = {**FILES, "pyproject.toml": text.replace('"1"', '"2"')}
    assert digest(tmp_path, declared(DAILY), packages) != before


def test_what_a_pull_step_or_a_value_names_counts(tmp_path: Path) -> None:
    step = {
        "prefect.deployments.steps.pip_install_requirements": {
            "requirements_file": "conf/steps.txt"
        }
    }
    for one in (declared(DAILY, [step]), declared(DAILY, parameters={"file": "conf/steps.txt"})):
        before = digest(tmp_path, one, FILES)
        assert digest(tmp_path, one, {**FILES, "conf/steps.txt": "x"}) != before
        assert digest(tmp_path, one, {**FILES, "conf/values.yaml": "x"}) == before


def test_what_only_a_build_step_reads_is_not_run_from_the_repository(tmp_path: Path) -> None:
    one = Declared(
        {"name": "d", "entrypoint": DAILY},
        Position("prefect.yaml", 1),
        {},
        build=[{"prefect.deployments.steps.run_shell_script": {"script": "sh conf/steps.txt"}}],
    )
    before = digest(tmp_path, one, FILES)
    assert digest(tmp_path, one, {**FILES, "conf/steps.txt": "x"}) == before


def test_a_module_by_a_computed_name_may_be_any(tmp_path: Path) -> None:
    files = {
        **FILES,
        "src/flows/late.py": "import importlib\nimportlib.import_module(f'common.{x}')\n",
    }
    before = digest(tmp_path, declared(DAILY), files)
    assert digest(tmp_path, declared(DAILY), {**files, "src/common/unused.py": "x = 1"}) != before
    assert digest(tmp_path, declared(DAILY), {**files, "src/flows/other.py": "x = 1"}) == before


def test_code_that_is_not_found_may_be_any(tmp_path: Path) -> None:
    before = digest(tmp_path, declared("src/nowhere.py:main"), FILES)
    after = digest(tmp_path, declared("src/nowhere.py:main"), {**FILES, "src/flows/other.py": "1"})
    assert before != after


def test_a_submodule_counts_for_all(tmp_path: Path) -> None:
    trees.write(tmp_path, FILES)
    blobs = {path: f"100644 {text}" for path, text in FILES.items()}

    def with_library(commit: str) -> str:
        return digests(tmp_path, {**blobs, "vendor/my.lib": f"160000 {commit}"}, declared(DAILY))[0]

    assert with_library("1" * 40) != with_library("2" * 40)


@settings(max_examples=12)
@given(seed=st.integers(0, 10**9))
def test_whatever_a_change_reaches_is_in_the_digest(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("tree")
    files = Tree(seed, certain=False).files | {"jobs/daily/data.csv": "1", "src/data.csv": "2"}
    trees.write(root, files)
    entry = Entrypoint("jobs/daily/flow.py:f")
    code = SourceTree(root, dict.fromkeys(files, "100644 0"), ["src"], [entry])
    for path in files:
        if reached(root, list(files), [entry], Changed(modified=frozenset({path})), ["src"]):
            assert path in code.files(entry)
