"""What the workspace should hold for an entry of a manifest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlift.plan.desired import Resolution, pending_words, resolve
from flowlift.plan.fields import FIELDS
from flowlift.plan.model import Flow, Policy
from flowlift.plan.templates import BlockValue, TemplateValues
from tests.parts.plans import CLONE, SCHEMA, URL, declared, flow, policy
from tests.parts.texts import ANY

BUILD = "prefect_docker.deployments.steps.build_docker_image"
SET_FOLDER = "prefect.deployments.steps.set_working_directory"


def resolved(
    wish: Policy | None = None,
    values: TemplateValues | None = None,
    code: Flow | None = None,
    **data: Any,
) -> Resolution:
    return resolve(declared(**data), code or flow(), values or TemplateValues(), wish or policy())


def body(**data: Any) -> dict[str, Any]:
    return dict(resolved(**data).desired.body)


def problems(**data: Any) -> list[tuple[str, str]]:
    return [(problem.check, problem.message) for problem in resolved(**data).problems]


def test_an_entry_that_says_little_has_every_field_but_a_pause() -> None:
    assert set(body()) == set(FIELDS) - {"paused"}
    assert body() == {
        "entrypoint": "src/flows/ingest.py:ingest",
        "path": None,
        "version": None,
        "description": "Loads rows.",
        "tags": [],
        "parameters": {},
        "parameter_openapi_schema": SCHEMA,
        "enforce_parameter_schema": True,
        "concurrency_limit": None,
        "concurrency_options": None,
        "pull_steps": [CLONE],
        "work_pool_name": "pool",
        "work_queue_name": None,
        "job_variables": {},
    }


@pytest.mark.parametrize(
    ("declared_one", "of_the_flow", "held"),
    [(None, "doc", "doc"), ("", "doc", "doc"), ("mine", "doc", "mine"), (None, None, None)],
)
def test_a_description_is_the_manifests_else_the_docstring(
    declared_one: str | None, of_the_flow: str | None, held: str | None
) -> None:
    code = flow(description=of_the_flow)
    assert body(code=code, description=declared_one)["description"] == held


def test_a_signature_that_could_not_be_read_is_registered_as_none() -> None:
    assert body(code=flow(schema=None))["parameter_openapi_schema"] == {}


@pytest.mark.parametrize(("written", "held"), [(True, True), ("no", False), (None, None)])
def test_a_pause_is_sent_only_where_it_is_declared(written: Any, held: bool | None) -> None:
    assert body(paused=written).get("paused") is held
    assert ("paused" in body(paused=written)) == (held is not None)


@pytest.mark.parametrize(
    ("branch", "tags"),
    [("main", ["a", "b", "team"]), ("feat/größe", ["a", "b", "team", "feat/größe"])],
)
def test_tags_of_the_environment_and_of_a_branch_come_last_and_once(
    branch: str, tags: list[str]
) -> None:
    wish = policy("dev", branch, tags=("team", "b"))
    assert body(wish=wish, tags=["a", "", "  ", "b", "a"])["tags"] == tags


@pytest.mark.parametrize(
    ("tags", "said", "held"),
    [
        ("nightly", ["tags are a list, this is 'nightly'"], []),
        (["a", 1, None], ["a tag is a text, this is 1", "a tag is a text, this is None"], None),
    ],
)
def test_tags_that_are_none_are_told(tags: Any, said: list[str], held: Any) -> None:
    assert problems(tags=tags) == [("tags", message) for message in said]
    if held is not None:
        assert body(tags=tags)["tags"] == held


@pytest.mark.parametrize(
    ("written", "limit", "options"),
    [
        (None, None, None),
        (3, 3, None),
        ("3", 3, None),
        ({"limit": 3}, 3, None),
        (
            {"limit": 3, "collision_strategy": "CANCEL_NEW", "grace_period_seconds": 60},
            3,
            {"collision_strategy": "CANCEL_NEW", "grace_period_seconds": 60},
        ),
        ({"collision_strategy": "ENQUEUE"}, None, {"collision_strategy": "ENQUEUE"}),
    ],
)
def test_a_concurrency_limit_is_a_number_or_a_mapping(
    written: Any, limit: Any, options: Any
) -> None:
    found = body(concurrency_limit=written)
    assert (found["concurrency_limit"], found["concurrency_options"]) == (limit, options)


def test_a_grace_period_is_left_out_where_the_workspace_has_none() -> None:
    limit = {"limit": 1, "grace_period_seconds": 60}
    old = policy(server_version="3.6.5")
    assert body(wish=old, concurrency_limit=limit)["concurrency_options"] is None
    assert [check for check, _ in problems(wish=old, concurrency_limit=limit)] == ["grace-period"]
    assert problems(concurrency_limit=limit) == []


def test_the_pool_is_the_entrys_then_the_environments_default() -> None:
    pool = {"name": "p", "work_queue_name": "q", "job_variables": {"cpu": 1}}
    found = body(work_pool=pool)
    assert (found["work_pool_name"], found["work_queue_name"], found["job_variables"]) == (
        "p",
        "q",
        {"cpu": 1},
    )
    wish = policy(default_work_pool="everyones")
    for none in (None, {}, {"name": None}, {"name": ""}, "text"):
        assert body(wish=wish, work_pool=none)["work_pool_name"] == "everyones"
    assert body(work_pool=None)["work_pool_name"] is None


def test_without_a_pull_section_an_image_has_the_code_where_there_is_one() -> None:
    assert body(pull=None)["pull_steps"] == []
    image = {"name": "p", "job_variables": {"image": "flows:1"}}
    assert body(pull=None, work_pool=image)["pull_steps"] == [
        {SET_FOLDER: {"directory": "/opt/prefect"}}
    ]
    entry = replace(declared(pull=None), build=({BUILD: {"id": "image"}},))
    built = resolve(entry, flow(), TemplateValues(), policy())
    assert built.desired.body["pull_steps"] == [
        {SET_FOLDER: {"directory": "/opt/prefect/platform"}}
    ]
    assert built.checkout is None


def test_an_empty_pull_section_means_no_steps() -> None:
    found = resolved(pull=(), work_pool={"name": "p", "job_variables": {"image": "flows:1"}})
    assert found.desired.body["pull_steps"] == []
    assert found.checkout is not None


def test_a_branch_is_put_into_the_clone_and_the_policy_is_its_origin() -> None:
    found = resolved(policy("dev", "feat/x", tags=("t",), schedules="off", triggers="on"))
    (step,) = found.desired.body["pull_steps"]
    assert step["prefect.deployments.steps.git_clone"]["branch"] == "feat/x"
    decided = {field for field, origin in found.desired.origins.items() if origin == "policy dev"}
    assert decided == {"pull_steps", "tags", "schedules.active", "triggers.enabled"}
    plain = resolved().desired.origins
    assert not any(origin.startswith("policy") for origin in plain.values())


@pytest.mark.parametrize(
    ("labels", "kept", "said"),
    [
        ({"a": "x", "b": 1, "c": 1.5, "d": True}, {"a": "x", "b": 1, "c": 1.5, "d": True}, 0),
        ({"a": ["x"], "b": 1, "größe": None}, {"b": 1}, 2),
        (["a"], {}, 1),
        (None, {}, 0),
    ],
)
def test_labels_are_texts_and_numbers(labels: Any, kept: dict[str, Any], said: int) -> None:
    assert resolved(labels=labels).desired.labels == kept
    assert [check for check, _ in problems(labels=labels)] == ["wrong-type"] * said


def test_triggers_are_numbered_by_their_place_and_a_refused_one_is_told() -> None:
    found = resolved(triggers=["text", {"type": "nonsense"}, {"expect": ["done"]}])
    assert [one["name"] for one in found.desired.triggers] == ["daily__automation_3"]
    assert found.trigger_places == (2,)
    assert [problem.path for problem in found.problems] == [("triggers", 0), ("triggers", 1)]
    assert resolved(triggers="text").desired.triggers == ()


def test_the_parameters_of_a_trigger_are_for_the_automation() -> None:
    values = TemplateValues(environ={"EVENT": "done"})
    raw = {"expect": ["{{ $EVENT }}"], "parameters": {"day": "{{ event.payload.day }}"}}
    (trigger,) = resolved(values=values, triggers=[raw]).desired.triggers
    assert trigger["trigger"]["expect"] == ["done"]
    assert trigger["actions"][0]["parameters"] == {"day": "{{ event.payload.day }}"}


@pytest.mark.parametrize(("is_cloud", "count"), [(False, 0), (True, 1), (None, 1)])
def test_a_metric_trigger_is_refused_only_where_it_is_known_that_nobody_has_it(
    is_cloud: bool | None, count: int
) -> None:
    metric = {"name": "duration", "operator": ">", "threshold": 1}
    found = resolved(policy(is_cloud=is_cloud), triggers=[{"type": "metric", "metric": metric}])
    assert len(found.desired.triggers) == count
    assert len(found.problems) == 1 - count


def test_a_policy_switches_triggers_and_what_the_manifest_disables_is_known() -> None:
    raw = [{"expect": ["a"], "enabled": False, "name": "off"}, {"expect": ["a"], "name": "on"}]
    for wish, enabled in {"declared": [False, True], "on": [True] * 2, "off": [False] * 2}.items():
        found = resolved(policy(triggers=wish), triggers=raw).desired
        assert [one["enabled"] for one in found.triggers] == enabled
        assert found.trigger_pauses == {"off"}


def test_the_paths_of_secrets_are_those_of_the_fields_that_hold_them() -> None:
    values = TemplateValues(
        environ={"DB_PASSWORD": "hunter2"},
        blocks={("secret", "pw"): BlockValue({"value": "hush"}, secret=True)},
    )
    found = resolved(
        values=values,
        work_pool={"name": "p", "job_variables": {"env": {"PW": "{{ prefect.blocks.secret.pw }}"}}},
        pull=({"a.b": {"x": "{{ $DB_PASSWORD }}"}},),
        parameters={"rows": ["{{ $DB_PASSWORD }}"]},
    )
    assert found.desired.secrets == {
        "job_variables.env.PW",
        "pull_steps[0].a.b.x",
        "parameters.rows[0]",
    }
    assert [loss.word for loss in found.in_clear] == ["prefect.blocks.secret.pw"]


def test_a_name_may_hold_templates_that_need_no_step() -> None:
    found = resolve(
        declared("{{ $STAGE }}-daily"),
        flow(),
        TemplateValues(environ={"STAGE": "dev"}),
        policy(),
    )
    assert found.desired.key == "ingest/dev-daily"


@pytest.mark.parametrize(
    ("steps", "words", "open_ended"),
    [
        ((), set(), False),
        (({BUILD: {"id": "größe"}},), {"image", "tag", "größe", "platform"}, False),
        (({"acme.steps.own": {"id": "own"}},), {"own"}, True),
        (({"acme.steps.own": None},), set(), True),
        (({"prefect.deployments.steps.git_clone": {}},), {"directory"}, False),
    ],
)
def test_the_words_of_steps_that_will_run_are_known_beforehand(
    steps: Any, words: set[str], open_ended: bool
) -> None:
    for entry in (replace(declared(), build=steps), replace(declared(), push=steps)):
        found = pending_words(entry, TemplateValues())
        assert words <= found.pending
        assert bool(found.pending) == bool(words)
        assert found.open_ended is open_ended


def test_steps_that_have_run_leave_nothing_to_wait_for() -> None:
    values = TemplateValues(outputs={"image": "flows:1"})
    assert pending_words(replace(declared(), build=({BUILD: {"id": "x"}},)), values) is values


TEXT = st.text(ANY, max_size=8)
HOSTILE = st.one_of(st.none(), st.booleans(), st.integers(), TEXT, st.lists(TEXT, max_size=2))


@given(
    st.fixed_dictionaries(
        {},
        optional={
            key: HOSTILE | st.dictionaries(TEXT, HOSTILE, max_size=2)
            for key in (
                *("tags", "parameters", "labels", "work_pool", "description", "version"),
                *("paused", "concurrency_limit", "schedules", "schedule", "triggers"),
            )
        },
    )
)
def test_whatever_an_entry_holds_is_read_to_its_end(data: dict[str, Any]) -> None:
    found = resolved(**data)
    assert set(found.desired.body) >= set(FIELDS) - {"paused"}
    assert found.desired.key == "ingest/daily"
    assert URL in str(found.desired.body["pull_steps"])
