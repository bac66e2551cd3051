"""docs/worker.md has a row for each check of a worker, with its default level."""

from __future__ import annotations

import re
from pathlib import Path

from flowlift.worker.values.findings import CHECKS

PAGE = Path(__file__).parents[3] / "docs" / "worker.md"
ROW = re.compile(r"^\| ([a-z-]+) \| (error|warning) \|", re.MULTILINE)


def test_every_check_has_a_row_with_its_level() -> None:
    rows = dict(ROW.findall(PAGE.read_text(encoding="utf-8")))
    assert rows == {name: level.value for name, level in CHECKS.items()}
