"""The table of workflows, and docs/what-happens-when.md, which says the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple, get_args

import pytest

from flowlift.delivery.events import in_queue, read_event
from flowlift.project.context import CiContext
from flowlift.project.workflows import (
    BUILDING,
    DEV,
    ELSEWHERE,
    PROD,
    QUEUED,
    TABLE,
    WORKFLOWS,
    WRITING,
    Stage,
    Unless,
    Verb,
    Workflow,
    writes,
)
from tests.parts.root import ROOT


def events(**changes: object) -> CiContext:
    return CiContext(**{"ci": "github", **changes})  # type: ignore[arg-type]


def pull(**changes: object) -> CiContext:
    return events(event="pull_request", branch="feat/a", **{"base": "main", **changes})


EVENTS: Mapping[str, tuple[CiContext, ...]] = {
    "pull request opened, updated, reopened, ready for review": tuple(
        pull(action=action) for action in ("opened", "synchronize", "reopened", "ready_for_review")
    ),
    "pull request into another branch than the default one": (pull(base="release"),),
    "draft": (pull(draft=True),),
    "merge queue; merge train": (
        events(event="merge_group", branch="queue/main/pr-7", base="main"),
        events(event="merge_request_event", branch="feat/a", base="main", action="merge_train"),
    ),
    "pull request from a fork": (pull(fork=True), pull(fork=True, draft=True)),
    "pull request merged; push to the default branch": (
        pull(action="closed", gone="feat/a", merged=True),
        events(event="push", branch="main"),
    ),
    "pull request closed, not merged; merged into another branch; branch deleted": (
        pull(action="closed", gone="feat/a"),
        pull(action="closed", gone="feat/a", merged=True, base="release"),
        events(event="delete", gone="feat/a"),
        events(event="push", gone="feat/a"),
    ),
    "pull request of a fork closed": (pull(action="closed", fork=True),),
    "push to another branch": (events(event="push", branch="feat/a"),),
    "tag pushed or deleted": (events(event="push", tag="v1"), events(event="delete")),
    "by hand or by schedule, on the default branch": (
        events(event="workflow_dispatch", branch="main"),
        events(event="schedule", branch="main"),
    ),
    "by hand or by schedule, on another branch": (
        events(event="workflow_dispatch", branch="feat/a"),
    ),
}
"""The events of the docs' table, as a CI says them."""


class DocsRow(NamedTuple):
    stage: Stage
    cells: Mapping[Workflow, str]


def docs_table() -> dict[str, DocsRow]:
    text = (ROOT / "docs" / "what-happens-when.md").read_text(encoding="utf-8")
    section = text.partition("## The events")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    rows = {}
    for line in lines[2:]:
        event, stage, *cells = (cell.strip() for cell in line.strip("|").split(" | "))
        rows[event] = DocsRow(Stage(stage.strip("`")), dict(zip(WORKFLOWS, cells, strict=True)))
    return rows


DOCS = docs_table()


def told(cell: str) -> list[tuple[str, str]]:
    """The verbs of a cell in their order, each with its environments."""
    refs = {"": "", " DEV": DEV, " PROD": PROD}
    return [(verb, refs[place]) for verb, place in re.findall(r"`([a-z]+)`( DEV| PROD|)", cell)]


def conditions(context: CiContext) -> set[Unless]:
    elsewhere = context.base not in {None, "main"}
    return {*((QUEUED,) if in_queue(context) else ()), *((ELSEWHERE,) if elsewhere else ())}


def test_the_docs_tell_of_every_event_and_of_every_stage() -> None:
    assert list(DOCS) == list(EVENTS)
    assert {row.stage for row in DOCS.values()} == set(Stage)


@pytest.mark.parametrize("event", DOCS)
def test_the_docs_say_the_stage_of_an_event(event: str) -> None:
    stages = {read_event(context, None, "main").stage for context in EVENTS[event]}
    assert stages == {DOCS[event].stage}


@pytest.mark.parametrize("event", DOCS)
def test_the_docs_say_what_the_table_says(event: str) -> None:
    stage, cells = DOCS[event]
    for workflow, cell in cells.items():
        rules = TABLE[stage][workflow].rules if stage in TABLE else ()
        for spared in map(conditions, EVENTS[event]):
            expected = [(rule.verb, rule.where) for rule in rules if rule.unless not in spared]
            assert told(cell) == expected, workflow
        assert cell.startswith("`" if rules else "-")


def test_the_docs_say_why() -> None:
    for stage, rows in TABLE.items():
        for workflow, row in rows.items():
            cells = [entry.cells[workflow] for entry in DOCS.values() if entry.stage is stage]
            assert not row.rules or any(row.why in cell for cell in cells), (stage, workflow)


def test_every_stage_says_of_every_workflow_what_is_done_or_why_nothing_is() -> None:
    assert set(TABLE) == set(Stage) - {Stage.NOTHING}
    for rows in TABLE.values():
        assert tuple(rows) == WORKFLOWS
        assert all(row.why for row in rows.values())
    used = {rule.verb for rows in TABLE.values() for row in rows.values() for rule in row.rules}
    assert used == set(get_args(Verb))


def test_only_what_is_merged_is_written_to_prod() -> None:
    assert {stage for workflow in WORKFLOWS for stage in writes(workflow, PROD)} == {Stage.MERGED}


def test_a_fork_s_change_a_draft_and_a_queue_s_trial_write_nothing_and_build_nothing() -> None:
    for stage in (Stage.OFFLINE, Stage.SHOWN):
        verbs = {rule.verb for row in TABLE[stage].values() for rule in row.rules}
        assert not verbs & (WRITING | BUILDING)


def test_whatever_a_branch_wrote_to_dev_is_brought_back_when_it_is_merged_or_gone() -> None:
    assert writes("deployments", DEV) == (Stage.PROPOSED, Stage.MERGED, Stage.GONE)
    for stage in (Stage.MERGED, Stage.GONE):
        assert ("sync", DEV, "") in TABLE[stage]["deployments"].rules
