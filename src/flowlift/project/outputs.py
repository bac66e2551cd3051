"""What a step hands on to the next step of a CI's job, and the files that the CI takes it from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

OUTPUTS = ("changed", "deployments", "image", "digest", "plan")
"""What `deliver` hands on."""

DOTENV = "flowlift.env"
"""Where GitLab takes outputs from, as variables of later jobs."""
DOTENV_ROOM = 5_000
"""Bytes of `DOTENV`: GitLab refuses one above 5,120, and fails the job by that."""
CODE_QUALITY = "gl-code-quality-report.json"
"""Where GitLab takes findings from, to show them at their lines."""


def write_outputs(environ: Mapping[str, str], outputs: Mapping[str, str]) -> None:
    """Set outputs where the CI takes them from a file.

    GitHub and Gitea have `GITHUB_OUTPUT`. For GitLab, `flowlift.env` in the project's folder has
    them as `FLOWLIFT_CHANGED=...`, for `artifacts: reports: dotenv`. Other systems take the
    command's JSON. Values are single lines. What GitLab would have no room for is left out there.
    """
    if file := environ.get("GITHUB_OUTPUT"):
        with Path(file).open("a", encoding="utf-8") as stream:
            stream.writelines(f"{name}={value}\n" for name, value in outputs.items())
    if environ.get("GITLAB_CI") == "true" and environ.get("CI_PROJECT_DIR"):
        _write_dotenv(Path(environ["CI_PROJECT_DIR"]) / DOTENV, outputs)


def _write_dotenv(file: Path, outputs: Mapping[str, str]) -> None:
    """Add what there is room for, the short values first: an image before 300 names."""
    lines = [f"FLOWLIFT_{name.upper()}={value}\n" for name, value in outputs.items()]
    room = DOTENV_ROOM - (file.stat().st_size if file.exists() else 0)
    fits = set()
    for line in sorted(lines, key=len):
        room -= len(line.encode())
        if room >= 0:
            fits.add(line)
    with file.open("a", encoding="utf-8") as stream:
        stream.writelines(line for line in lines if line in fits)
