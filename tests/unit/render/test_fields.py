"""What a change does, line by line, as the terminal shows it."""

from __future__ import annotations

from typing import Any

import pytest

from flowlift.findings import Action
from flowlift.plan.model import Kept
from tests.parts.terminal import lines, shown, update


def test_a_field_is_one_line() -> None:
    assert lines(("parameters.rows", 10, 20)) == ["~ parameters.rows: 10 -> 20"]


def test_nested_values_are_shown_path_by_path() -> None:
    before = {"env": {"A": "1", "B": "2"}, "limits": [{"cpu": 1}, {"cpu": 2}], "gone": None}
    after = {"env": {"A": "1", "B": "3", "odd key": ""}, "limits": [{"cpu": 1}, {"cpu": 4}, {}]}
    assert lines(("job_variables", before, after)) == [
        '~ job_variables.env.B: "2" -> "3"',
        '+ job_variables.env["odd key"]: ""',
        "~ job_variables.limits[1].cpu: 2 -> 4",
        "+ job_variables.limits[2]: {}",
        "- job_variables.gone: null",
    ]


def test_a_removed_list_item_does_not_make_all_that_follow_look_changed() -> None:
    before = [{"a": {"x": 1}}, {"b": {"x": 2}}, {"c": {"x": 3}}]
    assert lines(("pull_steps", before, before[1:])) == ["- pull_steps[0].a.x: 1"]


def test_values_of_another_type_are_not_taken_for_equal() -> None:
    assert lines(("parameters", {"a": 1, "b": "10"}, {"a": True, "b": 10})) == [
        "~ parameters.a: 1 -> true",
        '~ parameters.b: "10" -> 10',
    ]


def test_tags_are_told_as_added_and_removed() -> None:
    assert lines(("tags", ["a", "b", "two words"], ["b", "feat/x"])) == [
        '~ tags: +feat/x -a -"two words"'
    ]
    assert lines(("tags", None, ["a", "b"])) == ["+ tags: a, b"]
    assert lines(("tags", ["a", "b"], ["b", "a"])) == ["~ tags: the same in another order"]


def test_a_long_list_of_values_is_told_by_what_comes_and_goes() -> None:
    before = [f"https://shop-{number}.example/feed" for number in range(20)]
    assert lines(("parameters.feeds", before, [*before[1:], "https://new.example/feed"])) == [
        '~ parameters.feeds: +"https://new.example/feed" -"https://shop-0.example/feed"'
    ]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({"active": True}, {"active": False}, 'cron "0 6 * * *" Europe/Berlin, on -> off'),
        (
            {"active": True},
            {"cron": "0 7 * * *", "active": True},
            'cron "0 6 * * *" Europe/Berlin -> cron "0 7 * * *" Europe/Berlin, on',
        ),
        (
            {"active": True},
            {"cron": None, "interval": 90061.5, "active": True, "timezone": None},
            'cron "0 6 * * *" Europe/Berlin -> every 1 day 1 hour 1 minute 1.5 seconds UTC, on',
        ),
        (
            {"day_or": False, "active": False},
            {"cron": None, "rrule": "FREQ=DAILY", "active": False},
            'cron "0 6 * * *" Europe/Berlin, day of month and of week together'
            ' -> rrule "FREQ=DAILY" Europe/Berlin, off',
        ),
    ],
)
def test_a_schedule_is_told_in_words(
    before: dict[str, Any], after: dict[str, Any], words: str
) -> None:
    daily = {"cron": "0 6 * * *", "timezone": "Europe/Berlin"}
    sides = [
        {key: value for key, value in {**daily, **side}.items() if value is not None}
        for side in (before, after)
    ]
    assert lines(("schedules.daily", *sides), width=140) == [f"~ schedules.daily: {words}"]


def test_the_parts_of_one_schedule_stand_on_one_line() -> None:
    assert lines(
        ("schedules.a.b.cron", "0 6 * * *", "0 7 * * *", "manifest"),
        ("parameters.rows", 1, 2, "manifest"),
        ("schedules.a.b.active", True, False, "policy"),
        ("schedules.a.b.timezone", "(absent)", "UTC", "manifest"),
        ("schedules.a.b.interval", 60.0, 3600.0, "manifest"),
    ) == [
        "~ schedules.a.b:  (manifest, policy)",
        '    cron "0 6 * * *" -> "0 7 * * *"',
        "    on -> off",
        "    timezone none -> UTC",
        "    every 1 minute -> every 1 hour",
        "~ parameters.rows: 1 -> 2  (manifest)",
    ]


