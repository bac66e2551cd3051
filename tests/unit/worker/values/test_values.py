"""A values file: read as Helm reads it, with the image put in, and each line known."""

from __future__ import annotations

import json

import msgspec
import pytest

from flowlift.config.worker import Worker
from flowlift.errors import ManifestError
from flowlift.worker.values.desired import desire
from flowlift.worker.values.values import CONFIGURATION, WorkerValues, read_values
from flowlift.worker.values.values_checks import check_values
from tests.parts.worker_values import FIRST_LINE, IMAGE, PLACEHOLDER, TAIL, template, values_text

FILE = "etc/values-dev.yaml"
BASE = "worker:\n  config:\n    workPool: p\n    baseJobTemplate:\n"


def read(text: str, image: str | None = IMAGE) -> WorkerValues:
    return read_values(text, FILE, placeholder=PLACEHOLDER, image=image)


def found(text: str, image: str | None = IMAGE) -> list[tuple[str, int, str]]:
    values = read(text, image)
    return [
        (item.check, item.line, item.message)
        for item in check_values(values, placeholder=PLACEHOLDER, image=image)
    ]


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


def test_a_sound_file_has_no_findings_and_the_image_at_the_placeholder() -> None:
    text = values_text()
    values = read(text)
    assert found(text) == []
    assert values.template is not None
    assert values.template.image == IMAGE
    assert values.get(*CONFIGURATION).rstrip() == json.dumps(template(), indent=2).replace(
        PLACEHOLDER, IMAGE
    )
    assert values.get("worker", "config", "http2") is False


def test_without_a_placeholder_the_image_becomes_the_default() -> None:
    changed = template()
    changed["variables"]["properties"]["image"]["default"] = "prefecthq/prefect:3"
    changed["variables"]["properties"]["name"]["title"] = "Nähme {{ x"
    values = read(values_text(changed))
    assert values.template is not None
    assert values.template.image == IMAGE
    wanted = json.loads(json.dumps(changed))
    wanted["variables"]["properties"]["image"]["default"] = IMAGE
    assert json.loads(values.get(*CONFIGURATION)) == wanted == values.template.data


def test_without_an_image_the_file_s_own_stays() -> None:
    changed = template()
    changed["variables"]["properties"]["image"]["default"] = "prefecthq/prefect:3"
    values = read(values_text(changed), None)
    assert values.template is not None
    assert values.template.image == "prefecthq/prefect:3"
    assert found(values_text(changed), None) == []


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


@pytest.mark.parametrize(
    ("broken", "column"),
    [
        ('{\n  "variables": {},\n  "job_configuration": {"a": 1,}\n}', 29),
        ('{\n  "variables": {},\n  "job_configuration" {}\n}', 23),
    ],
)
def test_broken_json_is_told_by_the_file_s_line_and_the_json_s_column(
    broken: str, column: int
) -> None:
    check, line, message = found(values_text(broken))[0]
    assert (check, line) == ("template-json", FIRST_LINE + 2)
    assert f"line 3, column {column} of the JSON" in message or "line 3, column" in message


@pytest.mark.parametrize("content", ["[1]", '"text"', "NaN", '{"a": Infinity}', ""])
def test_what_is_no_json_object_is_an_error(content: str) -> None:
    assert found(values_text(content or '""'))[0][0] == "template-json"


def test_keys_that_stand_twice_are_told_in_yaml_and_in_json() -> None:
    text = values_text('{"variables": {"properties": {"a": 1,\n"a": 2}}, "job_configuration": {}}')
    assert ("duplicate-key", FIRST_LINE + 1) in [item[:2] for item in found(text)]
    text = values_text() + "worker: {}\n"
    assert found(text)[0][:2] == ("duplicate-key", text.count("\n"))


def test_a_template_in_a_folded_or_quoted_text_is_told_by_its_first_line() -> None:
    changed = template()
    changed["variables"]["properties"]["name"]["type"] = "strng"
    quoted = json.dumps(json.dumps(changed))
    text = f"{BASE}      configuration: {quoted}\n"
    assert found(text)[0][:2] == ("template-schema", 5)


def test_a_template_by_an_alias_is_found() -> None:
    body = json.dumps(template())
    text = (
        f"x: &t |\n  {body}\nworker:\n  config:\n    workPool: p\n    baseJobTemplate:\n"
        "      configuration: *t\n"
    )
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("worker: [1,\n", 2, "not YAML"),
        ("worker:\n\tx: 1\n", 2, "not YAML"),
        ("- a\n", 1, "mapping"),
        ("a: 1\nb: .inf\n", 2, "no number of JSON"),
        ("a: 1\n~: 2\n", 2, "no text"),
        ("a: 1\n---\nb: 2\n", 2, "single document"),
    ],
)
def test_what_helm_cannot_read_is_refused_with_its_line(text: str, line: int, says: str) -> None:
    with pytest.raises(ManifestError, match=says) as caught:
        read(text)
    assert caught.value.at is not None
    assert (caught.value.at.file, caught.value.at.line) == (FILE, line)
    assert caught.value.remedy


def test_a_template_as_an_object_is_refused_as_kubernetes_would() -> None:
    text = BASE + "      configuration: {a: 1}\n"
    assert found(text) == [
        (
            "worker-values",
            5,
            "The base job template is no text: Kubernetes takes only texts in a ConfigMap.",
        )
    ]


def test_somebody_else_s_config_map_is_warned_of() -> None:
    text = BASE + "      existingConfigMapName: x\n"
    assert [item[:2] for item in found(text)] == [("config-map", 5)]


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


def test_the_desired_state_has_what_helm_and_prefect_need() -> None:
    config = msgspec.convert({"version": "2025.7.31", "canary": "hello/hello"}, Worker)
    values = read(values_text())
    desired = desire(config, "dev", values, image=IMAGE, root="/repo")
    assert (desired.pool.name, desired.worker, desired.queues) == (
        "edp-work-pool",
        "edp-worker",
        ("default",),
    )
    assert desired.pull_secrets == desired.job_pull_secrets == ("reg-creds",)
    assert desired.pool.image == IMAGE
    assert desired.pool.template is not None
    assert json.loads(json.dumps(desired.values)) == desired.values
    assert config.values_file("dev") == "etc/helm_values/prefect-worker/values-dev.yaml"


def test_the_values_never_show_in_a_repr() -> None:
    assert "edp-worker" not in repr(read(values_text()))
