"""`flowlift ci`: the workflows as files, and whether they are still as configured."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlift.scaffold.ci.compare import Difference
from flowlift.scaffold.ci.files import Rewritten
from tests.parts.commands import Here, command

WRITE, CHECK = "flowlift.scaffold.ci.files.write", "flowlift.scaffold.ci.files.check"
GITHUB, GITLAB = ".github/workflows/flowlift-image.yml", ".gitlab/flowlift/image.yml"
DONE = [Rewritten("a.yml", "created"), Rewritten("b.yml", "changed"), Rewritten("c.yml", "kept")]


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_write_tells_what_it_did_and_where_to_read_on(here: Here, tmp_path: Path, forge: str):
    calls = here.calls(WRITE, DONE)
    result = command("ci", "write", forge, "-C", str(tmp_path))
    assert calls[0].given == (here.project, forge)
    assert here.opened == [(tmp_path, None, None)]
    assert result.code == 0
    assert result.out.splitlines() == [
        "  + a.yml",
        "  ~ b.yml",
        "    c.yml (kept)",
        "",
        f"What secrets and rights they need: docs/{forge}.md",
    ]


def test_write_as_data(here: Here):
    here.calls(WRITE, DONE)
    assert command("ci", "write", "github", "--json").json == {
        "a.yml": "created",
        "b.yml": "changed",
        "c.yml": "kept",
    }


def test_check_is_content_where_nothing_differs(here: Here):
    calls = here.calls(CHECK, {GITHUB: [], GITLAB: []})
    result = command("ci", "check")
    assert calls[0].given == (here.project, None)
    assert (result.code, result.err) == (0, "")
    assert result.out == f"{GITHUB}, {GITLAB}: as configured.\n"


@pytest.mark.parametrize(("file", "forge"), [(GITHUB, "github"), (GITLAB, "gitlab")])
def test_check_names_each_place_that_differs_and_the_remedy(here: Here, file: str, forge: str):
    found = [Difference(3, "paths: not \x1b as configured"), Difference(0, "It is not there.")]
    here.calls(CHECK, {file: found, "other.yml": []})
    result = command("ci", "check", forge)
    assert result.code == 2
    assert result.out.splitlines() == [
        f"{file}:3: paths: not \\x1b as configured",
        f"{file}: It is not there.",
    ]
    assert result.err == f"  Write them again: flowlift ci write {forge}\n"


def test_check_as_data(here: Here):
    here.calls(CHECK, {GITHUB: [Difference(3, "no")], GITLAB: []})
    result = command("ci", "check", "--json")
    assert result.code == 2
    assert result.json == {GITHUB: [{"line": 3, "text": "no"}], GITLAB: []}
