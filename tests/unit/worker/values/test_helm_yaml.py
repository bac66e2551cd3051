"""YAML as Helm reads it; tests/real/worker/values/test_helm_yaml.py shows that real Helm agrees."""

from __future__ import annotations

from typing import Any

import pytest

from flowlift.repo import yaml_lines
from flowlift.worker.values.helm_yaml import HELM, as_json


def value(text: str) -> Any:
    return as_json(yaml_lines.read(f"v: {text}\n", "f", HELM), "f")["v"]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("y", True),
        ("Off", False),
        ("yEs", "yEs"),
        ("0123", 83),
        ("08", 8),
        ("0o17", 15),
        ("1e3", 1000),
        ("1.5e3", 1500),
        ("5.", 5),
        ("1_000", 1000),
        ("1:30", "1:30"),
        ("2024-01-02", "2024-01-02"),
        ("~", None),
        ("", None),
        ("1e400", "1e400"),
        ("0xdeadbeefdeadbeefdead", "0xdeadbeefdeadbeefdead"),
        ('"yes"', "yes"),
        ("!!binary aGVsbG8=", "hello"),
    ],
)
def test_a_scalar_is_what_helm_takes_it_for(text: str, meant: Any) -> None:
    found = value(text)
    assert found == meant
    assert type(found) is type(meant)


def test_merge_keys_and_anchors_are_followed() -> None:
    text = "b: &b {p: 1, q: 2}\na:\n  <<: *b\n  q: 3\n"
    assert as_json(yaml_lines.read(text, "f", HELM), "f")["a"] == {"p": 1, "q": 3}


def test_keys_become_texts() -> None:
    assert value("{2: a, yes: b, 1.5: c}") == {"2": "a", "true": "b", "1.5": "c"}


def test_prefect_s_own_reading_is_as_before() -> None:
    assert yaml_lines.read("v: 1e3\nw: y\n", "f").value == {"v": "1e3", "w": "y"}
