"""Every check has its section or row in the documentation, with its level, and is made."""

from __future__ import annotations

import re

from flowlift.findings import CHECKS
from tests.parts.root import ROOT


def test_each_check_is_documented_with_its_level() -> None:
    """Those of a deployment have sections, those of a worker rows; some are both's."""
    sections = _documented("checks.md", r"^### ([\w-]+)\n\*(error|warning)\.\*")
    rows = _documented("worker.md", r"^\| ([a-z-]+) \| (error|warning) \|")
    assert sections | rows == {name: level.value for name, level in CHECKS.items()}
    assert sections | rows == rows | sections


def _documented(page: str, pattern: str) -> dict[str, str]:
    return dict(re.findall(pattern, (ROOT / "docs" / page).read_text("utf-8"), re.MULTILINE))


def test_each_check_is_made_somewhere() -> None:
    files = (file for file in (ROOT / "src").rglob("*.py") if file.name != "findings.py")
    code = "".join(file.read_text("utf-8") for file in files)
    by_problem = {"tags"}  # the check's name is also the key's
    unmade = {name for name in CHECKS if not re.search(rf"\"{name}\"", code)} - by_problem
    assert not unmade
