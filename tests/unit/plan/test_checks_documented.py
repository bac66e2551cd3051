"""Every check has its section in the documentation, with the level that it has, and is made."""

from __future__ import annotations

import re
from pathlib import Path

from flowlift.plan.checks.report import CHECKS

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "checks.md"


def test_each_check_is_documented_with_its_level() -> None:
    sections = re.findall(r"^### ([\w-]+)\n\*(error|warning)\.\*", PAGE.read_text("utf-8"), re.M)
    assert dict(sections) == {name: level.value for name, level in CHECKS.items()}


def test_each_check_is_made_somewhere() -> None:
    files = (file for file in (ROOT / "src").rglob("*.py") if file.name != "report.py")
    code = "".join(file.read_text("utf-8") for file in files)
    by_problem = {"tags"}  # the check's name is also the key's
    unmade = {name for name in CHECKS if not re.search(rf"\"{name}\"", code)} - by_problem
    assert not unmade
