from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Optional, Union
from uuid import UUID

from prefect import flow


class Tier(str, enum.Enum):
    FREE = "free"
    PAID = "paid"


@dataclass
class Window:
    start: date
    end: date | None = None
    step: timedelta = timedelta(days=1)


@flow
def signature_scalars(
    text: str,
    number: int = 3,
    ratio: float = 0.5,
    flag: bool = False,
    nothing: None = None,
    raw: bytes = b"",
    amount: Decimal = Decimal("1.50"),
    identity: UUID | None = None,
    where: Path = Path("out"),
    anything: Any = None,
    bare=None,
    bare_default=7,
) -> None:
    """Take plain things.

    Args:
        text: what to print
        number: how often,
            over two lines
        ratio: a share of one
    """


@flow
def signature_unions(
    maybe: Optional[int] = None,
    either: Union[int, str] = "x",
    new_style: int | list[int] | None = None,
    choice: Literal["a", "b", 3] = "a",
    tier: Tier = Tier.FREE,
    nested: dict[str, list[Optional[float]]] = {},
    pair: tuple[int, str] = (1, "one"),
    unique: set[str] = set(),
    when: datetime = datetime(2024, 1, 1),
    day: date | None = None,
    lag: timedelta = timedelta(minutes=5),
) -> None:
    """Take one of several things."""


@flow
def signature_objects(window: Window, windows: list[Window] | None = None) -> None:
    """
    Take objects.

    :param window: the days to look at
    :param windows: more of them
    """


@flow
def signature_open(first, *rest: int, only_named: str = "n", **others: float) -> None:
    pass


@flow
def signature_none():
    """Take nothing at all."""
