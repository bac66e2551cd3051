"""A project without git behind it, for what reads its files and its configuration alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flowlift.config import read_settings
from flowlift.project.context import CiContext
from flowlift.project.project import Project
from flowlift.repo.git import Repository


def project_at(
    root: Path, table: Mapping[str, Any], environ: Mapping[str, str] | None = None
) -> Project:
    """The project in the folder `root`, with the configuration that `table` says."""
    return Project(
        repository=Repository(root),
        root=root,
        settings=read_settings(table),
        configured=True,
        context=CiContext(),
        environ=environ or {},
    )
