"""Tables of the configuration: their keys, and the values that they refuse."""

from __future__ import annotations

import msgspec
import pytest

from flowlift.config.section import ManifestSection, Section, WrongValueError


class Own(Section, frozen=True):
    first_key: int = 0

    def __post_init__(self) -> None:
        if self.first_key < 0:
            raise WrongValueError("below zero", "first-key", "2")


class Theirs(ManifestSection, frozen=True):
    first_key: int = 0


def test_keys_of_a_table_have_dashes_and_those_of_a_manifest_stay():
    assert msgspec.convert({"first-key": 1}, Own) == Own(first_key=1)
    assert msgspec.convert({"first_key": 1}, Theirs) == Theirs(first_key=1)


@pytest.mark.parametrize(("table", "key"), [(Own, "first_key"), (Theirs, "first-key")])
def test_a_key_in_the_other_spelling_is_unknown(table: type[Section], key: str):
    with pytest.raises(msgspec.ValidationError, match=key):
        msgspec.convert({key: 1}, table)


def test_a_table_never_changes():
    with pytest.raises(AttributeError):
        Own().first_key = 1  # type: ignore[misc]


def test_a_refused_value_has_the_way_to_it():
    with pytest.raises(msgspec.ValidationError, match="below zero") as refused:
        msgspec.convert({"first-key": -1}, Own)
    cause = refused.value.__cause__
    assert isinstance(cause, WrongValueError)
    assert (str(cause), cause.path) == ("below zero", ("first-key", "2"))
