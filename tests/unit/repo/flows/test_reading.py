"""What a user sees of the code behind an entrypoint, read from its source alone."""

from __future__ import annotations

import gc
import textwrap
from pathlib import Path

import pytest

from flowlift.errors import ConfigError, Position
from flowlift.plan.model import Flow
from flowlift.repo.entrypoint import Entrypoint, Unreadable
from flowlift.repo.flows import interpreter, read_flows

FLOW = "from prefect import flow\n"


@pytest.fixture(autouse=True)
def _nothing_is_run(monkeypatch):
    """Here nothing may start a process: what needs one stands in tests/real."""
    monkeypatch.setattr(interpreter, "find_python", lambda root, python=None: None)


@pytest.fixture
def repository(tmp_path):
    def write(path: str, source: str) -> None:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(source), encoding="utf-8")

    write.root = tmp_path  # type: ignore[attr-defined]
    return write


def read(root: Path, text: str, folder: str = "", **options):
    return read_flows(root, [Entrypoint(text, folder)], **options)[Entrypoint(text, folder)]


def test_a_flow_says_its_name_parameters_and_docstring(repository):
    repository(
        "flows/etl.py",
        '''
        from prefect import flow

        @flow(version="7")
        def load_orders(day: str, batch: int = 500):
            """Load one day.

            Args:
                day: which one
            """
        ''',
    )
    assert read(repository.root, "flows/etl.py:load_orders") == Flow(
        name="load-orders",
        schema={
            "title": "Parameters",
            "type": "object",
            "properties": {
                "day": {
                    "description": "which one",
                    "position": 0,
                    "title": "day",
                    "type": "string",
                },
                "batch": {"default": 500, "position": 1, "title": "batch", "type": "integer"},
            },
            "required": ["day"],
        },
        description="Load one day.\n\nArgs:\n    day: which one",
        at=Position("flows/etl.py", 5),
        version="7",
    )


def test_a_flow_without_docstring_has_no_description(repository):
    repository("a.py", FLOW + "@flow\ndef f(): ...\n")
    assert read(repository.root, "a.py:f").description is None


def test_a_flow_is_followed_to_the_module_that_defines_it(repository):
    repository("flows/entry.py", "from flows.impl import f as g\n")
    repository("flows/impl.py", "from .deep import f\n")
    repository("flows/deep.py", FLOW + "@flow(name='deep')\ndef f(x: int): ...\n")
    flow = read(repository.root, "flows/entry.py:g")
    assert (flow.name, flow.at) == ("deep", Position("flows/deep.py", 3))


def test_entrypoints_may_repeat_and_keep_their_order(repository):
    repository("a.py", FLOW + "@flow\ndef f(): ...\n@flow\ndef g(): ...\n")
    wanted = [Entrypoint(text) for text in ("a.py:g", "a.py:f", "a.py:g", "a.py:nope")]
    assert list(read_flows(repository.root, iter(wanted))) == [wanted[0], wanted[1], wanted[3]]


# What cannot be read ---------------------------------------------------------------------


def test_what_is_wrong_with_an_entrypoint_stands_in_its_place(repository):
    repository(
        "a.py", FLOW + "@flow\ndef f(): ...\ndef g(): ...\n@flow(name='a/b')\ndef h(): ...\n"
    )
    kinds = {
        "": "no-entrypoint",
        "a": "malformed",
        "b.py:f": "missing-file",
        "a.py:e": "missing-function",
        "a.py:g": "not-a-flow",
        "a.py:h": "malformed",
    }
    found = read_flows(repository.root, [Entrypoint(text) for text in kinds])
    said = {entry.text: getattr(one, "kind", "read") for entry, one in found.items()}
    assert said == kinds
    assert isinstance(read(repository.root, "a.py:f"), Flow)


@pytest.mark.parametrize(
    ("source", "line"),
    [("x = 1\ndef f(:\n", 2), ("x = '\0'\n", 0), ("# coding: nonsense\n", 0)],
)
def test_a_syntax_error_has_its_line(repository, source, line):
    repository("a.py", source)
    found = read(repository.root, "a.py:f")
    assert (found.kind, found.at) == ("syntax-error", Position("a.py", line))


# Where the code would have to be run, and nothing is there to run it ---------------------


def test_a_type_that_is_not_known_is_left_out_and_said(repository):
    repository(
        "a.py",
        """
        import pandas as pd
        from prefect import flow

        @flow
        def f(frame: pd.DataFrame, rows: int = 3, mode: str = pd.MODE): ...
        """,
    )
    flow = read(repository.root, "a.py:f")
    assert flow.schema["properties"] == {
        "frame": {"position": 0, "title": "frame"},
        "rows": {"default": 3, "position": 1, "title": "rows", "type": "integer"},
        "mode": {"default": None, "position": 2, "title": "mode", "type": "string"},
    }
    assert flow.unread == (
        "parameter `frame`: `pd.DataFrame` could not be read: pandas has to be imported",
        "parameter `mode`: default `pd.MODE` could not be read: pandas has to be imported",
        "no interpreter with Prefect was found to run its code",
    )


def test_a_module_that_is_not_in_the_repository_is_said(repository):
    found = read(repository.root, "elsewhere.flows:f")
    assert found.kind == "missing-file"
    assert "'elsewhere.flows'" in found.message


def test_an_interpreter_that_is_not_there_is_an_error_of_the_configuration(repository, monkeypatch):
    monkeypatch.undo()
    repository("a.py", FLOW + "from company import X\n@flow\ndef f(x: X): ...\n")
    with pytest.raises(ConfigError, match="no interpreter 'no-such-python'"):
        read(repository.root, "a.py:f", python="no-such-python")


def test_hostile_sources_end_quickly(repository):
    doubled = "".join(f"A{n + 1} = A{n} + A{n}\n" for n in range(60))
    repository("a.py", FLOW + f"A0 = 'aaaa'\n{doubled}@flow\ndef f(x: str = A60): ...\n")
    flow = read(repository.root, "a.py:f")
    assert flow.schema["properties"]["x"]["default"] is None
    repository("b.py", FLOW + "@flow\ndef f(x: int = 9 ** 9 ** 9, y: str = 'a' * 10 ** 12): ...\n")
    assert len(read(repository.root, "b.py:f").unread) == 3


def test_no_file_is_read_twice(repository, monkeypatch):
    repository("a.py", FLOW + "".join(f"@flow\ndef f{n}(): ...\n" for n in range(9)))
    count = []
    original = Path.read_bytes

    def read_bytes(self):
        count.append(self)
        return original(self)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    found = read_flows(repository.root, [Entrypoint(f"a.py:f{n}") for n in range(9)])
    assert all(isinstance(flow, Flow) for flow in found.values())
    assert len(count) == 1


def test_garbage_is_collected_again_after_reading(repository):
    repository("a.py", FLOW + "@flow\ndef f(): ...\n")
    read(repository.root, "a.py:f")
    assert gc.isenabled()
    assert isinstance(read(repository.root, "a.py:g"), Unreadable)
    assert gc.isenabled()
