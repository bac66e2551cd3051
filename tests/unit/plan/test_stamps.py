"""What is written into a deployment's labels, and read back from them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlift.findings import Action
from flowlift.plan import stamps
from flowlift.plan.fields import FIELDS
from flowlift.plan.model import Change, Live, Schedule
from tests.parts.plans import REPOSITORY, desired, live_after, provenance
from tests.parts.texts import ANY

TRIGGER = {"name": "t", "enabled": True, "trigger": {"expect": ["a"]}}


def labelled(labels: dict[str, Any]) -> Live:
    live = live_after(Change(action=Action.CREATE, deployment="a/b", desired=desired()))
    return replace(live, labels=labels)


def test_a_stamp_says_whose_it_is_and_from_where() -> None:
    labels = stamps.stamp(provenance("feat/x", 7), "1.2.3", {"tags": "aa"})
    assert labels == {
        "flowlift.repository": REPOSITORY,
        "flowlift.commit": "c0ffee" * 6,
        "flowlift.branch": "feat/x",
        "flowlift.pull-request": 7,
        "flowlift.version": "1.2.3",
        "flowlift.applied": "tags=aa",
    }
    live = labelled(labels)
    assert (stamps.owner(live), stamps.branch(live)) == (REPOSITORY, "feat/x")


def test_a_run_and_a_pull_request_are_stamped_only_where_there_is_one() -> None:
    plain = stamps.stamp(provenance(), "1", {})
    assert not {stamps.RUN, stamps.PULL_REQUEST} & plain.keys()
    of_a_run = provenance().model_copy(update={"run": "https://ci.acme.example/7"})
    assert stamps.stamp(of_a_run, "1", {})[stamps.RUN] == "https://ci.acme.example/7"


@pytest.mark.parametrize("labels", [{}, {stamps.REPOSITORY: ""}, {"repository": "x"}])
def test_what_carries_no_stamp_is_nobodys(labels: dict[str, Any]) -> None:
    live = labelled(labels)
    assert stamps.owner(live) is None
    assert stamps.branch(live) is None
    assert stamps.applied(live) == {}


def test_only_the_labels_of_others_are_foreign() -> None:
    others: dict[str, Any] = {"team": "data", "flow": 1, "prefectly": 2.5, "größe": True}
    own = stamps.stamp(provenance("main", 1), "1", {})
    prefects = {"prefect.flow.id": "x", "prefect.": "y"}
    assert stamps.foreign({**own, **others, **prefects}) == others


def test_what_was_never_told_apart_from_the_default_reads_as_the_default() -> None:
    live = labelled(stamps.stamp(provenance(), "1", {}))
    found = stamps.applied(live)
    assert found == stamps.applied(labelled({stamps.APPLIED: ""}))
    assert set(found) == set(FIELDS) - {"paused"}


@given(st.dictionaries(st.text(ANY, max_size=9), st.text("0123456789abcdef", min_size=1)))
def test_whatever_a_field_is_called_its_digest_is_read_back(applied: dict[str, str]) -> None:
    live = labelled(stamps.stamp(provenance(), "1", applied))
    found = stamps.applied(live)
    assert {field: found[field] for field in applied} == applied
    assert set(found) - set(applied) <= set(FIELDS)


@pytest.mark.parametrize("text", ["nonsense", " = ", 5, "a=1  b=2\n", "%zz=1"])
def test_a_label_that_somebody_else_has_written_is_read_as_far_as_it_goes(text: Any) -> None:
    found = stamps.applied(labelled({stamps.APPLIED: text}))
    assert set(FIELDS) - {"paused"} <= set(found)
    assert ("a" in found) == (text == "a=1  b=2\n")


def test_only_what_is_not_prefects_default_is_in_the_label() -> None:
    body: dict[str, Any] = {
        "tags": [],
        "parameters": {},
        "work_queue_name": None,
        "version": "1",
        "path": None,
    }
    assert set(stamps.digests(body, (), ())) == {"version"}


def test_a_pause_that_is_declared_is_somebodys() -> None:
    assert set(stamps.digests({"paused": False}, (), ())) == {"paused"}


def test_whether_something_is_on_stands_apart_from_its_content() -> None:
    on = Schedule("daily", {"cron": "0 6 * * *"}, active=True)
    before = stamps.digests({}, [on], [TRIGGER])
    after = stamps.digests({}, [replace(on, active=False)], [{**TRIGGER, "enabled": False}])
    assert set(before) == {
        "schedules.daily",
        "schedules.daily.active",
        "triggers",
        "triggers.t.enabled",
    }
    changed = {field for field in before if before[field] != after[field]}
    assert changed == {"schedules.daily.active", "triggers.t.enabled"}
    assert (before["schedules.daily.active"], after["schedules.daily.active"]) == ("1", "0")


def test_an_anchor_that_a_server_gave_is_not_part_of_what_was_applied() -> None:
    plain = Schedule("s", {"interval": 600}, active=True)
    anchored = replace(plain, timing={**plain.timing, "anchor_date": "2026-01-01T00:00:00Z"})
    assert stamps.digests({}, [plain], ()) == stamps.digests({}, [anchored], ())


@given(st.dictionaries(st.sampled_from(FIELDS[2:5]), st.sampled_from([None, "x", ["a"], {}])))
def test_what_is_written_is_what_was_applied(body: dict[str, Any]) -> None:
    written = stamps.digests(body, (), ())
    assert stamps.applied(labelled(stamps.stamp(provenance(), "1", written))).items() >= (
        written.items()
    )
