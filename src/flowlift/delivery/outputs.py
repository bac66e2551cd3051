"""What a step hands on to the next step of a CI's job."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def write_outputs(environ: Mapping[str, str], outputs: Mapping[str, str]) -> None:
    """Set outputs where the CI takes them from a file: GitHub and Gitea (`GITHUB_OUTPUT`).

    Other systems take the command's JSON. Values are single lines.
    """
    file = environ.get("GITHUB_OUTPUT")
    if file:
        with Path(file).open("a", encoding="utf-8") as stream:
            stream.writelines(f"{name}={value}\n" for name, value in outputs.items())
