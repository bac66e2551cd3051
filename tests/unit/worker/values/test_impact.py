"""What a new template means for the pool's deployments, told before it is written."""

from __future__ import annotations

from typing import Any

from flowlift.errors import Position
from flowlift.findings import Level
from flowlift.plan.json_diff import field_changes
from flowlift.worker.values.impact import find_impact
from flowlift.workspace.pools import PoolDeployment
from tests.parts.worker_values import template

AT = Position("values.yaml", 12)


def impact(live: Any, desired: Any, **variables: Any) -> list[tuple[str, str, str]]:
    found = find_impact(live, desired, [PoolDeployment("hello/hello", variables)], AT)
    assert all((item.file, item.line) == ("values.yaml", 12) for item in found)
    return [(item.check, item.level.value, item.message) for item in found]


def with_variable(name: str, rule: Any, **more: Any) -> Any:
    changed = template()
    changed["variables"]["properties"][name] = rule
    changed["variables"].update(more)
    return changed


def test_nothing_changes_for_a_deployment_that_sets_nothing_concerned() -> None:
    assert impact(template(), with_variable("cpu", {"type": "string"}), name="x") == []


def test_a_variable_that_is_gone_is_dropped_without_a_word() -> None:
    told = impact(with_variable("cpu", {"type": "string"}), template(), cpu="1")
    assert told[0][:2] == ("undeclared-job-variable", "warning")
    assert "hello/hello sets the job variable `cpu`" in told[0][2]


def test_what_was_never_declared_is_no_news_and_env_is_always_taken() -> None:
    assert impact(template(), template(), cpu="1") == []
    was = with_variable("env", {"type": "object"})
    assert impact(was, template(), env={"A": "1"}) == []
    assert impact(was, template(), **{"env.HOME": "/x"}) == []


def test_a_renamed_variable_is_guessed() -> None:
    told = impact(
        with_variable("memory", {"type": "string"}),
        with_variable("memory_mb", {"type": "string"}),
        memory="1",
    )
    assert "is `memory_mb` meant?" in told[0][2]


def test_a_tightened_type_refuses_each_new_run() -> None:
    told = impact(
        with_variable("cpu", {"type": "string"}),
        with_variable("cpu", {"type": "integer"}),
        cpu="hunter2",
    )
    assert told[0][:2] == ("job-variables", "error")
    assert "would be refused" in told[0][2]
    assert "hunter2" not in str(told)


def test_what_is_refused_already_is_a_warning() -> None:
    same_template = with_variable("cpu", {"type": "integer"})
    told = impact(same_template, same_template, cpu="x")
    assert told[0][:2] == ("job-variables", "warning")
    assert "is refused already" in told[0][2]


def test_a_newly_required_variable_refuses_each_new_run() -> None:
    wanted = with_variable("cpu", {"type": "string"}, required=["cpu"])
    told = impact(template(), wanted)
    assert told[0][:2] == ("job-variables", "error")
    assert "requires the job variable `cpu`" in told[0][2]
    assert impact(template(), wanted, cpu="1") == []


def test_a_broken_schema_is_told_once_for_all_deployments() -> None:
    broken = with_variable("cpu", {"type": "strng"})
    many = [PoolDeployment(f"f/{number}", {}) for number in range(5)]
    found = find_impact(template(), broken, many, AT)
    assert [item.level for item in found] == [Level.ERROR]


def test_templates_are_compared_field_by_field_and_secrets_hidden() -> None:
    live, wanted = template(), template()
    wanted["variables"]["properties"]["image"]["default"] = "new"
    live["job_configuration"]["env"] = {"API_TOKEN": "hunter2"}
    told = {item.field: (item.before, item.after) for item in field_changes(live, wanted)}
    assert told == {
        "variables.properties.image.default": ("DEFAULT_FLOW_IMAGE", "new"),
        "job_configuration.env.API_TOKEN": ("(hidden)", None),
    }
