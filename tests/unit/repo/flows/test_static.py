"""A flow from its source alone: exactly as Prefect would register it, or roughly, and said so."""

from __future__ import annotations

from typing import Any

import pytest

from flowlift.errors import Position
from flowlift.plan.model import Flow
from flowlift.repo.entrypoint import Unreadable
from flowlift.repo.flows.definition import Definition, find
from flowlift.repo.flows.module import Module, NotStatic
from flowlift.repo.flows.static import read, read_roughly

FLOW = "from prefect import flow\n"
WHY, REMEDY = "no interpreter was found", "Name one."


def module(source: str) -> Module:
    return Module.parse("a.py", (FLOW + source).encode(), script=True)


def exactly(source: str) -> Flow | Unreadable:
    found = find(module(source), ("f",))
    assert isinstance(found, Definition), found
    return read(found)


def flow(source: str) -> Flow:
    found = exactly(source)
    assert isinstance(found, Flow), found
    return found


def properties(of: Flow) -> Any:
    assert of.schema
    return of.schema["properties"]


def roughly(source: str) -> Any:
    return read_roughly(module(source), ("f",), WHY, REMEDY)


# Exactly ---------------------------------------------------------------------------------


def test_a_flow_is_called_as_its_function_with_dashes_unless_it_says_otherwise() -> None:
    assert flow("@flow\ndef load_orders(): ...\nf = load_orders").name == "load-orders"
    assert flow("@flow(name='Load orders')\ndef f(): ...").name == "Load orders"


def test_what_it_says_of_itself_comes_before_its_docstring() -> None:
    documented = 'def f():\n    """Of the function."""'
    assert flow(f"@flow\n{documented}").description == "Of the function."
    assert flow(f"@flow(description='Own')\n{documented}").description == "Own"
    assert flow("@flow\ndef f(): ...").description is None
    assert flow("@flow(version='7')\ndef f(): ...").version == "7"


def test_the_place_is_that_of_the_function() -> None:
    assert flow("\n@flow\ndef f(): ...").at == Position("a.py", 4)


def test_parameters_have_the_descriptions_of_the_docstring() -> None:
    source = '@flow\ndef f(day: str):\n    """Load.\n\n    Args:\n        day: which one\n    """'
    assert properties(flow(source))["day"] == {
        "description": "which one",
        "position": 0,
        "title": "day",
        "type": "string",
    }


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("@flow(name='a/b')\ndef f(): ...", "'/'"),
        ("@flow\ndef f(_x: int): ...", "underscore"),
        ("@flow\ndef f(wait_for=None): ...", "keeps the parameter name 'wait_for'"),
    ],
)
def test_what_prefect_refuses_is_refused_with_its_line(source: str, why: str) -> None:
    found = exactly(source)
    assert isinstance(found, Unreadable)
    assert (found.kind, found.at) == ("malformed", Position("a.py", 3))
    assert why in found.message


@pytest.mark.parametrize(
    "source",
    [
        "@flow(name=3)\ndef f(): ...",
        "@flow(name=input())\ndef f(): ...",
        "@flow\ndef f(x: int = len('abc')): ...",
        "import pandas\n@flow\ndef f(x: pandas.DataFrame): ...",
    ],
)
def test_what_only_running_tells_is_not_guessed(source: str) -> None:
    with pytest.raises(NotStatic):
        exactly(source)


def test_what_is_nested_too_deeply_is_left_to_running_it() -> None:
    # Python 3.12 and newer parse what older ones refuse already as a file.
    nested = "+".join(["1"] * 3000)
    with pytest.raises((NotStatic, SyntaxError)):
        exactly(f"@flow\ndef f(x: int = {nested}): ...")


# Roughly ---------------------------------------------------------------------------------


def test_a_type_or_default_that_is_not_known_is_left_out_and_said() -> None:
    found = roughly(
        "import pandas as pd\n@flow\n"
        "def f(frame: pd.DataFrame, rows: int = 3, mode: str = pd.MODE): ..."
    )
    assert found.schema["properties"] == {
        "frame": {"position": 0, "title": "frame"},
        "rows": {"default": 3, "position": 1, "title": "rows", "type": "integer"},
        "mode": {"default": None, "position": 2, "title": "mode", "type": "string"},
    }
    assert found.unread == (
        "parameter `frame`: `pd.DataFrame` could not be read: pandas has to be imported",
        "parameter `mode`: default `pd.MODE` could not be read: pandas has to be imported",
        WHY,
    )


def test_a_flow_that_could_be_read_whole_says_nothing_of_that() -> None:
    assert roughly("@flow\ndef f(x: int = 1): ...").unread == ()


def test_a_description_that_is_not_known_is_left_out_and_said() -> None:
    found = roughly('@flow(description=D)\ndef f():\n    """Own."""')
    assert found.description == "Own."
    assert found.unread == (
        "description: it could not be read: `D` is not defined",
        WHY,
    )


def test_decorators_that_were_passed_over_are_said_first() -> None:
    found = roughly("from company import audited\n@flow(name='one')\n@audited\ndef f(x: X): ...")
    assert found.name == "one"
    assert found.unread[0] == "decorator `@audited` could not be read: it has to be run"
    assert found.unread[-1] == WHY
    assert len(found.unread) == 3


def test_a_name_that_is_not_known_is_refused_as_it_would_register_a_second_flow() -> None:
    found = roughly("from company import PREFIX\n@flow(name=PREFIX + 'a')\ndef f(): ...")
    assert (found.kind, found.at) == ("malformed", Position("a.py", 4))
    assert "company.PREFIX has to be imported" in found.message
    assert found.message.endswith(f"; {WHY}.")
    assert found.remedy == REMEDY


def test_whether_it_is_a_flow_is_never_guessed() -> None:
    found = roughly("from company import job\n@job\ndef f(): ...")
    assert (found.kind, found.at) == ("not-a-flow", Position("a.py"))
    assert "`@job` has to be run" in found.message
    assert found.remedy == REMEDY


def test_what_is_certainly_no_flow_is_told_as_such() -> None:
    assert roughly("def f(): ...").kind == "not-a-flow"
    assert roughly("def g(): ...").kind == "missing-function"


def test_a_type_for_type_checkers_only_is_said_as_prefect_drops_it_too() -> None:
    source = Module.parse(
        "a.py",
        b"from __future__ import annotations\nfrom typing import TYPE_CHECKING\n"
        b"from prefect import flow\nif TYPE_CHECKING:\n    import pandas as pd\n"
        b"@flow\ndef f(frame: pd.DataFrame, rows: int = 3): ...\n",
        script=True,
    )
    found = find(source, ("f",))
    assert isinstance(found, Definition)
    made = read(found)
    assert isinstance(made, Flow)
    assert "type" not in properties(made)["frame"]
    assert properties(made)["rows"]["type"] == "integer"
    assert made.unread == (
        "parameter `frame`: `pd.DataFrame` could not be read: `pd` is imported from pandas for"
        " type checkers only, so that Prefect registers no type",
    )
