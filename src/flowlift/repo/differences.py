"""What differs between two versions of a deployment's entry, and between two configurations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tomli

from flowlift.plan.json_diff import differences
from flowlift.plan.model import Declared

# Tables of tools that look at code and do not run it.
_TOOLS = frozenset(
    {
        "bandit",
        "basedpyright",
        "black",
        "bumpversion",
        "codespell",
        "commitizen",
        "coverage",
        "deptry",
        "flake8",
        "flowlift",
        "interrogate",
        "isort",
        "mypy",
        "nox",
        "pylint",
        "pyright",
        "pytest",
        "ruff",
        "semantic_release",
        "towncrier",
        "tox",
        "ty",
        "vulture",
    }
)
# What of flowlift's own configuration decides what a deployment will be.
_POLICY = frozenset({"default-branch", "env", "repository"})


def entry_changes(old: Declared, new: Declared) -> list[str]:
    """The keys that differ, as in `parameters.rows` or `schedules[0].cron`, steps included."""
    return _differing(_effective(old), _effective(new))


def same_but_name(old: Declared, new: Declared) -> bool:
    """Whether two entries differ in nothing but their names."""
    return entry_changes(old, new) in ([], ["name"])


def project_changes(old: bytes | None, new: bytes | None) -> list[str] | None:
    """The keys of a pyproject.toml that differ and that running code may depend on.

    None where one of the two cannot be read.
    """
    before, after = _parsed(old), _parsed(new)
    if before is None or after is None:
        return None
    return _differing(_run_time(before), _run_time(after))


def run_time(project: bytes | None) -> dict[str, Any] | None:
    """What of a pyproject.toml running code may depend on; None where it cannot be read."""
    parsed = _parsed(project)
    return None if parsed is None else _run_time(parsed)


def policy_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The keys of two configurations that differ and that decide what deployments will be."""
    before, after = ({key: table[key] for key in _POLICY & table.keys()} for table in (old, new))
    return _differing(before, after)


def _effective(entry: Declared) -> dict[str, Any]:
    steps = {
        "build": list(entry.build),
        "push": list(entry.push),
        "pull": None if entry.pull is None else list(entry.pull),
    }
    return {**entry.data, **steps}


def _run_time(project: dict[str, Any]) -> dict[str, Any]:
    """A pyproject.toml without the tables of tools that only look at code."""
    tools = project.get("tool")
    if not isinstance(tools, dict):
        return project
    left = {name: table for name, table in tools.items() if name not in _TOOLS}
    rest = {name: table for name, table in project.items() if name != "tool"}
    return {**rest, "tool": left} if left else rest


def _parsed(content: bytes | None) -> dict[str, Any] | None:
    try:
        return tomli.loads((content or b"").decode("utf-8"))
    except (tomli.TOMLDecodeError, UnicodeDecodeError):
        return None


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [path for path, _, _ in differences(old, new, numbers="as written")]
