"""Every check has its section or row in the documentation, with its level, and is made."""

from __future__ import annotations

import re

from flowlift.plan.checks.report import CHECKS
from flowlift.worker.values import findings as worker
from tests.parts.root import ROOT


def test_each_check_is_documented_with_its_level() -> None:
    page = (ROOT / "docs" / "checks.md").read_text("utf-8")
    sections = re.findall(r"^### ([\w-]+)\n\*(error|warning)\.\*", page, re.M)
    assert dict(sections) == {name: level.value for name, level in CHECKS.items()}


def test_each_check_of_a_worker_has_a_row_with_its_level() -> None:
    page = (ROOT / "docs" / "worker.md").read_text("utf-8")
    rows = re.findall(r"^\| ([a-z-]+) \| (error|warning) \|", page, re.M)
    assert dict(rows) == {name: level.value for name, level in worker.CHECKS.items()}


def test_each_check_is_made_somewhere() -> None:
    files = (file for file in (ROOT / "src").rglob("*.py") if file.name != "report.py")
    code = "".join(file.read_text("utf-8") for file in files)
    by_problem = {"tags"}  # the check's name is also the key's
    unmade = {name for name in CHECKS if not re.search(rf"\"{name}\"", code)} - by_problem
    assert not unmade
