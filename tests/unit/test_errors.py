"""One tree of errors, each with an exit code, and what a user reads of one."""

from __future__ import annotations

import inspect

import pytest

from flowlift import errors
from flowlift.errors import AnswerError, FlowliftError, InputError, Position

ALL = [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, Exception)]
TREE = [one for one in ALL if issubclass(one, FlowliftError)]


def test_every_error_stands_in_the_one_tree_and_says_what_it_is() -> None:
    assert len(TREE) == len(ALL) > 20
    for one in TREE:
        assert one.__name__.endswith("Error")
        assert one.__doc__, one


def test_wrong_input_ends_with_2_and_everything_else_with_1() -> None:
    for one in TREE:
        assert one.exit_code == (2 if issubclass(one, InputError) else 1), one


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (Position("prefect.yaml", 12), "prefect.yaml:12"),
        (Position("prefect.yaml"), "prefect.yaml"),
        (Position("größe.yaml", 0), "größe.yaml"),
        (Position("", 0), ""),
    ],
)
def test_a_place_is_a_file_and_a_line_where_one_is_known(at: Position, shown: str) -> None:
    assert str(at) == shown


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (FlowliftError("It failed."), "It failed."),
        (FlowliftError("It failed.", remedy="Mend it."), "It failed.\n  Mend it."),
        (FlowliftError("Wrong.", at=Position("a.yaml", 3)), "a.yaml:3: Wrong."),
        (
            InputError("größe\x1b", remedy="a\nb", at=Position("a.yaml")),
            "a.yaml: größe\x1b\n  a\nb",
        ),
        (FlowliftError(""), ""),
    ],
)
def test_an_error_is_its_place_its_message_and_its_remedy(error: FlowliftError, shown: str) -> None:
    assert str(error) == shown


def test_an_error_keeps_its_parts_apart() -> None:
    error = InputError("x", remedy="y", at=Position("z", 1))
    assert (error.message, error.remedy, error.at) == ("x", "y", Position("z", 1))
    assert error.args == ("x",)
    plain = FlowliftError("x")
    assert (plain.remedy, plain.at) == ("", None)


def test_an_answer_has_its_status_and_one_exit_code_with_its_kind() -> None:
    error = AnswerError("refused", status=422, remedy="mend it")
    assert (error.status, error.exit_code, str(error)) == (422, 1, "refused\n  mend it")
