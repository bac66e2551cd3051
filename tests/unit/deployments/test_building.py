"""Build and push steps: which are run, once each, where, and with whose secrets.

A shell script stands in for the interpreter that runs them: it notes what it was given.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from flowlift.deployments import building
from flowlift.deployments.building import RUNNER, run_builds
from flowlift.deployments.reading import Outputs
from flowlift.errors import InputError, StepError
from tests.parts.small_platform import SmallPlatform
from tests.parts.voices import RecordingVoice

SCRIPT = """\
#!/bin/sh
cat >> "{notes}/steps"; echo >> "{notes}/steps"
echo "$1" > "{notes}/runner"; pwd >> "{notes}/folders"; env > "{notes}/environ"
echo "what a step prints"
{end}
"""
WELL = """echo '{"image": {"tag": "flows:1"}}' > "$2\""""


def image(**more: Any) -> dict[str, Any]:
    return {"my.steps.image": {"id": "image", **more}}


class Steps:
    """A platform whose steps a script runs, with its notes, and what the user was told."""

    def __init__(self, platform: SmallPlatform, folder: Path, monkeypatch: pytest.MonkeyPatch):
        self.platform = platform
        self.notes = folder
        self.program = folder / "python"
        self.voice = RecordingVoice()
        self.monkeypatch = monkeypatch
        monkeypatch.setattr(building, "find_python", lambda root, asked: str(self.program))

    def run(self, end: str = WELL) -> Outputs:
        self.program.write_text(SCRIPT.format(notes=self.notes, end=end))
        self.program.chmod(0o755)
        self.platform.commit()
        reading = self.platform.read("prod")
        project = self.platform.project
        endpoint = project.endpoint("prod")
        # The tests' own standard error is no file that a process could be given.
        with (self.notes / "errors").open("w") as errors:
            self.monkeypatch.setattr(sys, "stderr", errors)
            return asyncio.run(run_builds(project, reading, endpoint, self.voice))

    def noted(self, what: str) -> list[str]:
        file = self.notes / what
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def steps(platform: SmallPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Steps:
    folder = tmp_path / "notes"
    folder.mkdir()
    return Steps(platform, folder, monkeypatch)


def test_without_steps_nothing_is_run(steps: Steps):
    assert steps.run() == {}
    assert (steps.voice.steps, steps.noted("steps")) == ([], [])


def test_what_a_step_puts_out_is_its_entry_s(steps: Steps):
    steps.platform.named("nightly")["build"] = [image(name="a")]
    steps.platform.named("nightly")["push"] = [{"my.steps.push": {"name": "b"}}]
    assert steps.run() == {1: {"image": {"tag": "flows:1"}}}
    assert steps.voice.steps == ["building: my.steps.image", "building: my.steps.push"]
    (line,) = steps.noted("steps")
    assert json.loads(line) == [image(name="a"), {"my.steps.push": {"name": "b"}}]
    assert steps.noted("runner") == [str(RUNNER)]
    assert steps.noted("folders") == [str(steps.platform.repository.root)]


def test_what_several_build_alike_is_built_once(steps: Steps):
    for name, tag in (("hourly", "a"), ("nightly", "a"), ("weekly", "b")):
        steps.platform.named(name)["build"] = [image(name=tag)]
    assert set(steps.run()) == {0, 1, 2}
    assert len(steps.noted("steps")) == 2
    assert steps.voice.steps == ["building: my.steps.image"] * 2


def test_what_a_step_prints_leaves_standard_output_alone(steps: Steps):
    steps.platform.named("hourly")["build"] = [image()]
    steps.run()
    assert "what a step prints" in (steps.notes / "errors").read_text()


@pytest.mark.parametrize("end", [f"{WELL}; exit 3", "true"])
def test_a_step_that_fails_or_answers_nothing_ends_it(steps: Steps, end: str):
    steps.platform.named("hourly")["build"] = [image()]
    with pytest.raises(StepError, match=r"\(my.steps.image\); nothing was written") as raised:
        steps.run(end)
    assert str(raised.value.at).startswith("prefect.yaml:")


def test_a_step_gets_its_workspace_and_no_other_s_secrets(steps: Steps):
    steps.platform.named("hourly")["build"] = [image()]
    steps.platform.environ |= {
        "PATH": "/usr/bin:/bin",
        "FLOWLIFT_PROD_API_KEY": "key-of-prod",
        "FLOWLIFT_DEV_API_KEY": "key-of-dev",
        "PREFECT_API_URL": "http://elsewhere.invalid/api",
        "OWN": "kept",
    }
    steps.run()
    environ = dict(line.split("=", 1) for line in steps.noted("environ") if "=" in line)
    assert environ["PREFECT_API_URL"] == "http://prod.invalid/api"
    assert environ["PREFECT_API_KEY"] == "key-of-prod"
    assert environ["OWN"] == "kept"
    assert not [name for name in environ if name.startswith("FLOWLIFT_")]
    assert "key-of-dev" not in environ.values()


def test_a_step_gets_the_variables_of_the_policy(steps: Steps):
    config = '[env.prod]\nref = "default"\n[env.prod.variables]\nSTAGE = "prod"\n'
    steps.platform.commit({"flowlift.toml": config})
    steps.platform.named("hourly")["build"] = [image()]
    steps.run()
    assert "STAGE=prod" in steps.noted("environ")


def test_without_an_interpreter_the_remedy_says_how_to_give_one(steps: Steps):
    steps.platform.named("hourly")["build"] = [image()]
    steps.monkeypatch.setattr(building, "find_python", lambda root, asked: None)
    with pytest.raises(InputError) as raised:
        steps.run()
    assert "flowlift[prefect]" in raised.value.remedy
    assert steps.noted("steps") == []
