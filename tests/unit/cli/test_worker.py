"""`flowlift worker`: what each of its commands hands on, and how it ends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flowlift.cli.voice import TerminalVoice
from flowlift.errors import RolloutError
from flowlift.findings import Action, Finding, Level
from flowlift.worker.host.bring import HostReport
from flowlift.worker.host.machine import Tool
from flowlift.worker.model import Part
from flowlift.worker.report import WorkerCheck, WorkerStatus
from flowlift.worker.update import Updated, UpdateOrder
from tests.parts.commands import Here, command

PART = Part("release", "edp-worker", Action.UPDATE)
ERROR = Finding("worker-values", Level.ERROR, "No such key.", "Mend it.", "values-dev.yaml", 3)
RIGHT = WorkerCheck("dev", "k8s", "edp-worker", "edp", "flows:1", "the pool has it")
DIFFERS = replace(RIGHT, parts=(PART,))
WRONG = replace(RIGHT, findings=(ERROR,))
CHECK = "flowlift.worker.check.check_workers"
UPDATE = "flowlift.worker.update.update_worker"
STATUS = "flowlift.worker.status.read_status"
HOST = "flowlift.worker.host.bring.bring_host"


# check -----------------------------------------------------------------------------------


def test_check_hands_on_what_was_asked(here: Here):
    calls = here.calls(CHECK, [RIGHT])
    assert command("worker", "check", "dev", "--branch", "feat/a", "--image", "flows:1").code == 0
    assert here.opened == [(Path(), "feat/a", None)]
    project, environment, voice = calls[0].given
    assert (project, environment, type(voice)) == (here.project, "dev", TerminalVoice)
    assert calls[0].named == {"image": "flows:1"}


@pytest.mark.parametrize(
    ("checked", "code", "detailed"),
    [
        ([RIGHT], 0, 0),
        ([DIFFERS], 0, 2),
        ([RIGHT, WRONG], 2, 1),
        ([DIFFERS, WRONG], 2, 1),
        ([], 0, 0),
    ],
)
def test_check_s_exit_code_tells_errors_and_in_detail_differences(
    here: Here, checked: list[WorkerCheck], code: int, detailed: int
):
    here.calls(CHECK, checked)
    assert command("worker", "check", "dev").code == code
    assert command("worker", "check", "dev", "--json").code == code
    assert command("worker", "check", "dev", "--detailed-exitcode").code == detailed


def test_check_is_shown_or_told_as_data(here: Here):
    here.calls(CHECK, [DIFFERS, WRONG])
    out = command("worker", "check", "dev").out
    assert "edp-worker" in out
    assert "No such key." in out
    first, second = command("worker", "check", "dev", "--json").json
    assert (first["differs"], second["differs"]) == (True, False)
    assert second["findings"][0]["check"] == "worker-values"


# update ----------------------------------------------------------------------------------

UPDATED = Updated("dev", "k8s", "flows:1", changed=True, parts=(PART,), worker="w1", seconds=3.5)


def test_update_hands_on_what_was_asked(here: Here):
    calls = here.calls(UPDATE, [UPDATED])
    words = ["--image", "flows:1", "--timeout", "60", "--lock-wait", "5", "--branch", "feat/a"]
    result = command("worker", "update", "dev", *words)
    assert here.opened == [(Path(), "feat/a", None)]
    assert calls[0].given[:3] == (
        here.project,
        "dev",
        UpdateOrder(image="flows:1", timeout=60.0, lock_wait=5.0),
    )
    assert result.code == 0
    assert result.out == "Work pool k8s: updated (release edp-worker) in 3.5 s.\n"
    assert result.err == "The worker w1 works.\n"


@pytest.mark.parametrize(
    ("done", "out", "err"),
    [
        (
            replace(UPDATED, changed=False, worker="", notes=("a note",)),
            "Work pool k8s: nothing to do.\n",
            "Note: a note\n",
        ),
        (
            replace(UPDATED, parts=()),
            "Work pool k8s: updated (the worker) in 3.5 s.\n",
            "The worker w1 works.\n",
        ),
    ],
)
def test_update_says_what_it_did(here: Here, done: Updated, out: str, err: str):
    here.calls(UPDATE, [done])
    result = command("worker", "update", "dev")
    assert (result.code, result.out, result.err) == (0, out, err)
    (document,) = command("worker", "update", "dev", "--json").json
    assert document["changed"] is done.changed


def test_a_worker_that_does_not_come_up_is_a_failure(here: Here):
    here.calls(UPDATE, RolloutError("It did not come up. Rolled back.", remedy="Look at its log."))
    result = command("worker", "update", "dev")
    assert (result.code, result.out) == (1, "")
    assert result.err == "Error: It did not come up. Rolled back.\n  Look at its log.\n"


# status ----------------------------------------------------------------------------------


def test_a_worker_that_is_not_well_is_a_failure(here: Here):
    status = WorkerStatus("dev", None, None, notes=("the pool is not there",))
    calls = here.calls(STATUS, [status])
    result = command("worker", "status", "dev")
    assert calls[0].given == (here.project, "dev")
    assert result.code == 1
    assert "the pool is not there" in result.out
    document = command("worker", "status", "dev", "--json")
    assert (document.code, document.json[0]["well"]) == (1, False)


def test_where_all_are_well_it_is_done(here: Here, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(WorkerStatus, "well", property(lambda self: True))
    here.calls(STATUS, [WorkerStatus("dev", None, None)])
    assert command("worker", "status", "dev").code == 0
    assert command("worker", "status", "dev", "--json").json[0]["well"] is True


# host ------------------------------------------------------------------------------------

K3S: Any = Tool("k3s", "v1.34.1+k3s1", "right", "v1.34.1+k3s1", "/usr/local/bin/k3s")
MACHINE = HostReport("dev", (K3S,))


def test_host_hands_on_what_was_asked(here: Here, tmp_path: Path):
    calls = here.calls(HOST, MACHINE)
    words = ["--check", "--force", "--root", str(tmp_path)]
    assert command("worker", "host", "dev", *words).code == 0
    project, environment, voice = calls[0].given
    assert (project, environment, type(voice)) == (here.project, "dev", TerminalVoice)
    assert calls[0].named == {"check": True, "force": True, "root": tmp_path}
    command("worker", "host", "dev")
    assert calls[1].named["root"] == Path("/")
    assert not calls[1].named["check"]


def test_a_machine_that_is_not_right_is_a_failure(here: Here):
    here.calls(HOST, replace(MACHINE, tools=(replace(K3S, state="missing"),)))
    result = command("worker", "host", "dev")
    assert result.code == 1
    assert "k3s" in result.out.lower()
    document = command("worker", "host", "dev", "--json")
    assert (document.code, document.json["right"]) == (1, False)
    assert document.json["tools"][0]["state"] == "missing"
