from __future__ import annotations

from typing import Any

import pytest

from flowlift.config import read_settings
from flowlift.scaffold.ci.install import Install, choose

LOCK = Install("uv run --locked flowlift")


def index(requirement: str) -> Install:
    return Install('uvx --from "$FLOWLIFT" flowlift', {"FLOWLIFT": requirement})


@pytest.mark.parametrize(
    ("ci", "locked", "expected"),
    [
        ({}, True, LOCK),
        ({}, False, index("flowlift==1.2.0")),
        ({"install": "lock"}, False, LOCK),
        ({"install": "index"}, True, index("flowlift==1.2.0")),
        ({"requirement": "flowlift>=1,<2; echo"}, True, index("flowlift>=1,<2; echo")),
        ({"install": "lock", "requirement": "flowlift>=1"}, True, LOCK),
    ],
)
def test_the_lock_wins_unless_the_configuration_says_otherwise(
    ci: dict[str, Any], locked: bool, expected: Install
) -> None:
    assert choose(read_settings({"ci": ci}).ci, locked=locked, version="1.2.0") == expected
