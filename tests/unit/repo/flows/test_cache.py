"""The cache gives what was read before, and never what is no longer so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flowlift.repo.entrypoint import Entrypoint
from flowlift.repo.flows import default_cache, interpreter, read_flows, reading
from flowlift.repo.flows.module import Module

FLOW = "from prefect import flow\n@flow\ndef f(x: int = {}): ...\n"
HERE = Entrypoint("a.py:f")


@pytest.fixture
def root(tmp_path):
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "a.py").write_text(FLOW.format(1))
    return tmp_path / "repo"


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def default_of(root: Path, cache: Path | None) -> Any:
    flow: Any = read_flows(root, [HERE], cache=cache)[HERE]
    return flow.schema["properties"]["x"]["default"]


def only_file(cache: Path) -> Path:
    (file,) = (cache / "flows").iterdir()
    return file


@pytest.fixture
def parsed(monkeypatch):
    files = []
    original = Module.parse

    def parse(file, source, *, script):
        files.append(file)
        return original(file, source, script=script)

    monkeypatch.setattr(Module, "parse", parse)
    return files


def test_what_has_not_changed_is_not_parsed_again(root, cache, parsed):
    first = read_flows(root, [HERE], cache=cache)
    assert parsed == ["a.py"]
    assert read_flows(root, [HERE], cache=cache) == first
    assert parsed == ["a.py"]


def test_a_changed_file_is_read_again(root, cache):
    assert default_of(root, cache) == 1
    (root / "a.py").write_text(FLOW.format(2))
    assert default_of(root, cache) == 2


def test_a_change_in_the_module_that_defines_the_flow_counts(root, cache):
    (root / "b.py").write_text(FLOW.format(5))
    (root / "a.py").write_text("from b import f\n")
    assert default_of(root, cache) == 5
    (root / "b.py").write_text(FLOW.format(6))
    assert default_of(root, cache) == 6


def test_both_branches_are_kept(root, cache, parsed):
    for value in (1, 2, 1, 2):
        (root / "a.py").write_text(FLOW.format(value))
        assert default_of(root, cache) == value
    assert len(parsed) == 2


def test_without_a_cache_nothing_is_written(root, tmp_path):
    default_of(root, None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["repo"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"versions": "other", "entries": {}}', "\0\xff"])
def test_a_broken_cache_is_read_anew_and_replaced(root, cache, text):
    default_of(root, cache)
    file = only_file(cache)
    good = json.loads(file.read_text())
    file.write_text(text, encoding="latin-1")
    assert default_of(root, cache) == 1
    assert json.loads(file.read_text()) == good


def test_another_version_reads_again(root, cache, parsed):
    default_of(root, cache)
    file = only_file(cache)
    file.write_text(file.read_text().replace(sys.version.split()[0], "3.0.0"))
    default_of(root, cache)
    assert len(parsed) == 2


def test_a_cache_that_cannot_be_written_is_done_without(root, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    assert default_of(root, tmp_path / "file") == 1


def test_writers_at_the_same_time_leave_a_whole_file(root, cache):
    for number in range(40):
        (root / f"m{number}.py").write_text(FLOW.format(number))
    wanted = [Entrypoint(f"m{number}.py:f") for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: read_flows(root, wanted[: n + 1], cache=cache), range(40)))
    assert json.loads(only_file(cache).read_text())["entries"]
    assert [path.suffix for path in (cache / "flows").iterdir()] == [".json"]


def test_a_read_from_the_cache_imports_neither_prefect_nor_the_schema_maker(root, cache):
    code = (
        "import sys; from pathlib import Path; from flowlift.repo.flows import read_flows\n"
        "from flowlift.repo.entrypoint import Entrypoint\n"
        f"read_flows(Path({str(root)!r}), [Entrypoint('a.py:f')], cache=Path({str(cache)!r}))\n"
        "print(sorted({'prefect', 'pydantic.type_adapter', 'httpx'} & set(sys.modules)))"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert runs[1].stdout.strip() == "[]"


# What was read by running the code -------------------------------------------------------

COMPUTED = (
    "import os\nfrom prefect import flow\n@flow\ndef f(x: int = int(os.getenv('N') or 1)): ...\n"
)


@pytest.fixture
def runs(root, monkeypatch):
    """A stand-in for the other interpreter, which is in tests/real: it counts, and answers."""
    (root / "a.py").write_text(COMPUTED)
    (root / "helper.py").write_text("")
    state = SimpleNamespace(seen=[], more={})
    answer = {
        "name": "f",
        "schema": {"properties": {"x": {"default": 1}}},
        "description": None,
        "version": None,
        "file": str(root / "a.py"),
        "line": 3,
        "unread": [],
        "files": ["a.py", "helper.py"],
    }

    def run(python, root, wanted, **options):
        state.seen.append((python, sorted(options["asked"])))
        return [{**answer, **state.more}] * len(wanted)

    monkeypatch.setattr(reading, "run", run)
    monkeypatch.setattr(interpreter, "find_python", lambda root, python=None: "/opt/python")
    return state


def test_an_answer_is_kept_until_a_file_that_took_part_changes(root, cache, runs):
    default_of(root, cache)
    default_of(root, cache)
    assert len(runs.seen) == 1
    (root / "helper.py").write_text("X = 1\n")
    default_of(root, cache)
    assert len(runs.seen) == 2


def test_an_answer_is_kept_until_the_packages_change(root, cache, runs, monkeypatch):
    default_of(root, cache)
    monkeypatch.setattr(interpreter, "fingerprint", lambda python: "another")
    default_of(root, cache)
    default_of(root, cache)
    assert len(runs.seen) == 2


def test_an_answer_is_kept_until_a_variable_that_the_code_names_changes(
    root, cache, runs, monkeypatch
):
    monkeypatch.setenv("N", "1")
    default_of(root, cache)
    monkeypatch.setenv("N", "2")
    default_of(root, cache)
    default_of(root, cache)
    assert runs.seen == [("/opt/python", ["N"])] * 2
    assert '"2"' not in only_file(cache).read_text()


def test_what_was_missing_is_looked_for_again_where_it_appears(root, cache, runs):
    runs.more = {"absent": ["company.flows"], "failure": "company is not installed here"}
    default_of(root, cache)
    default_of(root, cache)
    assert len(runs.seen) == 1
    (root / "src" / "company").mkdir(parents=True)
    (root / "src" / "company" / "flows.py").write_text("")
    default_of(root, cache)
    assert len(runs.seen) == 2


@pytest.mark.parametrize("more", [{"failure": "KeyError: 'REGION'"}, {"failed": "it hung"}])
def test_a_failure_of_the_code_itself_is_not_kept(root, cache, runs, more):
    runs.more = more
    default_of(root, cache)
    default_of(root, cache)
    assert len(runs.seen) == 2


def test_the_cache_of_the_user_follows_xdg(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "flowlift"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    if os.name == "posix" and sys.platform != "darwin":
        assert default_cache() == tmp_path / ".cache" / "flowlift"
