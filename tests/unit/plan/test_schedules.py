"""Schedules of a manifest, matched with those that are live."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flowlift.plan.model import Schedule
from flowlift.plan.schedules import pair

SIX, SEVEN, EIGHT = ({"cron": f"0 {hour} * * *"} for hour in (6, 7, 8))


def schedule(
    timing: dict[str, Any], slug: str | None = None, *, active: bool = True, **more: Any
) -> Schedule:
    return Schedule(slug, timing, active, **more)


def matched(
    desired: list[Schedule], live: list[Schedule], applied: dict[str, str] | None = None
) -> list[tuple[str | None, str | None]]:
    """The slug of each desired schedule, and that of the live one that it is."""
    return [
        (wanted.slug, found.slug if found else None)
        for wanted, found in pair(desired, live, applied or {})
    ]


def test_schedules_that_are_new_are_numbered_in_the_order_of_the_manifest() -> None:
    assert matched([schedule(SIX), schedule(SEVEN)], []) == [
        ("schedule-1", None),
        ("schedule-2", None),
    ]


def test_a_number_that_is_taken_is_not_given_again() -> None:
    wanted = [schedule(SIX), schedule(SEVEN, "schedule-1"), schedule(EIGHT)]
    assert [slug for slug, _ in matched(wanted, [schedule(EIGHT, "schedule-2")])] == [
        "schedule-3",
        "schedule-1",
        "schedule-2",
    ]


def test_a_slug_goes_before_the_content() -> None:
    live = [schedule(SIX, "a"), schedule(SEVEN, "b")]
    assert matched([schedule(SEVEN, "a"), schedule(SIX, "b")], live) == [("a", "a"), ("b", "b")]


def test_the_same_times_are_the_same_schedule_whatever_its_slug() -> None:
    live = [schedule(SIX, "by-hand"), schedule(SEVEN, "schedule-4"), schedule(EIGHT, None)]
    assert matched([schedule(EIGHT), schedule(SEVEN), schedule(SIX)], live) == [
        ("schedule-1", None),
        ("schedule-4", "schedule-4"),
        ("by-hand", "by-hand"),
    ]
    assert pair([schedule(EIGHT)], live)[0][1] is live[2]


def test_other_parameters_or_another_number_of_runs_are_another_content() -> None:
    live = [schedule(SIX, "by-hand", parameters={"rows": 1})]
    assert matched([schedule(SIX)], live) == [("schedule-1", None)]
    assert matched([schedule(SIX, parameters={"rows": 1})], live) == [("by-hand", "by-hand")]
    limited = schedule(SIX, parameters={"rows": 1}, max_scheduled_runs=3)
    assert matched([limited], live) == [("schedule-1", None)]


def test_a_schedule_whose_times_change_is_the_next_that_flowlift_named() -> None:
    live = [schedule(SEVEN, "schedule-10"), schedule(SIX, "schedule-9"), schedule(SIX, "by-hand")]
    assert matched([schedule(EIGHT), schedule({"cron": "1 1 * * *"})], live) == [
        ("schedule-9", "schedule-9"),
        ("schedule-10", "schedule-10"),
    ]


def test_one_that_was_added_by_hand_is_never_taken_for_one_with_other_times() -> None:
    assert matched([schedule(SIX)], [schedule(SEVEN, "by-hand")]) == [("schedule-1", None)]


def test_a_slug_that_is_new_takes_over_only_what_had_none_or_flowlifts() -> None:
    assert matched([schedule(SIX, "daily")], [schedule(SIX, "schedule-1")]) == [
        ("daily", "schedule-1")
    ]
    assert matched([schedule(SIX, "daily")], [schedule(SIX)]) == [("daily", None)]
    assert pair([schedule(SIX, "daily")], [schedule(SIX)])[0][1] == schedule(SIX)
    assert matched([schedule(SIX, "daily")], [schedule(SIX, "theirs")]) == [("daily", None)]


def test_of_several_with_the_same_times_the_one_last_applied_so_is_it() -> None:
    on, off = schedule(SIX, "schedule-1"), schedule(SIX, "schedule-2")
    applied = {"schedules.schedule-1.active": "1", "schedules.schedule-2.active": "0"}
    wanted = [schedule(SIX, active=False), schedule(SIX)]
    assert [slug for slug, _ in matched(wanted, [on, off], applied)] == [
        "schedule-2",
        "schedule-1",
    ]
    # Where nothing was applied, what is live now says it.
    paused = schedule(SIX, "schedule-2", active=False)
    assert [slug for slug, _ in matched(wanted, [on, paused])] == ["schedule-2", "schedule-1"]


def test_a_pause_by_hand_does_not_make_it_another_schedule() -> None:
    live = [schedule(SIX, "schedule-1", active=False), schedule(SEVEN, "schedule-2")]
    assert matched([schedule(SEVEN), schedule(SIX)], live) == [
        ("schedule-2", "schedule-2"),
        ("schedule-1", "schedule-1"),
    ]


def test_an_interval_keeps_the_anchor_that_is_live_unless_it_declares_one() -> None:
    first, second = "2026-01-01T00:00:00Z", "2026-02-02T00:00:00Z"
    live = [schedule({"interval": 600, "anchor_date": first}, "schedule-1")]
    ((kept, found),) = pair([schedule({"interval": 900})], live)
    assert kept.timing == {"interval": 900, "anchor_date": first}
    assert found is live[0]
    declared = schedule({"interval": 600, "anchor_date": second})
    assert pair([declared], live)[0][0].timing == declared.timing
    assert pair([schedule(SIX)], live)[0][0].timing == SIX
    assert pair([schedule({"interval": 600})], [])[0][0].timing == {"interval": 600}


SCHEDULES = st.lists(
    st.builds(
        schedule,
        st.sampled_from([SIX, SEVEN, {"interval": 60}]),
        st.sampled_from([None, "schedule-1", "schedule-2", "a", "größe"]),
        active=st.booleans(),
    ),
    max_size=4,
    unique_by=lambda one: one.slug or object(),
)


@given(SCHEDULES, SCHEDULES)
def test_no_live_schedule_is_two_and_no_slug_is_given_twice(
    desired: list[Schedule], live: list[Schedule]
) -> None:
    pairs = pair(desired, live)
    assert [wanted.active for wanted, _ in pairs] == [one.active for one in desired]
    assert [one.slug or wanted.slug for one, (wanted, _) in zip(desired, pairs, strict=True)] == [
        wanted.slug for wanted, _ in pairs
    ]
    slugs = [wanted.slug for wanted, _ in pairs]
    assert None not in slugs
    assert len(set(slugs)) == len(slugs)
    taken = [id(found) for _, found in pairs if found]
    assert len(set(taken)) == len(taken)


@given(SCHEDULES)
def test_what_is_live_as_it_is_wanted_is_matched_with_itself(desired: list[Schedule]) -> None:
    live = [wanted for wanted, _ in pair(desired, [])]
    assert pair(desired, live[::-1]) == [(one, one) for one in live]
