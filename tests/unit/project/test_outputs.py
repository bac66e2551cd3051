from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from flowlift.project.outputs import CODE_QUALITY, DOTENV, OUTPUTS, write_outputs
from tests.parts.root import ROOT


def test_the_docs_tell_of_every_output_and_of_the_files_that_gitlab_takes() -> None:
    text = (ROOT / "docs" / "what-happens-when.md").read_text(encoding="utf-8")
    section = text.partition("## What later jobs get")[2].partition("\n## ")[0]
    rows = [line.split(" | ")[0] for line in section.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall("`([a-z]+)`", row)} == set(OUTPUTS)
    assert f"`{DOTENV}`" in section
    assert f"`{CODE_QUALITY}`" in section


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"GITHUB_OUTPUT": "{}/out"}, "image=a@b\nchanged=true\n"),
        (
            {"GITLAB_CI": "true", "CI_PROJECT_DIR": "{}"},
            "FLOWLIFT_IMAGE=a@b\nFLOWLIFT_CHANGED=true\n",
        ),
    ],
)
def test_outputs(tmp_path: Path, environ: dict[str, str], expected: str) -> None:
    given = {key: value.replace("{}", str(tmp_path)) for key, value in environ.items()}
    write_outputs(given, {"image": "a@b", "changed": "true"})
    (file,) = tmp_path.iterdir()
    assert file.name in {"out", DOTENV}
    assert file.read_text() == expected


def test_gitlab_s_file_keeps_its_size_and_drops_the_longest(tmp_path: Path) -> None:
    environ = {"GITLAB_CI": "true", "CI_PROJECT_DIR": str(tmp_path)}
    names = json.dumps([f"flow/deployment-{number}" for number in range(300)])
    write_outputs(environ, {"changed": "true", "deployments": names, "image": "a@b"})
    assert (tmp_path / DOTENV).read_text() == "FLOWLIFT_CHANGED=true\nFLOWLIFT_IMAGE=a@b\n"
    write_outputs(environ, {"digest": "x" * 5_000})
    assert "DIGEST" not in (tmp_path / DOTENV).read_text()
