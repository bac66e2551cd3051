"""Where each field of a deployment comes from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlift.deployments.explaining import Origin
from flowlift.render.origins import render_origins
from flowlift.render.visible import cells
from tests.parts.texts import ANY


def shown(width: int = 60, *, colour: bool = False, **deployments: list[Origin]) -> list[str]:
    return render_origins(deployments, colour=colour, width=width).splitlines()


def test_fields_values_and_origins_stand_in_columns() -> None:
    assert shown(
        daily=[
            Origin("tags", ["a", "b"], "prefect.yaml:12"),
            Origin("work_pool_name", "k8s", "policy dev"),
        ]
    ) == [
        "daily",
        '  tags            ["a", "b"]                 prefect.yaml:12',
        '  work_pool_name  "k8s"                      policy dev',
    ]


def test_deployments_are_parted_by_an_empty_line() -> None:
    lines = shown(daily=[Origin("a", 1, "x")], nightly=[])
    assert [line.split() for line in lines] == [["daily"], ["a", "1", "x"], [], ["nightly"]]
    assert render_origins({}, colour=False, width=80) == "\n"


def test_wide_characters_keep_the_columns() -> None:
    lines = shown(width=80, daily=[Origin("東京", "東", "here"), Origin("abcd", "abcd", "here")])
    ends = [cells(line[: line.index("here")]) for line in lines[1:]]
    assert ends[0] == ends[1]


def test_a_long_value_is_cut_and_never_below_what_says_something() -> None:
    (_, line) = shown(width=10, daily=[Origin("a" * 30, "x" * 90, "b" * 30)])
    assert "(+" in line
    assert line.endswith("b" * 30)
    (_, wide) = shown(width=200, daily=[Origin("a", "x" * 90, "b")])
    assert "x" * 90 in wide


def test_a_field_that_comes_from_nowhere_leaves_no_spaces_behind() -> None:
    assert shown(daily=[Origin("a", None, "")])[1] == "  a  null"


def test_only_the_name_and_the_origin_have_a_colour() -> None:
    name, line = shown(colour=True, daily=[Origin("a", 1, "x")])
    assert name == "\x1b[1mdaily\x1b[0m"
    assert line.endswith("\x1b[2mx\x1b[0m")
    assert line.count("\x1b") == 2


@pytest.mark.parametrize("width", [0, 40, 120])
@given(st.text(ANY, max_size=20))
def test_nothing_of_a_name_reaches_the_screen_as_a_command(width: int, text: str) -> None:
    known = {text: [Origin(text, {text: [text]}, text)]}
    lines = render_origins(known, colour=False, width=width).splitlines()
    assert len(lines) == 2
    assert all(line.isprintable() for line in lines)
