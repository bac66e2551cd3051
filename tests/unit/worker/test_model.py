"""The words of a worker: what differs, and what is never shown."""

from __future__ import annotations

import pytest

from flowlift.findings import Action
from flowlift.worker.model import DesiredPool, Part
from tests.parts.worker_values import desired_worker


@pytest.mark.parametrize("action", list(Action))
def test_a_part_differs_unless_nothing_is_to_be_done(action: Action) -> None:
    assert Part("pool", "p", action).differs is (action is not Action.NONE)


def test_values_and_templates_do_not_show_in_a_repr() -> None:
    pool = DesiredPool("p", {"variables": "hunter2"}, "image@sha256:1")
    shown = repr(desired_worker(values={"key": "hunter2"}, pool=pool))
    assert "hunter2" not in shown
    assert "image@sha256:1" in shown
