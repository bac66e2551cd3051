"""A stream that takes itself for a terminal, and what a plan looks like there."""

from __future__ import annotations

import io
from typing import Any

from flowlift.findings import Action
from flowlift.plan.model import Change, Kept, Plan
from flowlift.render.terminal import render_plan
from tests.parts import example_plans as examples


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise OSError("not a real terminal")


def shown(plan: Plan, width: int = 100, **options: Any) -> str:
    return render_plan(plan, **{"colour": False, "width": width, **options})


def update(*fields: tuple[Any, ...], kept: tuple[Kept, ...] = (), **change: Any) -> Plan:
    """A plan of one change that writes `fields` (name, before, after)."""
    return Plan(
        environment="dev",
        scope="all",
        provenance=examples.MAIN,
        changes=(
            Change(
                action=change.get("action", Action.UPDATE),
                deployment="ingest/daily",
                fields=tuple(examples.field(*field) for field in fields),
                kept=kept,
            ),
        ),
    )


def lines(*fields: tuple[Any, ...], width: int = 100, **change: Any) -> list[str]:
    """What is shown below the heading of a plan of one change."""
    text = shown(update(*fields, **change), width)
    block = text.split("\n\n")[1].splitlines()[1:]
    return [line.removeprefix("    ") for line in block]
