"""What may be used of Python when a flow's source is read without running it: nothing that does."""

from __future__ import annotations

import builtins
import datetime
import enum
import pathlib
import sys
import typing
import uuid

import pytest

from flowlift.repo.flows.allowed import MODULES, attribute, callable_, module
from flowlift.repo.flows.module import NotStatic


def test_an_allowed_module_is_the_module_itself() -> None:
    assert module("datetime") is datetime
    assert module("collections.abc") is sys.modules["collections.abc"]


@pytest.mark.parametrize("name", ["os", "sys", "subprocess", "datetime.datetime", "acme", ""])
def test_no_other_module_is_imported_even_where_it_is_loaded_already(name: str) -> None:
    assert name not in MODULES
    assert module(name) is None


def test_one_that_is_not_installed_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "fractions", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert module("fractions") is None


def test_public_names_stand_for_themselves() -> None:
    assert attribute(datetime, "date") is datetime.date
    assert attribute(builtins, "int") is int


def test_old_names_of_typing_are_made_anew() -> None:
    # What `typing` keeps could come back in the order that another file has.
    assert attribute(typing, "List") is list
    assert attribute(typing, "Optional") is typing.Optional


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (builtins, "__import__"),
        (enum, "_missing"),
        (datetime, "nope"),
        (datetime, "sys"),
        (pathlib, "os"),
        (builtins, "None"),
    ],
)
def test_private_names_and_other_modules_within_are_not_known(owner: object, name: str) -> None:
    with pytest.raises(NotStatic):
        attribute(owner, name)  # type: ignore[arg-type]


def test_what_may_be_called_only_makes_a_value() -> None:
    assert all(map(callable_, (int, datetime.timedelta, pathlib.Path, uuid.UUID, enum.auto)))


@pytest.mark.parametrize(
    "found",
    [
        open,
        eval,
        exec,
        getattr,
        print,
        type,
        datetime.datetime.now,
        pathlib.Path.home,
        uuid.uuid4,
        pathlib.Path("x"),
        enum.Enum,
    ],
)
def test_nothing_else_is(found: object) -> None:
    assert not callable_(found)


def test_what_only_compares_equal_is_not_it() -> None:
    class Sly:
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

    assert not callable_(Sly())
