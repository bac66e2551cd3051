"""A values file against what the chart needs: each finding at its line, and no secret shown."""

from __future__ import annotations

import json

import pytest

from flowlift.worker.values.values import read_values
from flowlift.worker.values.values_checks import check_values, left_over, pool_type
from tests.parts.worker_values import IMAGE, PLACEHOLDER, TAIL, template, values_text

FILE = "etc/values-dev.yaml"
BASE = "worker:\n  config:\n    workPool: p\n    baseJobTemplate:\n"


def found(text: str, image: str | None = IMAGE) -> list[tuple[str, int, str]]:
    values = read_values(text, FILE, placeholder=PLACEHOLDER, image=image)
    return [
        (item.check, item.line, item.message)
        for item in check_values(values, placeholder=PLACEHOLDER, image=image)
    ]


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


def test_a_sound_file_has_no_findings() -> None:
    assert found(values_text()) == []
    body = json.dumps(template())
    by_alias = f"x: &t |\n  {body}\n{BASE}      configuration: *t\n"
    assert found(by_alias) == []


def test_what_the_reading_found_is_told_first() -> None:
    text = values_text() + "worker: {}\n"
    told = found(text)
    assert told[0][:2] == ("duplicate-key", text.count("\n"))
    assert [item[0] for item in told[1:]] == ["worker-values"]


def test_the_places_that_still_hold_the_placeholder_are_told_each_once() -> None:
    text = values_text(tail=f"  podLabels: {{image: {PLACEHOLDER}}}\n" + TAIL)
    values = read_values(text, FILE, placeholder=PLACEHOLDER, image=None)
    lines = [at.line for at in left_over(values, PLACEHOLDER)]
    assert lines == [line_of(text, "podLabels"), line_of(text, f'"default": "{PLACEHOLDER}"')]


def test_queues_are_a_list_of_names() -> None:
    text = "worker:\n  config:\n    workPool: p\n    workQueues: default\n"
    assert [item[:2] for item in found(text, None)] == [("worker-values", 4)]
    assert found(text.replace("default", "[a, 1]"), None)[0][:2] == ("worker-values", 4)
    assert found(text.replace("default", "[]"), None) == []


def test_a_worker_is_of_type_kubernetes_unless_it_says_otherwise() -> None:
    def type_of(text: str) -> str:
        return pool_type(read_values(text, FILE, placeholder=PLACEHOLDER, image=None))

    assert type_of("worker: {}\n") == "kubernetes"
    assert type_of("worker:\n  config: {type: process}\n") == "process"


def test_a_placeholder_that_nothing_fills_is_an_error_at_its_line() -> None:
    text = values_text()
    assert [(check, line) for check, line, _ in found(text, None)] == [
        ("template-image", line_of(text, PLACEHOLDER))
    ]


def test_a_placeholder_elsewhere_only_leaves_the_runs_another_image() -> None:
    changed = template()
    changed["variables"]["properties"]["image"]["default"] = "prefecthq/prefect:3"
    text = values_text(changed, f"  podLabels: {{image: {PLACEHOLDER}}}\n" + TAIL)
    assert found(text)[0][:2] == ("template-image", line_of(text, "prefecthq/prefect:3"))


def test_a_template_without_an_image_has_no_place_for_it() -> None:
    changed = template()
    del changed["variables"]["properties"]["image"]
    changed["job_configuration"]["job_manifest"]["spec"]["template"]["spec"]["containers"][0][
        "image"
    ] = "fixed:1"
    text = values_text(changed)
    assert [(check, line) for check, line, _ in found(text)] == [
        ("template-image", line_of(text, '"properties"')),
        ("template-job", line_of(text, "fixed:1")),
    ]


def test_a_template_in_a_folded_or_quoted_text_is_told_by_its_first_line() -> None:
    changed = template()
    changed["variables"]["properties"]["name"]["type"] = "strng"
    quoted = json.dumps(json.dumps(changed))
    text = f"{BASE}      configuration: {quoted}\n"
    assert found(text)[0][:2] == ("template-schema", 5)


def test_a_worker_without_a_pool_is_an_error() -> None:
    assert found("worker:\n  config:\n    workPool: ''\n")[0][:2] == ("worker-values", 3)
    assert found("{}\n")[0][0] == "worker-values"


SECRETS = [
    ("  extraEnvVars:\n    - name: DB_PASSWORD\n      value: hunter2\n", "secret-in-values"),
    (
        "  extraEnvVars:\n    - name: PREFECT_API_KEY\n      valueFrom: {secretKeyRef: {}}\n",
        "secret-in-clear",
    ),
    ("  basicAuth: {authString: 'admin:pass'}\n", "secret-in-values"),
    ("  note: ghp_abcdefghijklmnopqrstuvwxyz012345\n", "secret-in-values"),
]


@pytest.mark.parametrize(("more", "check"), SECRETS)
def test_a_secret_in_clear_is_told_and_never_shown(more: str, check: str) -> None:
    told = found(values_text(tail=TAIL + more))
    assert [item[0] for item in told] == [check]
    assert told[0][1] > 0
    assert all(secret not in str(told) for secret in ("hunter2", "admin:pass", "ghp_"))


def test_names_of_secrets_are_no_secrets() -> None:
    more = (
        "  cloudApiConfig:\n    apiKeySecret: {name: prefect-api-key, key: PREFECT_API_KEY}\n"
        "  basicAuth: {existingSecret: server-auth}\n"
        "  tls: {secret: prefect-tls, pullSecret: reg-creds}\n"
        "  tolerations: [{key: dedicated, operator: Exists}]\n"
        "serviceAccount: {automountServiceAccountToken: true}\n"
    )
    assert found(values_text(tail=TAIL + more)) == []


def test_a_secret_in_the_job_s_own_environment_is_told_at_its_line() -> None:
    changed = template()
    changed["job_configuration"]["env"] = {"DB_PASSWORD": "hunter2", "LEVEL": "info"}
    text = values_text(changed)
    told = found(text)
    assert [item[:2] for item in told] == [("secret-in-values", line_of(text, "DB_PASSWORD"))]
    assert "hunter2" not in str(told)
