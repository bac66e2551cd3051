"""What a step hands on to the next step of a CI's job."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flowlift.project.outputs import CODE_QUALITY, DOTENV, DOTENV_ROOM, OUTPUTS, write_outputs
from tests.parts.root import ROOT

GIVEN = {"changed": "true", "image": "ghcr.io/acme/flows@sha256:1"}


def gitlab(folder: Path) -> dict[str, str]:
    return {"GITLAB_CI": "true", "CI_PROJECT_DIR": str(folder)}


def test_the_docs_tell_of_every_output_and_of_the_files_that_gitlab_takes() -> None:
    text = (ROOT / "docs" / "what-happens-when.md").read_text(encoding="utf-8")
    section = text.partition("## What later jobs get")[2].partition("\n## ")[0]
    rows = [line.split(" | ")[0] for line in section.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall("`([a-z]+)`", row)} == set(OUTPUTS)
    assert f"`{DOTENV}`" in section
    assert f"`{CODE_QUALITY}`" in section


def test_github_gets_a_line_for_each_in_its_file_behind_what_is_there(tmp_path: Path):
    file = tmp_path / "output"
    file.write_text("other=1\n")
    write_outputs({"GITHUB_OUTPUT": str(file)}, GIVEN)
    assert file.read_text() == "other=1\nchanged=true\nimage=ghcr.io/acme/flows@sha256:1\n"


def test_gitlab_gets_them_as_variables_in_a_file_of_the_project(tmp_path: Path):
    write_outputs(gitlab(tmp_path), GIVEN)
    write_outputs(gitlab(tmp_path), {"digest": "sha256:1"})
    assert (tmp_path / DOTENV).read_text() == (
        "FLOWLIFT_CHANGED=true\n"
        "FLOWLIFT_IMAGE=ghcr.io/acme/flows@sha256:1\n"
        "FLOWLIFT_DIGEST=sha256:1\n"
    )


def test_what_gitlab_has_no_room_for_is_left_out_the_longest_first(tmp_path: Path):
    outputs = {"deployments": "x" * DOTENV_ROOM, **GIVEN}
    write_outputs(gitlab(tmp_path), outputs)
    text = (tmp_path / DOTENV).read_text()
    assert "FLOWLIFT_IMAGE=" in text
    assert "FLOWLIFT_DEPLOYMENTS=" not in text


def test_room_is_counted_in_bytes_with_what_is_there_already(tmp_path: Path):
    file = tmp_path / DOTENV
    file.write_bytes(b"x" * (DOTENV_ROOM - len("FLOWLIFT_A=é\n".encode())))
    write_outputs(gitlab(tmp_path), {"a": "éé"})
    assert b"FLOWLIFT_A" not in file.read_bytes()
    write_outputs(gitlab(tmp_path), {"a": "é"})
    assert file.stat().st_size == DOTENV_ROOM


@pytest.mark.parametrize(
    "environ", [{}, {"GITHUB_OUTPUT": ""}, {"GITLAB_CI": "true"}, {"CI_PROJECT_DIR": "."}]
)
def test_other_systems_get_no_file(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    write_outputs(environ, GIVEN)
    assert list(tmp_path.iterdir()) == []
