"""The lock files fit pyproject.toml, and install anywhere."""

from __future__ import annotations

import re
from typing import Any

import pytest
import tomli
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.parts.root import ROOT

LOCKS = ("requirements.lock", "requirements-dev.lock", "tests/prefect-3.4.lock")


def _project() -> dict[str, Any]:
    return tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _locked(lock: str) -> dict[str, list[Version]]:
    """The versions of each package: several where they depend on the Python."""
    found: dict[str, list[Version]] = {}
    for line in (ROOT / lock).read_text(encoding="utf-8").splitlines():
        if pin := re.match(r"([a-z0-9][a-z0-9._-]*)==([^ ;]+)", line):
            found.setdefault(canonicalize_name(pin[1]), []).append(Version(pin[2]))
    return found


def _wanted(lock: str) -> list[str]:
    project = _project()
    wanted: list[str] = list(project["project"]["dependencies"])
    if lock == "requirements-dev.lock":
        for extra in project["project"]["optional-dependencies"].values():
            wanted += extra
        wanted += project["dependency-groups"]["dev"]
    return wanted


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_lock_holds_what_the_project_wants(lock: str):
    locked = _locked(lock)
    for text in _wanted(lock):
        wanted = Requirement(text)
        versions = locked.get(canonicalize_name(wanted.name))
        assert versions, f"{wanted.name} is not in {lock}: run `make lock`"
        for version in versions:
            assert version in wanted.specifier, f"{lock} has {version} for {text}: run `make lock`"


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_has_hashes_and_no_addresses(lock: str):
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"://|^-|(^|\s)/", text, re.MULTILINE)
    for block in re.split(r"\n(?=[a-z0-9])", text):
        if "==" in block:
            assert "--hash=sha256:" in block, block
