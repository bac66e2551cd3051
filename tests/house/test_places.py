"""Each unit test stands where its module stands. `make house` says which module has none."""

from __future__ import annotations

from tests.parts.root import ROOT

SRC = ROOT / "src/flowlift"
UNIT = ROOT / "tests/unit"


def test_each_unit_test_is_named_after_a_module_or_its_own_folder() -> None:
    astray = []
    for test in UNIT.rglob("test_*.py"):
        folder, name = test.parent.relative_to(UNIT), test.stem.removeprefix("test_")
        if name != folder.name and not (SRC / folder / f"{name}.py").is_file():
            astray.append(str(test.relative_to(UNIT)))
    assert astray == []
