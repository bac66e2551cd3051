"""A stand-in for the package `prefect`, which takes a second and more to be imported.

It has what `pieces` asks Prefect for: the decorator, and the class of flows. That the real one
takes the same is seen in `tests/real/repo/flows/test_pieces.py`.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable
from typing import Any

import pytest


class StandInFlow:
    """What the decorator makes of a function."""

    def __init__(self, function: Callable[..., Any], **options: Any) -> None:
        self.fn = function
        self.options = options
        self.name = options.get("name") or function.__name__.replace("_", "-")


def stand_in_flow(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """`@flow` with and without options, as Prefect's own."""
    if function is None:
        return functools.partial(stand_in_flow, **options)
    return StandInFlow(function, **options)


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `import prefect` give the stand-in."""
    package, flows = types.ModuleType("prefect"), types.ModuleType("prefect.flows")
    vars(package).update(flow=stand_in_flow, flows=flows, Flow=StandInFlow)
    vars(flows).update(flow=stand_in_flow, Flow=StandInFlow)
    monkeypatch.setitem(sys.modules, "prefect", package)
    monkeypatch.setitem(sys.modules, "prefect.flows", flows)
