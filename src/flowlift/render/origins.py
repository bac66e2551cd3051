"""Where each field of a deployment comes from, as `flowlift explain` shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from flowlift.render.screen import Ink
from flowlift.render.values import in_words
from flowlift.render.visible import cells, cut, visible
from flowlift.render.wording import name

if TYPE_CHECKING:
    from flowlift.deployments.explaining import Origin


_LEAST_VALUE = 24


def render_origins(deployments: Mapping[str, Sequence[Origin]], *, colour: bool, width: int) -> str:
    """Per deployment three columns: field, value, origin."""
    ink = Ink(colour)
    lines: list[str] = []
    for key, origins in deployments.items():
        if lines:
            lines.append("")
        lines.append(ink.bold(name(key)))
        fields = max((cells(visible(origin.field)) for origin in origins), default=0)
        sources = max((cells(visible(origin.source)) for origin in origins), default=0)
        room = max(width - fields - sources - 6, _LEAST_VALUE)
        for origin in origins:
            field = visible(origin.field)
            value = cut(visible(in_words(origin.value)), room)
            lines.append(
                f"  {field}{' ' * (fields - cells(field))}"
                f"  {value}{' ' * (room - cells(value))}"
                f"  {ink.dim(visible(origin.source))}".rstrip()
            )
    return "\n".join(lines) + "\n"
