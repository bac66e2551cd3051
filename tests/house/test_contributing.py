"""CONTRIBUTING.md leads to what is there: every path that it names, and every folder of src."""

from __future__ import annotations

import re

from tests.parts.root import ROOT

PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def test_every_path_that_is_named_is_there() -> None:
    named = re.findall(r"`((?:src|tests|docs|scripts|bench|\.ci)/[\w./-]+)`", PAGE)
    assert len(named) > 25
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_house_is_drawn_whole() -> None:
    drawing = PAGE.partition("```\nsrc/flowlift/\n")[2].partition("```")[0]
    source = ROOT / "src" / "flowlift"
    rooms = [f"{p.name}/" for p in source.iterdir() if p.is_dir() and p.name != "__pycache__"]
    rooms += [p.name for p in source.glob("*.py") if p.name != "__init__.py"]
    assert [room for room in rooms if room not in drawing] == []
