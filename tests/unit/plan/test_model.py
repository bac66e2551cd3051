"""The words of a plan: where things stand, what a plan counts, what is never saved."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from flowlift.errors import Position
from flowlift.findings import Action, Finding, Level
from flowlift.plan.model import Change, Declared, Plan, Policy, Pool, Reason
from tests.parts.plans import desired, live_after, provenance

AT = Position("prefect.yaml", 10)


def plan(*changes: Change, findings: tuple[Finding, ...] = ()) -> Plan:
    return Plan(
        environment="dev",
        scope="all",
        provenance=provenance(),
        changes=changes,
        findings=findings,
    )


def test_a_value_stands_at_the_nearest_line_that_is_known() -> None:
    lines: dict[tuple[str | int, ...], int] = {
        ("schedules",): 12,
        ("schedules", 1): 14,
        ("schedules", 1, "cron"): 15,
        ("tags",): 0,
    }
    entry = Declared({}, AT, lines)
    assert entry.position("schedules", 1, "cron") == Position("prefect.yaml", 15)
    assert entry.position("schedules", 1, "timezone", "deep") == Position("prefect.yaml", 14)
    assert entry.position("schedules", 1, "slug") == Position("prefect.yaml", 14)
    assert entry.position("schedules", 0, "cron") == Position("prefect.yaml", 12)
    assert entry.position("tags", 0) == entry.position("nowhere") == entry.position() == AT


@pytest.mark.parametrize("name", [None, "", 0])
def test_an_entry_without_a_name_has_an_empty_one(name: object) -> None:
    assert Declared({"name": name}, AT, {}).name == ""
    assert Declared({}, AT, {}).name == ""


def test_a_name_and_an_entrypoint_are_texts_whatever_is_written() -> None:
    entry = Declared({"name": 12, "entrypoint": "{{ $FLOW }}"}, AT, {})
    assert (entry.name, entry.entrypoint) == ("12", "{{ $FLOW }}")
    resolved = Declared({"entrypoint": "{{ $FLOW }}"}, AT, {}, located="a.py:f")
    assert resolved.entrypoint == "a.py:f"
    assert Declared({}, AT, {}).entrypoint == ""


def test_an_environment_knows_whether_it_runs_the_default_branch() -> None:
    assert Policy("dev", "main", "main").on_default_branch
    assert not Policy("dev", "main2", "main").on_default_branch


def test_an_environment_that_says_nothing_prunes_undoes_and_leaves_schedules_alone() -> None:
    plain = Policy("dev", "main", "main")
    assert (plain.prune, plain.on_drift) == (True, "undo")
    assert (plain.schedules, plain.triggers) == ("declared", "declared")
    assert (plain.pool, plain.overrides, plain.tags, plain.is_cloud) == (None, (), (), None)


def test_a_pool_of_which_little_is_known_runs_and_has_prefects_own_queue() -> None:
    pool = Pool("k8s", "kubernetes")
    assert not pool.paused
    assert pool.queues == {"default"}
    assert not pool.base_job_template


def test_a_deployment_is_known_by_its_flow_and_its_name() -> None:
    want = desired()
    live = live_after(Change(action=Action.CREATE, deployment="x", desired=want))
    assert want.key == live.key == "ingest/daily"


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (Reason(kind="new"), "new"),
        (Reason(kind="source", detail="src/a.py -> src/b.py"), "source: src/a.py -> src/b.py"),
        (Reason(kind="branch gone", detail=""), "branch gone"),
    ],
)
def test_a_reason_is_its_kind_and_its_detail(reason: Reason, said: str) -> None:
    assert str(reason) == said


def test_a_plan_counts_what_it_writes_and_what_stops_it() -> None:
    made = [
        Change(action=action, deployment=f"a/{number}")
        for number, action in enumerate([Action.CREATE, Action.NONE, Action.DELETE, Action.NONE])
    ]
    error = Finding("tags", Level.ERROR, "wrong")
    found = plan(*made, findings=(Finding("sla", Level.WARNING, "doubtful"), error))
    assert found.writes == (made[0], made[2])
    assert found.errors == (error,)
    assert [found.count(action) for action in Action] == [1, 0, 1, 2]
    assert (plan().writes, plan().errors, plan().count(Action.NONE)) == ((), (), 0)


def test_what_is_needed_to_write_is_neither_saved_nor_printed() -> None:
    change = Change(
        action=Action.CREATE,
        deployment="ingest/daily",
        desired=desired(),
        labels={"flowlift.commit": "c0ffee"},
    )
    change = change.model_copy(update={"live": live_after(change)})
    assert not {"desired", "live", "labels"} & change.model_dump().keys()
    assert "c0ffee" not in repr(change)
    assert "github.com" not in repr(change)
    assert "c0ffee" not in change.model_dump_json()


def test_a_plan_never_changes_and_takes_no_word_that_it_does_not_know() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        plan().scope = "changed"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="extra"):
        Plan.model_validate({**plan().model_dump(), "more": 1})
    with pytest.raises(ValidationError, match="kind"):
        Reason.model_validate({"kind": "because"})
