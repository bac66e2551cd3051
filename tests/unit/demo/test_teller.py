"""How the story looks in a log."""

from concurrent.futures import Future
from threading import Timer

import pytest

from flowlift.demo.teller import Storyteller


@pytest.fixture(autouse=True)
def narrow_log(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.delenv("FORCE_COLOR", raising=False)


def test_a_chapter_has_a_headline_words_and_what_was_checked(capsys: pytest.CaptureFixture[str]):
    teller = Storyteller()
    with teller.chapter("The merge", "PROD gets what is on main."):
        teller.checked("the schedules are on")
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("── 1. The merge ──")
    assert len(lines[1]) == 60
    assert lines[2:] == ["PROD gets what is on main.", "  ✓ the schedules are on"]


def test_the_table_has_every_check_and_fits(capsys: pytest.CaptureFixture[str]):
    teller = Storyteller()
    with teller.chapter("The merge", "Words."):
        teller.checked("all three clone main, with the merge's commit in their labels")
        teller.checked("their schedules are on")
    with teller.chapter("A pause", "Words."):
        teller.checked("it is off")
    capsys.readouterr()
    teller.table()
    shown = capsys.readouterr().out
    assert all(len(line) <= 60 for line in shown.splitlines())
    assert shown.count("✓") == 3
    assert "All 3 checks hold, in 0." in shown
    assert [line.split("  ")[0] for line in shown.splitlines() if line[:1].isdigit()] == [
        "1. The merge",
        "2. A pause",
    ]


def test_waiting_is_told_in_the_log(capsys: pytest.CaptureFixture[str]):
    teller, future = Storyteller(), Future[str]()
    Timer(0.05, future.set_result, ["there"]).start()
    assert teller.await_(future, "waiting for Prefect in DEV") == "there"
    assert capsys.readouterr().err == "waiting for Prefect in DEV\n"


def test_what_is_there_is_not_waited_for(capsys: pytest.CaptureFixture[str]):
    teller, future = Storyteller(), Future[str]()
    future.set_result("there")
    assert teller.await_(future, "waiting for Prefect in DEV") == "there"
    assert capsys.readouterr().err == ""
