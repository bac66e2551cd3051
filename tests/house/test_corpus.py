"""The corpus of tests/corpus says of itself what is true, and covers what it is there for."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

from tests.parts import corpus
from tests.parts.corpus import Case, Expected

CASES = corpus.load()

DOCS = Path(__file__).parents[2] / "docs" / "checks.md"

MISSING_ON_PURPOSE = re.compile(r"\w+_not_installed")
"""What cases about missing imports import."""

WITH_PREFECT = {"prefect", "pydantic"}
"""What an interpreter that has Prefect always has."""


def _name(case: Case) -> str:
    return case.name


def _findings(case: Case) -> tuple[Expected, ...]:
    return (*case.refuses, *case.warns)


def test_is_large_enough() -> None:
    assert len([case for case in CASES if case.registers]) >= 60
    assert len([case for case in CASES if not case.registers]) >= 30


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_manifests_and_findings_are_where_the_case_says(case: Case) -> None:
    for file, root in case.manifests:
        assert (case.folder / file).is_file()
        assert (case.folder / root).is_dir()
    for expected in _findings(case):
        lines = (case.folder / expected.file).read_text(encoding="utf-8").splitlines()
        assert expected.line == 0 or lines[expected.line - 1].strip()
    assert (case.then is not None) == (case.folder / "then").is_dir()


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_code_needs_nothing_but_prefect(case: Case) -> None:
    own = {path.stem if path.is_file() else path.name for path in case.folder.rglob("*")}
    for file in case.folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                top = name.partition(".")[0]
                known = top in sys.stdlib_module_names or top in WITH_PREFECT or top in own
                assert known or MISSING_ON_PURPOSE.fullmatch(top), f"{file}: {name}"


def test_every_check_is_documented() -> None:
    documented = set(re.findall(r"^### ([a-z-]+)$", DOCS.read_text(encoding="utf-8"), re.MULTILINE))
    used = {expected.check for case in CASES for expected in _findings(case)}
    assert used <= documented
