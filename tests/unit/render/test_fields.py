"""What a change does, line by line, as the terminal shows it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlift.findings import Action
from flowlift.plan.model import Change, Kept, Reason
from flowlift.render.fields import kept_in_words, lines_of
from tests.parts.terminal import lines, update


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


def of(*fields: tuple[Any, ...], **more: Any) -> Change:
    return update(*fields, **more).changes[0]


def test_a_line_has_a_sign_for_what_comes_changes_and_goes() -> None:
    change = of(("a", None, 1), ("b", 1, 2), ("c", 1, None), ("d", "(absent)", 1))
    assert [(line.path, line.sign) for line in lines_of(change)] == [
        ("a", "+"),
        ("b", "~"),
        ("c", "-"),
        ("d", "+"),
    ]


def test_a_reason_that_the_change_has_told_is_not_told_again() -> None:
    fields = (("a", 1, 2, "manifest"), ("b", 1, 2, "policy"), ("c", 1, 2))
    change = of(*fields).model_copy(update={"reasons": (Reason(kind="manifest"),)})
    assert [line.reason for line in lines_of(change)] == ["", "policy", ""]
    without = of(*fields)
    assert [line.reason for line in lines_of(without)] == ["manifest", "policy", ""]


def test_one_reason_of_all_fields_is_told_by_none_of_them() -> None:
    assert [line.reason for line in lines_of(of(("a", 1, 2, "drift"), ("b", 1, 2, "drift")))] == [
        "",
        "",
    ]


def test_every_line_of_a_field_has_its_reason() -> None:
    change = of(("a", {"x": 1, "y": 1}, {"x": 2, "y": 2}, "drift"), ("b", 1, 2, "policy"))
    assert [line.reason for line in lines_of(change)] == ["drift", "drift", "policy"]


def test_a_step_of_prefects_own_is_called_by_its_last_name() -> None:
    clone = {"prefect.deployments.steps.git_clone": {"branch": "main"}}
    assert [line.path for line in lines_of(of(("pull_steps", [], [clone])))] == [
        "pull_steps[0].git_clone.branch"
    ]
    path = "pull_steps[0].prefect.deployments.steps.git_clone.branch"
    assert lines_of(of((path, "a", "b")))[0].path == "pull_steps[0].git_clone.branch"
    assert lines_of(of(("parameters", {}, clone)))[0].path.startswith("parameters[")


def test_a_very_long_list_is_told_by_position() -> None:
    before = [{"n": number} for number in range(500)]
    assert [line.path for line in lines_of(of(("parameters.x", before, before[1:])))] == [
        *(f"parameters.x[{number}].n" for number in range(499)),
        "parameters.x[499].n",
    ]


def test_what_is_written_although_nothing_is_seen_of_it_says_so() -> None:
    assert [line.pieces[0].label for line in lines_of(of(("a", 1, 1), ("b", None, None)))] == [
        "is written anew",
        "is written anew",
    ]


def test_texts_that_differ_at_their_end_alone_say_so() -> None:
    (line,) = lines_of(of(("description", "a\nb", "a\nb\n")))
    assert line.diff == ("@ only the end of the last line differs",)


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        (
            Kept(field="paused", live=False, desired=True, note="by hand"),
            "stays not paused: by hand",
        ),
        (
            Kept(field="triggers.a.b.enabled", live=False, desired=True, note="by hand"),
            "triggers.a.b stays off: by hand",
        ),
        (
            Kept(field="triggers.t.enabled", live=True, desired=False, note="x\x1b"),
            "triggers.t stays on: x\\x1b",
        ),
        (
            Kept(field="schedules.s.cron", live="1 1 * * *", desired="2 2 * * *", note="n"),
            'schedules.s.cron stays "1 1 * * *" (declared: "2 2 * * *"): n',
        ),
        (
            Kept(field="version", live=None, desired="1", note="n"),
            'version stays unset (declared: "1"): n',
        ),
    ],
)
def test_what_is_kept_is_told_with_what_is_declared(kept: Kept, words: str) -> None:
    assert kept_in_words(kept) == [words]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(-2, 2)
    | st.text("ab\n\x1b", max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xy.", max_size=2), inner),
    max_leaves=6,
)
PATHS = st.sampled_from(["tags", "parameters", "pull_steps", "schedules.daily", "x\x1b"])


@given(PATHS, JSON, JSON)
def test_whatever_is_written_has_a_line_that_prints(path: str, before: Any, after: Any) -> None:
    found = lines_of(of((path, before, after)))
    assert found
    for line in found:
        said = [line.path, *line.added, *line.removed, *line.diff, line.reason]
        said += [part or "" for piece in line.pieces for part in piece]
        assert all(part.isprintable() for part in said)
        assert line.sign in {"+", "~", "-"}


@given(PATHS, JSON, JSON)
def test_what_comes_back_is_told_the_other_way_round(path: str, before: Any, after: Any) -> None:
    there = {line.path for line in lines_of(of((path, before, after)))}
    back = {line.path for line in lines_of(of((path, after, before)))}
    assert {line.partition("[")[0] for line in there} == {line.partition("[")[0] for line in back}
