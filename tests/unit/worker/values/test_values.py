"""A values file: read as Helm reads it, with the image put in, and each line known."""

from __future__ import annotations

import json

import pytest

from flowlift.errors import ManifestError
from flowlift.worker.values.values import CONFIGURATION, WorkerValues, read_values
from tests.parts.worker_values import FIRST_LINE, IMAGE, PLACEHOLDER, template, values_text

FILE = "etc/values-dev.yaml"
BASE = "worker:\n  config:\n    workPool: p\n    baseJobTemplate:\n"


def read(text: str, image: str | None = IMAGE) -> WorkerValues:
    return read_values(text, FILE, placeholder=PLACEHOLDER, image=image)


def found(text: str, image: str | None = IMAGE) -> list[tuple[str, int, str]]:
    return [(item.check, item.line, item.message) for item in read(text, image).findings]


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


def test_keys_that_stand_twice_are_told_in_yaml_and_in_json() -> None:
    text = values_text('{"variables": {"properties": {"a": 1,\n"a": 2}}, "job_configuration": {}}')
    assert ("duplicate-key", FIRST_LINE + 1) in [item[:2] for item in found(text)]
    text = values_text() + "worker: {}\n"
    assert found(text)[0][:2] == ("duplicate-key", text.count("\n"))


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


def test_the_values_never_show_in_a_repr() -> None:
    assert "edp-worker" not in repr(read(values_text()))
