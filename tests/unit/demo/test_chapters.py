"""The chapters, as far as no server is needed: what they change in the platform's files.

The prompt is a stand-in; the whole story is told in `tests/real/demo/test_story.py`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from flowlift.config import load
from flowlift.demo import chapters
from flowlift.demo.chapters import ALL, LEFT, MANIFEST, SHARED
from flowlift.demo.stage import DEFAULT_BRANCH, PLATFORM
from flowlift.demo.witness import Held
from flowlift.errors import FlowliftError
from flowlift.scaffold import write_platform


@dataclass
class StandInPrompt:
    """A prompt that runs nothing and notes what it was asked."""

    folder: Path
    asked: list[str] = field(default_factory=list)
    exported: dict[str, str] = field(default_factory=dict)

    def git(self, *words: str) -> str:
        self.asked.append(" ".join(words))
        return ""

    def ask_git(self, *words: str) -> str:
        return f"answer to {' '.join(words)}"

    def export(self, name: str, value: str) -> None:
        self.exported[name] = value


@pytest.fixture
def prompt(tmp_path: Path) -> StandInPrompt:
    """A prompt in the platform that `flowlift init` writes in the demo."""
    remote = "file:///demo/weather.git"
    write_platform(tmp_path, name=PLATFORM, remote_url=remote, default_branch=DEFAULT_BRANCH)
    return StandInPrompt(tmp_path)


@pytest.fixture
def scene(prompt: StandInPrompt) -> Any:
    nobody: Any = None
    return chapters._Scene(nobody, nobody, prompt)  # type: ignore[arg-type]


def declared(prompt: StandInPrompt) -> dict[str, Any]:
    document = yaml.safe_load((prompt.folder / MANIFEST).read_text(encoding="utf-8"))
    return {each["name"]: each for each in document["deployments"]}


def test_the_platform_declares_what_the_story_speaks_of(prompt: StandInPrompt) -> None:
    assert set(declared(prompt)) == ALL
    for flow in ("ingest", "report"):
        source = (prompt.folder / f"src/flows/{flow}.py").read_text(encoding="utf-8")
        assert "shared" in source


def test_an_edit_changes_one_place_and_shows_it(scene: Any, prompt: StandInPrompt) -> None:
    scene.edit(SHARED, "range(HOURS)", "range(0, HOURS, 3)")
    text = (prompt.folder / SHARED).read_text(encoding="utf-8")
    assert "range(0, HOURS, 3)" in text
    assert "range(HOURS)" not in text
    assert prompt.asked == [f"diff --unified=0 {SHARED}"]


@pytest.mark.parametrize("before", ["nowhere in there", "\n"])
def test_an_edit_of_what_is_not_there_once_stops_the_story(
    scene: Any, prompt: StandInPrompt, before: str
) -> None:
    text = (prompt.folder / SHARED).read_text(encoding="utf-8")
    with pytest.raises(FlowliftError, match=r"says .* once"):
        scene.edit(SHARED, before, "x")
    assert (prompt.folder / SHARED).read_text(encoding="utf-8") == text
    assert prompt.asked == []


def test_the_hourly_schedule_can_be_moved(scene: Any, prompt: StandInPrompt) -> None:
    scene.edit(MANIFEST, 'cron: "5 * * * *"', 'cron: "15 * * * *"')
    assert [each["cron"] for each in declared(prompt)["hourly"]["schedules"]] == ["15 * * * *"]


def test_the_weekly_report_stands_last_and_can_be_removed(
    scene: Any, prompt: StandInPrompt
) -> None:
    text = (prompt.folder / MANIFEST).read_text(encoding="utf-8")
    scene.edit(MANIFEST, text[text.index("\n  - name: weekly") :], "")
    assert set(declared(prompt)) == LEFT


def test_test_runs_may_begin_later_on_a_busy_machine(scene: Any, prompt: StandInPrompt) -> None:
    scene.be_patient()
    assert load(prompt.folder).settings.verify.start_timeout == 300
    with pytest.raises(FlowliftError, match=r"pyproject\.toml says"):
        scene.be_patient()


def test_a_branch_is_merged_as_a_forge_does(scene: Any, prompt: StandInPrompt) -> None:
    scene.push("Read less", "feat/x")
    assert prompt.asked == [
        "commit -qm Read less".replace("-qm", "-qam"),
        "push -q -u origin feat/x",
    ]
    prompt.asked.clear()
    assert scene.merge("feat/x") == "answer to rev-parse HEAD"
    assert prompt.asked == [
        "switch -q main",
        "merge -q --no-ff -m Merge feat/x feat/x",
        "push -q",
    ]


def held(**active: bool) -> Held:
    return Held("id", "main", (), active, {}, {}, {})


def test_a_deployment_is_scheduled_by_one_schedule_that_is_on() -> None:
    found = chapters._scheduled(
        {"none": held(), "off": held(a=False), "some": held(a=False, b=True), "on": held(a=True)}
    )
    assert found == {"some", "on"}


class StandInWorkspace:
    """A workspace that plans runs only after some looks at it."""

    def __init__(self, *found: dict[str, str]) -> None:
        self.found = list(found)

    def runs(self, *states: str) -> dict[str, str]:
        assert states == ("SCHEDULED",)
        return self.found.pop(0) if len(self.found) > 1 else self.found[0]


def test_planned_runs_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    late: Any = StandInWorkspace({}, {}, {"run": "d"})
    assert chapters._await_planned_runs(late) == {"run"}
    monkeypatch.setattr(chapters, "SCHEDULING", 0.0)
    never: Any = StandInWorkspace({})
    with pytest.raises(FlowliftError, match="Prefect plans runs"):
        chapters._await_planned_runs(never)
