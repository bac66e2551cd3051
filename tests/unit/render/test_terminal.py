"""A plan in the terminal."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlift.findings import Action
from flowlift.plan.diff import compare, create
from flowlift.plan.model import Change, Kept, Plan, Reason
from flowlift.render.terminal import render_plan
from flowlift.render.visible import cells
from tests.parts import example_plans as examples
from tests.parts import golden
from tests.parts.growth import growth
from tests.parts.plans import declared, desired, live_after, policy, provenance
from tests.parts.texts import ANY

COLOUR = re.compile(r"\x1b\[[0-9]+m")


def shown(plan: Plan, width: int = 100, **options: Any) -> str:
    return render_plan(plan, **{"colour": False, "width": width, **options})


def update(*fields: tuple[Any, ...], kept: tuple[Kept, ...] = (), **change: Any) -> Plan:
    """A plan of one change that writes `fields` (name, before, after)."""
    return Plan(
        environment="dev",
        scope="all",
        provenance=examples.MAIN,
        changes=(
            Change(
                action=change.get("action", Action.UPDATE),
                deployment="ingest/daily",
                fields=tuple(examples.field(*field) for field in fields),
                kept=kept,
            ),
        ),
    )


def lines(*fields: tuple[Any, ...], width: int = 100, **change: Any) -> list[str]:
    """What is shown below the heading of a plan of one change."""
    text = shown(update(*fields, **change), width)
    block = text.split("\n\n")[1].splitlines()[1:]
    return [line.removeprefix("    ") for line in block]


@pytest.mark.parametrize(
    ("name", "plan", "options"),
    [
        ("pull_request", examples.pull_request(), {}),
        ("pull_request_narrow", examples.pull_request(), {"width": 60}),
        ("pull_request_verbose", examples.pull_request(), {"verbose": True}),
        ("pull_request_colour", examples.pull_request(), {"colour": True}),
        ("errors", examples.broken(), {}),
        ("merge", examples.merge(), {"width": 120}),
        ("same_change", examples.same_change(12), {}),
        ("nothing_to_do", examples.nothing_to_do(), {}),
    ],
)
def test_a_plan_looks_as_it_was_found_good(name: str, plan: Plan, options: dict[str, Any]) -> None:
    golden.check(shown(plan, **options), golden.GOLDEN / f"{name}.txt")


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


def test_a_long_value_is_cut_where_it_differs() -> None:
    before, after = "https://host/" + "a" * 200 + "1", "https://host/" + "a" * 200 + "2"
    first, *values = lines(("parameters.url", before, after), width=80)
    assert first == "~ parameters.url:"
    assert values == [
        '    - "...aaaaaaaaaa1" (+203 characters)',
        '    + "...aaaaaaaaaa2" (+203 characters)',
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


def test_a_change_with_very_many_fields_is_cut_with_a_count() -> None:
    many = {str(number): number for number in range(100)}
    assert lines(("parameters", {}, many))[-1] == "(+60 more lines)"
    assert shown(update(("parameters", {}, many)), verbose=True).count("+ parameters") == 100


def test_deletions_stand_last_of_the_changes_and_errors_last_of_the_findings() -> None:
    text = shown(examples.broken())
    order = ["+ create", "~ update", "- delete", "= keep", "warning:", "error:", "Plan:"]
    assert sorted(order, key=text.index) == order
    assert text.rindex("warning:") < text.index("error:")
    assert "2 errors, 6 warnings: nothing is written" in text.splitlines()[-1]


def test_the_summary_says_what_is_out_of_scope_or_that_there_is_nothing_to_do() -> None:
    plan = examples.nothing_to_do()
    cases: dict[str, dict[str, Any]] = {
        "No changes. dev holds what main declares (50 deployments).": {},
        "No changes. dev holds what main declares (1 deployment in scope, 9 out of it).": {
            "changes": plan.changes[:1],
            "out_of_scope": 9,
        },
        "No changes. None of 9 deployments is in scope.": {"changes": (), "out_of_scope": 9},
        "Plan: 0 to create, 0 to update, 0 to delete, 50 unchanged.": {"findings": examples.ERRORS},
    }
    for sentence, changes in cases.items():
        assert sentence in shown(plan.model_copy(update=changes))


def test_the_workspace_address_never_shows_a_login() -> None:
    plan = examples.merge().model_copy(update={"workspace": "https://me:secret@host/api"})
    text = shown(plan)
    assert "secret" not in text
    assert "https://host/api" in text


def test_changes_that_are_alike_are_told_once_with_every_name() -> None:
    text = shown(examples.same_change(300))
    assert text.count("~ update") == 300
    assert text.count("~ tags: +feat/hourly-orders") == 1
    assert "all 300 because source: src/shop/report.py" in text


@pytest.mark.parametrize("text", examples.HOSTILE)
@pytest.mark.parametrize("verbose", [False, True])
def test_nothing_in_a_name_reaches_the_terminal_as_a_command(text: str, verbose: bool) -> None:
    plan = examples.hostile(text)
    plain = shown(plan, verbose=verbose)
    assert all(character == "\n" or character.isprintable() for character in plain)
    coloured = shown(plan, verbose=verbose, colour=True)
    assert COLOUR.sub("", coloured) == plain
    plain.encode()


@given(st.text(ANY), st.text(ANY))
def test_any_value_is_shown_harmlessly(before: str, after: str) -> None:
    text = shown(update(("parameters.x", before, after), ("tags", [before], [after])))
    assert all(character == "\n" or character.isprintable() for character in text)


@pytest.mark.parametrize("width", [80, 100, 120])
def test_only_names_and_commands_are_ever_wider_than_the_terminal(width: int) -> None:
    long = ("parameters." + "deep." * 30 + "url", "x" * 300, "y" * 300)
    text = shown(examples.broken(), width) + shown(update(long, (*long[:2], None)), width)
    wide = [line for line in text.splitlines() if cells(line) > width]
    assert all(re.match(r"[+~=-] \w+ |error: |warning: |Plan: ", line) for line in wide), wide


def test_no_colour_means_no_escape_at_all() -> None:
    assert "\x1b" not in shown(examples.broken())
    assert "\x1b[31m" in shown(examples.broken(), colour=True)


def test_reasons_stand_below_each_other() -> None:
    change = Change(
        action=Action.DELETE,
        deployment="a/b",
        reasons=(Reason(kind="branch gone", detail="feat/x"), Reason(kind="removed")),
    )
    plan = examples.merge().model_copy(update={"changes": (change,)})
    assert "    because branch gone: feat/x\n        and removed\n" in shown(plan)


def test_very_many_changes_are_drawn_in_a_time_that_grows_no_faster() -> None:
    few, many = examples.large(100), examples.large(400)
    assert shown(many, colour=True, width=120).count("update") >= 320
    assert (
        growth(
            lambda: shown(few, colour=True, width=120), lambda: shown(many, colour=True, width=120)
        )
        < 8
    )


def test_what_the_comparison_writes_is_shown_in_full() -> None:
    """The shapes of `plan.diff` itself, from a first apply to a change that meets a pause."""
    daily = {"cron": "0 6 * * *", "timezone": "Europe/Berlin", "slug": "daily"}
    first = desired(declared(parameters={"rows": 10}, schedules=[daily], tags=["a"]))
    created = create(first, provenance(), "0.1.0")
    assert shown(plan_of(created)).split("\n\n")[1].splitlines() == [
        "+ create ingest/daily  prefect.yaml:10",
        "    because new",
        '    + entrypoint: "src/flows/ingest.py:ingest"',
        '    + description: "Loads rows."',
        "    + tags: a",
        "    + parameters.rows: 10",
        '    + pull_steps[0].git_clone.repository: "https://github.com/acme/platform.git"',
        '    + pull_steps[0].git_clone.branch: "main"',
        '    + work_pool_name: "pool"',
        '    + schedules.daily: cron "0 6 * * *" Europe/Berlin, on',
    ]
    live = live_after(created)
    paused = replace(live, schedules=(replace(live.schedules[0], active=False),))
    later = {**daily, "cron": "0 7 * * *"}
    second = desired(declared(parameters={"rows": 20}, schedules=[later], tags=["b"]))
    updated = compare(second, paused, policy(), provenance(), "0.1.0")
    assert shown(plan_of(updated)).split("\n\n")[1].splitlines() == [
        "~ update ingest/daily  prefect.yaml:10",
        "    because manifest",
        "    ~ tags: +b -a",
        "    ~ parameters.rows: 10 -> 20",
        '    ~ schedules.daily: cron "0 6 * * *" -> "0 7 * * *"',
        "    = schedules.daily stays paused: paused by hand since the last apply",
    ]


def plan_of(change: Change) -> Plan:
    return examples.merge().model_copy(update={"changes": (change,)})
