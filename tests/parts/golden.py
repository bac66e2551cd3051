"""Texts that a person has looked at and found good. `FLOWLIFT_GOLDEN=write pytest` renews them."""

from __future__ import annotations

import os
from pathlib import Path

from tests.parts.root import ROOT

GOLDEN = ROOT / "tests/unit/render/golden"
DOCS = ROOT / "docs"


def check(text: str, file: Path) -> None:
    """`text` is what `file` holds."""
    if os.environ.get("FLOWLIFT_GOLDEN") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text.encode())
    assert text == file.read_bytes().decode(), f"look at the difference, then renew {file.name}"
