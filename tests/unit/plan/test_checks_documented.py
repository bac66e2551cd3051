"""Every check has its section in the documentation, with the level that it has."""

from __future__ import annotations

import re
from pathlib import Path

from flowlift.plan.checks.report import CHECKS

PAGE = Path(__file__).parents[3] / "docs" / "checks.md"


def test_each_check_is_documented_with_its_level() -> None:
    sections = re.findall(r"^### ([\w-]+)\n\*(error|warning)\.\*", PAGE.read_text("utf-8"), re.M)
    assert dict(sections) == {name: level.value for name, level in CHECKS.items()}
