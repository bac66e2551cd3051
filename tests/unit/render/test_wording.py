"""The sentences that every rendering of a plan shares."""

from __future__ import annotations

from typing import Any

import pytest

from flowlift.findings import Action, Finding, Level
from flowlift.plan.model import Change, Plan
from flowlift.render.wording import address, by_weight, code, name, place, summary, verdict
from tests.parts import example_plans as examples

ERROR = Finding("tags", Level.ERROR, "wrong")
WARNING = Finding("sla", Level.WARNING, "doubtful")


def plan(**changes: Any) -> Plan:
    return examples.nothing_to_do().model_copy(update=changes)


def test_a_name_prints_and_is_cut_where_no_real_one_is_so_long() -> None:
    assert name("größe/東京") == "größe/東京"
    assert name("a\x1b[2J\nb") == "a\\x1b[2J\\nb"
    assert name("x" * 200) == "x" * 200
    assert name("x" * 5_000).endswith("characters)")
    assert len(name("x" * 5_000)) == 200


@pytest.mark.parametrize(
    ("file", "line", "shown"),
    [
        ("prefect.yaml", 12, "prefect.yaml:12"),
        ("prefect.yaml", 0, "prefect.yaml"),
        ("", 12, ""),
        ("", 0, ""),
        ("a\nb.yaml", 1, "a\\nb.yaml:1"),
    ],
)
def test_a_place_has_a_line_where_one_is_known(file: str, line: int, shown: str) -> None:
    assert place(file, line) == shown


@pytest.mark.parametrize(
    ("branch", "commit", "shown"),
    [
        ("feat/rows", "1a2b3c4d5e", "feat/rows@1a2b3c4"),
        ("", "1a2b3c4d5e", "1a2b3c4"),
        ("größe", "", "größe@"),
        ("a\x1b", "1", "a\\x1b@1"),
    ],
)
def test_the_code_is_a_branch_and_a_short_commit(branch: str, commit: str, shown: str) -> None:
    whence = examples.MAIN.model_copy(update={"branch": branch, "commit": commit})
    assert code(whence) == shown


@pytest.mark.parametrize(
    ("workspace", "shown"),
    [
        ("https://app.prefect.cloud/x", "https://app.prefect.cloud/x"),
        ("https://me:hunter2@host/api", "https://host/api"),
        ("http://hunter2@host", "http://host"),
        ("https://host/a@b", "https://host/a@b"),
        ("https://me:hunt@er2@host/api", "https://host/api"),
        ("see http://a:hunter2@x and http://b:hunter2@y", "see http://x and http://y"),
        ("", ""),
    ],
)
def test_an_address_never_has_a_login(workspace: str, shown: str) -> None:
    assert address(plan(workspace=workspace)) == shown


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "No changes. dev holds what main declares (50 deployments)."),
        (
            {"changes": examples.unchanged(1), "out_of_scope": 1_200},
            "No changes. dev holds what main declares (1 deployment in scope, 1,200 out of it).",
        ),
        (
            {"changes": (), "out_of_scope": 1},
            "No changes. None of 1 deployment is in scope.",
        ),
        ({"changes": ()}, "No changes. dev holds what main declares (0 deployments)."),
        (
            {"provenance": examples.MAIN.model_copy(update={"branch": ""})},
            "No changes. dev holds what b7c1e02 declares (50 deployments).",
        ),
        (
            {"environment": "d\x1bv"},
            "No changes. d\\x1bv holds what main declares (50 deployments).",
        ),
        ({"findings": (WARNING,)}, "No changes. dev holds what main declares (50 deployments)."),
        (
            {"findings": (ERROR,)},
            "Plan: 0 to create, 0 to update, 0 to delete, 50 unchanged.",
        ),
        (
            {
                "changes": (Change(action=Action.DELETE, deployment="a/b"), *examples.unchanged(2)),
                "out_of_scope": 9,
            },
            "Plan: 0 to create, 0 to update, 1 to delete, 2 unchanged (9 out of scope).",
        ),
    ],
)
def test_a_plan_ends_with_what_it_does(changes: dict[str, Any], sentence: str) -> None:
    assert summary(plan(**changes)) == sentence


@pytest.mark.parametrize(
    ("findings", "sentence"),
    [
        ((), ""),
        ((WARNING,), "1 warning."),
        ((WARNING, WARNING), "2 warnings."),
        ((ERROR,), "1 error: nothing is written until the errors are mended."),
        (
            (WARNING, ERROR, ERROR),
            "2 errors, 1 warning: nothing is written until the errors are mended.",
        ),
    ],
)
def test_findings_say_what_they_mean_for_the_plan(
    findings: tuple[Finding, ...], sentence: str
) -> None:
    assert verdict(plan(findings=findings)) == sentence


def test_findings_are_parted_by_weight_each_in_their_order() -> None:
    first, second = (Finding("tags", Level.ERROR, message) for message in "ab")
    assert by_weight([first, WARNING, second]) == ([first, second], [WARNING])
    assert by_weight(iter(())) == ([], [])