def test_a_schedule_that_comes_or_goes_is_told_with_its_parameters() -> None:
    schedule = {"cron": "0 6 * * *", "active": True, "parameters": {"rows": 5}}
    assert lines(("schedules.daily", None, schedule)) == [
        '+ schedules.daily: cron "0 6 * * *" UTC, on',
        "+ schedules.daily.parameters.rows: 5",
    ]
    assert lines(("schedules.daily", schedule, None))[0] == (
        '- schedules.daily: cron "0 6 * * *" UTC, on'
    )


def test_a_parameter_named_like_a_schedule_is_no_schedule() -> None:
    assert lines(("parameters.poll", {"interval": 5}, {"interval": 6})) == [
        "~ parameters.poll.interval: 5 -> 6"
    ]


def test_a_flow_parameter_is_told_by_its_type_and_default() -> None:
    path = "parameter_openapi_schema.properties"
    assert lines(
        (f"{path}.rows", "(absent)", {"type": "integer", "default": 5, "title": "rows"}),
        (f"{path}.mode", {"$ref": "#/definitions/Mode"}, "(absent)"),
    ) == [f"+ {path}.rows: integer = 5", f"- {path}.mode: Mode"]


def test_a_text_of_several_lines_is_told_by_what_differs() -> None:
    before = "one\ntwo\nthree\nfour\nfive\n"
    assert lines(("description", before, before.replace("three", "3\x1b[0m"))) == [
        "~ description:",
        "    line 2",
        "      two",
        "    - three",
        "    + 3\\x1b[0m",
        "      four",
    ]


def test_a_very_long_text_is_not_compared_line_by_line() -> None:
    before = "\n".join(map(str, range(5_000)))
    assert lines(("description", before, "x\n" + before)) == [
        "~ description:",
        "      5,000 lines before, 5,001 lines after",
    ]


def test_what_is_hidden_or_not_known_yet_stands_without_quotes() -> None:
    assert lines(
        ("job_variables.env.TOKEN", "(hidden)", "(hidden)"),
        ("job_variables.image", "flows:1", "(known after build)"),
    ) == [
        "~ job_variables.env.TOKEN: changes; the value is hidden",
        '~ job_variables.image: "flows:1" -> (known after build)',
    ]


def test_a_new_deployment_leaves_out_what_holds_anyway() -> None:
    fields = (("paused", None, False), ("work_queue_name", None, "default"), ("version", None, "1"))
    assert lines(*fields, action=Action.CREATE) == ['+ version: "1"']
    assert lines(("paused", True, False)) == ["~ paused: true -> false"]
    verbose = shown(update(*fields, action=Action.CREATE), verbose=True)
    assert "+ paused: false" in verbose


def test_what_an_operator_did_is_told_where_it_is_kept() -> None:
    kept = (
        Kept(field="schedules.daily.active", live=False, desired=True, note="paused by hand"),
        Kept(field="schedules.own.active", live=True, desired=False, note="switched by hand"),
        Kept(field="paused", live=True, desired=False, note="paused by hand"),
        Kept(field="parameters", live={"a": 1, "b": 2}, desired={"a": 1, "b": 3}, note="by hand"),
        Kept(field="tags", live=["x"], desired=["y"], note="by hand"),
        Kept(field="description", live="a\nb", desired="a\nc", note="by hand"),
        Kept(
            field="schedules.extra",
            live={"cron": "5 * * * *", "active": True},
            desired=None,
            note="added by hand",
        ),
    )
    assert lines(kept=kept, action=Action.NONE) == [
        "= schedules.daily stays paused: paused by hand",
        "= schedules.own stays on: switched by hand",
        "= stays paused: paused by hand",
        "= parameters.b stays 2 (declared: 3): by hand",
        "= tags stays +x -y: by hand",
        "= description stays as it is: by hand",
        '= schedules.extra stays (cron "5 * * * *" UTC, on): added by hand',
    ]
