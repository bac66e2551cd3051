"""What a step hands on to the next step of a CI's job."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

DOTENV = "flowlift.env"


def write_outputs(environ: Mapping[str, str], outputs: Mapping[str, str]) -> None:
    """Set outputs where the CI takes them from a file.

    GitHub and Gitea have `GITHUB_OUTPUT`. For GitLab, `flowlift.env` in the project's folder has
    them as `FLOWLIFT_CHANGED=...`, for `artifacts: reports: dotenv`. Other systems take the
    command's JSON. Values are single lines.
    """
    if file := environ.get("GITHUB_OUTPUT"):
        with Path(file).open("a", encoding="utf-8") as stream:
            stream.writelines(f"{name}={value}\n" for name, value in outputs.items())
    if environ.get("GITLAB_CI") == "true" and environ.get("CI_PROJECT_DIR"):
        with (Path(environ["CI_PROJECT_DIR"]) / DOTENV).open("a", encoding="utf-8") as stream:
            stream.writelines(
                f"FLOWLIFT_{name.upper()}={value}\n" for name, value in outputs.items()
            )
