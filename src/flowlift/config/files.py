"""The files that may hold flowlift's configuration, and its table in either."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tomli

OWN, SHARED = "flowlift.toml", "pyproject.toml"

TABLES: Mapping[str, tuple[str, ...]] = {OWN: (), SHARED: ("tool", "flowlift")}
"""Where the table stands in each file; the first file that has one wins."""


def own_table(content: bytes | None, file: str) -> dict[str, Any] | None:
    """flowlift's table in the `content` of one of the files: empty where it has none.

    None where the content is not TOML: for a file as it stands now `load` says what is wrong.
    """
    try:
        table: Any = tomli.loads((content or b"").decode("utf-8"))
    except (tomli.TOMLDecodeError, UnicodeDecodeError):
        return None
    for key in TABLES[file]:
        table = table.get(key) if isinstance(table, dict) else None
    return table if isinstance(table, dict) else {}
