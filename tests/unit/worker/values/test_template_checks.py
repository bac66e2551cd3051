"""A base job template: what Prefect would take with 204, told with its line before any write."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowlift.worker.values.template import read_template
from flowlift.worker.values.template_checks import check_template
from tests.parts.worker_values import template

Change = Callable[[dict[str, Any]], None]


def check(changed: dict[str, Any], kind: str = "kubernetes") -> list[tuple[str, int, str]]:
    text = json.dumps(changed, indent=2)
    read, findings = read_template(text, "t.json")
    assert read is not None
    findings += check_template(read, kind)
    assert all(item.remedy for item in findings)
    return [(item.check, item.line, item.message) for item in findings]


def line_of(changed: dict[str, Any], part: str) -> int:
    lines = json.dumps(changed, indent=2).splitlines()
    return next(number for number, line in enumerate(lines, 1) if part in line)


def variable(name: str, rule: Any) -> Change:
    def change(changed: dict[str, Any]) -> None:
        changed["variables"]["properties"][name] = rule
        changed["job_configuration"]["labels"][name] = f"{{{{ {name} }}}}"

    return change


def manifest(**parts: Any) -> Change:
    return lambda changed: changed["job_configuration"]["job_manifest"].update(parts)


def pod(**parts: Any) -> Change:
    return lambda changed: changed["job_configuration"]["job_manifest"]["spec"]["template"][
        "spec"
    ].update(parts)


def configuration(**parts: Any) -> Change:
    return lambda changed: changed["job_configuration"].update(parts)


CASES: list[tuple[Change, str, str, str]] = [
    (configuration(command="{{ comand }}"), "template-variable", "comand }}", "not declared"),
    (configuration(command="{{ namspace }}"), "template-variable", "namspace", "`namespace` meant"),
    (
        configuration(command="{{ prefect.blocks.secret.x }}"),
        "template-variable",
        "blocks",
        "not declared",
    ),
    (configuration(command="{{ name | upper }}"), "template-variable", "upper", "stays as it is"),
    (variable("cpu", {"type": "strng"}), "template-schema", "strng", "'string' meant"),
    (variable("cpu", {"type": ["string", "nul"]}), "template-schema", '"type": [', "'null' meant"),
    (variable("cpu", "string"), "template-schema", '"cpu": "string"', "no object"),
    (variable("cpu", {"type": "string", "default": 42}), "template-schema", "42", "whole number"),
    (
        variable("cpu", {"type": "object", "properties": {"n": {"type": "integer"}},
                         "default": {"n": "x"}}),
        "template-schema", '"default": {', "n: a text, not of type integer",
    ),
    (
        variable("cpu", {"enum": ["a", "b"], "default": "c"}),
        "template-schema", '"default": "c"', "none of a, b",
    ),
    (variable("cpu", {"minimum": "x"}), "template-schema", '"minimum"', "no JSON schema"),
    (
        variable("cpu", {"$ref": "#/definitions/no", "default": {}}),
        "template-schema", '"default": {}', "leads nowhere",
    ),
    (
        variable("cpu", {"$ref": "http://127.0.0.1:9/x", "default": {}}),
        "template-schema", '"default": {}', "leads nowhere",
    ),
    (manifest(kind="Pod"), "template-job", '"kind": "Pod"', "not a Job"),
    (manifest(apiVersion="v1"), "template-job", '"apiVersion": "v1"', "batch/v1"),
    (pod(containers=[]), "template-job", '"containers": []', "no container"),
    (pod(containers=[{"name": "prefect-job"}]), "template-job", '"containers"', "not {{ image }}"),
    (
        pod(containers=[{"name": "prefect-job", "image": "{{ image }}"}, {"image": "sidecar"}]),
        "template-job", "sidecar", "2 containers",
    ),
    (
        pod(containers=[{"name": "flow", "image": "{{ image }}"}]),
        "template-job", '"name": "flow"', "'prefect-job' alone",
    ),
    (pod(completions=2), "template-job", '"completions": 2', "takes 1 alone"),
    (pod(parallelism=None), "template-job", '"parallelism": null', "takes 1 alone"),
    (pod(restartPolicy="OnFailure"), "template-job", "OnFailure", "takes 'Never' alone"),
    (configuration(env=[{"name": "A"}]), "template-schema", '"env"', "no object"),
    (
        lambda changed: changed["variables"].update(required=["imge"]),
        "template-schema", '"imge"', "`image` meant",
    ),
    (
        lambda changed: changed["variables"]["properties"].update(cpu={"type": "string"}),
        "unused-variable", '"cpu"', "no effect",
    ),
    (
        lambda changed: changed["variables"].update(properties=["image"]),
        "template-schema", '"properties"', "no object",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("change", "name", "part", "says"), CASES)
def test_a_mistake_is_told_at_its_line(change: Change, name: str, part: str, says: str) -> None:
    changed = template()
    change(changed)
    told = [item for item in check(changed) if item[0] == name]
    assert told, "nothing was found"
    assert says in told[0][2]
    lines = json.dumps(changed, indent=2).splitlines()
    near = [number for number, line in enumerate(lines, 1) if part.rstrip() in line]
    # A list's item stands on the line where it begins.
    assert any(abs(told[0][1] - number) <= 1 for number in near), (told[0], near)


@pytest.mark.parametrize("empty", [{}, {"variables": {}}, {"job_configuration": {"a": "b"}}])
def test_an_empty_template_is_an_error(empty: dict[str, Any]) -> None:
    told = check(empty)
    assert told[0][0] == "template-schema"
    assert "both not empty" in told[0][2]


def test_a_sound_template_has_no_findings() -> None:
    assert check(template()) == []


@pytest.mark.parametrize(
    "rule",
    [
        {"type": "string", "default": None},
        {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        {"type": "object", "default": {"$ref": {"block_document_id": "x"}}},
        {"allOf": [{"$ref": "#/definitions/x"}], "default": "a"},
        {"type": "array", "items": {"type": "string"}, "default": []},
        {},
    ],
)
def test_rules_as_prefect_s_own_templates_have_them_pass(rule: dict[str, Any]) -> None:
    changed = template()
    changed["variables"]["definitions"] = {"x": {"enum": ["a"]}}
    variable("more", rule)(changed)
    assert check(changed) == []


def test_a_variable_env_needs_no_use() -> None:
    changed = template()
    changed["variables"]["properties"]["env"] = {"type": "object", "default": {"LEVEL": "info"}}
    assert check(changed) == []


def test_a_secret_in_the_default_environment_is_told() -> None:
    changed = template()
    changed["variables"]["properties"]["env"] = {"type": "object", "default": {"API_KEY": "x"}}
    assert check(changed)[0][0] == "secret-in-values"
    changed["variables"]["properties"]["env"]["default"] = {"API_KEY": "{{ key }}"}
    assert [item[0] for item in check(changed)] == []


def test_a_pool_of_another_type_needs_no_job() -> None:
    changed = template()
    del changed["job_configuration"]["job_manifest"]
    changed["job_configuration"]["image"] = "{{ image }}"
    assert check(changed, "docker") == []
    assert check(changed)[0][0] == "template-job"


def test_a_manifest_that_is_itself_a_variable_is_left_alone() -> None:
    changed = template()
    changed["job_configuration"]["job_manifest"] = "{{ manifest }}"
    changed["job_configuration"]["labels"] = {"image": "{{ image }}"}
    changed["variables"]["properties"]["manifest"] = {"type": "object"}
    assert check(changed) == []


def test_prefect_s_own_templates_have_no_findings() -> None:
    spec = importlib.util.find_spec("prefect")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("Prefect is not installed: install flowlift[prefect].")
    views = Path(spec.submodule_search_locations[0]) / "server/api/collections_data/views"
    packages = json.loads((views / "aggregate-worker-metadata.json").read_text(encoding="utf-8"))
    kinds = {name: kind for package in packages.values() for name, kind in package.items()}
    assert {"kubernetes", "docker", "process", "ecs"} <= kinds.keys()
    for name, kind in kinds.items():
        if body := kind["default_base_job_configuration"]:
            assert check(body, name) == []
