"""The garbage collector rests while much is made, and works again afterwards."""

from __future__ import annotations

import gc

import pytest

from flowlift.repo.garbage import uncollected


def test_no_collection_runs_within_and_they_do_again_after_it() -> None:
    assert gc.isenabled()
    with uncollected():
        assert not gc.isenabled()
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()  # the outer one is not over
    assert gc.isenabled()


def test_an_error_within_turns_it_on_again() -> None:
    with pytest.raises(ValueError, match="within"), uncollected():
        raise ValueError("within")
    assert gc.isenabled()


def test_what_was_off_before_stays_off() -> None:
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
