"""Options that several commands share: their names, and what they give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from flowlift.cli import options


@click.command()
@options.environment
@options.selection
@options.as_json
@options.yes
@options.lock_wait
def taking(**given: Any) -> dict[str, Any]:
    return given


def given(*arguments: str) -> dict[str, Any]:
    """What a command with all of these options is handed."""
    found: dict[str, Any] = taking.main([*arguments], standalone_mode=False)
    return found


def test_what_is_not_given_is_nothing():
    assert given("dev") == {
        "environment": "dev",
        "directory": Path(),
        "branch": None,
        "base": None,
        "scope": None,
        "names": (),
        "take_over": False,
        "allow_delete": None,
        "as_json": False,
        "yes": False,
        "lock_wait": 300.0,
    }


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["-C", "."], {"directory": Path()}),
        (["--branch", "feat/a"], {"branch": "feat/a"}),
        (["--base", "release"], {"base": "release"}),
        (["--scope", "changed"], {"scope": "changed"}),
        (["-n", "a", "--name", "b/*"], {"names": ("a", "b/*")}),
        (["--take-over"], {"take_over": True}),
        (["--allow-delete", "0"], {"allow_delete": 0}),
        (["--json"], {"as_json": True}),
        (["-y"], {"yes": True}),
        (["--yes"], {"yes": True}),
        (["--lock-wait", "0"], {"lock_wait": 0.0}),
    ],
)
def test_each_gives_its_value(words: list[str], expected: dict[str, Any]):
    assert given("dev", *words) == {**given("dev"), **expected}


def test_options_stand_in_the_help_in_the_order_in_which_they_were_asked_for():
    names = [parameter.name for parameter in taking.params]
    assert names[:3] == ["environment", "directory", "branch"]
