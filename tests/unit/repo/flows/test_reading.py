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


@pytest.mark.parametrize(
    "text",
    [
        "pkg/jobs.py:f",
        "./pkg/jobs.py:f",
        "pkg.jobs:f",
        "pkg.jobs.f",
        " pkg/jobs.py:f ",
        "pkg/jobs.py:Group.f",
        "pkg.jobs:Group.f",
    ],
)
def test_every_form_of_an_entrypoint_leads_to_the_function(repository, text):
    repository("pkg/__init__.py", "")
    repository(
        "pkg/jobs.py",
        FLOW + "@flow\ndef f(): ...\nclass Group:\n    @flow\n    def f(self): ...\n",
    )
    flow = read(repository.root, text)
    assert (flow.name, flow.at.file) == ("f", "pkg/jobs.py")
    assert flow.at.line == (6 if "Group" in text else 3)


def test_modules_are_found_in_the_sources_and_below_the_entrypoints_root(repository):
    for path in ("src/acme/nightly.py", "team/src/acme/daily.py", "team/jobs.py"):
        repository(path, FLOW + "@flow\ndef f(): ...\n")
    assert read(repository.root, "acme.nightly:f").at.file == "src/acme/nightly.py"
    assert read(repository.root, "acme.daily:f", "team").at.file == "team/src/acme/daily.py"
    assert read(repository.root, "jobs.py:f", "team").at.file == "team/jobs.py"
    assert read(repository.root, "acme.nightly:f", sources=()).kind == "missing-file"


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


@pytest.mark.parametrize("text", ["", "   "])
def test_no_entrypoint(repository, text):
    found = read(repository.root, text)
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
        ("$(touch x).y:f", "path/to/file.py:function"),
    ],
)
def test_malformed(repository, text, remedy):
    repository("flows/etl.py", FLOW + "@flow\ndef f(): ...\n")
    found = read(repository.root, text)
    assert found.kind == "malformed"
    assert remedy in found.remedy


def test_a_missing_file_names_the_nearest_one(repository):
    repository("flows/etl_orders.py", FLOW)
    found = read(repository.root, "flows/etl_order.py:f")
    assert (found.kind, found.at) == ("missing-file", None)
    assert "'flows/etl_orders.py'" in found.remedy


def test_a_file_that_is_there_from_the_repositorys_root_is_said(repository):
    repository("flows/etl.py", FLOW + "@flow\ndef f(): ...\n")
    repository("team/prefect.yaml", "")
    found = read(repository.root, "flows/etl.py:f", "team")
    assert found.kind == "missing-file"
    assert "'team'" in found.message
    assert "[tool.flowlift.roots]" in found.remedy


def test_a_missing_function_names_the_nearest_one(repository):
    repository("a.py", FLOW + "@flow\ndef load_orders(): ...\n@flow\ndef other(): ...\n")
    found = read(repository.root, "a.py:load_order")
    assert (found.kind, found.at) == ("missing-function", Position("a.py"))
    assert found.remedy == "Is 'load_orders' meant, in line 3?"
    assert "load_orders, other" in read(repository.root, "a.py:zzz").remedy


def test_a_missing_method_names_the_nearest_one(repository):
    repository("a.py", FLOW + "class A:\n    @flow\n    def run(self): ...\n")
    assert "'A.run'" in read(repository.root, "a.py:A.rum").remedy


def test_a_function_inside_another_one_cannot_be_reached(repository):
    repository("a.py", FLOW + "def outer():\n    @flow\n    def f(): ...\n")
    found = read(repository.root, "a.py:f")
    assert (found.kind, found.at) == ("missing-function", Position("a.py", 4))
    assert "inside another function" in found.remedy


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("def f(): ...\n", "a function"),
        ("from prefect import task\n@task\ndef f(): ...\n", "a task"),
        ("class f: ...\n", "a class"),
        ("f = 3\n", "a plain value"),
    ],
)
def test_not_a_flow(repository, source, what):
    repository("a.py", source)
    found = read(repository.root, "a.py:f")
    assert found.kind == "not-a-flow"
    assert what in found.message
    assert found.at.file == "a.py"
    assert found.at.line > 0


@pytest.mark.parametrize(
    ("source", "line"),
    [("x = 1\ndef f(:\n", 2), ("x = '\0'\n", 0), ("# coding: nonsense\n", 0)],
)
def test_a_syntax_error_has_its_line(repository, source, line):
    repository("a.py", source)
    found = read(repository.root, "a.py:f")
    assert (found.kind, found.at) == ("syntax-error", Position("a.py", line))


def test_a_file_that_is_nested_too_deeply_is_refused(repository):
    repository("a.py", FLOW + "x = " + "(" * 5000 + ")" * 5000 + "\n@flow\ndef f(): ...\n")
    assert read(repository.root, "a.py:f").kind == "syntax-error"


@pytest.mark.parametrize(
    ("flow", "why"),
    [
        ("@flow(name='a/b')\ndef f(): ...\n", "'/'"),
        ("@flow\ndef f(_x: int): ...\n", "underscore"),
        ("@flow\ndef f(wait_for=None): ...\n", "keeps the parameter name 'wait_for'"),
    ],
)
def test_what_prefect_refuses_is_refused_with_its_line(repository, flow, why):
    repository("a.py", FLOW + flow)
    found = read(repository.root, "a.py:f")
    assert (found.kind, found.at) == ("malformed", Position("a.py", 3))
    assert why in found.message


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


def test_a_type_for_type_checkers_only_is_said(repository):
    repository(
        "a.py",
        """
        from __future__ import annotations
        from typing import TYPE_CHECKING
        from prefect import flow
        if TYPE_CHECKING:
            import pandas as pd

        @flow
        def f(frame: pd.DataFrame, rows: int = 3): ...
        """,
    )
    flow = read(repository.root, "a.py:f")
    assert "type" not in flow.schema["properties"]["frame"]
    assert flow.schema["properties"]["rows"]["type"] == "integer"
    assert flow.unread == (
        "parameter `frame`: `pd.DataFrame` could not be read: `pd` is imported from pandas for"
        " type checkers only, so that Prefect registers no type",
    )


def test_a_function_under_a_condition_and_with_other_decorators_is_read(repository):
    repository(
        "a.py",
        """
        import sys
        from company import audited
        from prefect import flow

        if sys.platform != "none":
            @flow(name="one")
            @audited
            def f(x: int): ...
        """,
    )
    flow = read(repository.root, "a.py:f")
    assert flow.name == "one"
    assert flow.unread[0] == "decorator `@audited` could not be read: it has to be run"


def test_a_name_that_is_not_known_is_refused_with_what_to_do(repository):
    repository(
        "a.py", FLOW + "from company import PREFIX\n@flow(name=PREFIX + 'a')\ndef f(): ...\n"
    )
    found = read(repository.root, "a.py:f")
    assert (found.kind, found.at) == ("malformed", Position("a.py", 4))
    assert "company.PREFIX has to be imported" in found.message
    assert "`python` in [tool.flowlift]" in found.remedy


def test_whether_it_is_a_flow_is_never_guessed(repository):
    repository("a.py", "from company import job\n@job\ndef f(): ...\n")
    found = read(repository.root, "a.py:f")
    assert found.kind == "not-a-flow"
    assert "`@job` has to be run" in found.message


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
