"""Files of a repository with flows, and what is read of them by running their code."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flowlift.repo.entrypoint import Entrypoint
from flowlift.repo.flows import read_flows
from tests.parts import trees

PLAIN = "from prefect import flow\n@flow\ndef f(x: int = len('abc')): ...\n"
"""A flow that only running tells all of."""


def write(root: Path, files: Mapping[str, str]) -> None:
    """Write sources, indented as the test has them."""
    trees.write(root, {path: textwrap.dedent(source) for path, source in files.items()})


def read(root: Path, *texts: str, **options: Any) -> list[Any]:
    """The flow behind each entrypoint, or why there is none."""
    found = read_flows(root, [Entrypoint(text) for text in texts], **options)
    return [found[Entrypoint(text)] for text in texts]
