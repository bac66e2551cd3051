"""Secrets of a worker: the same or not, whose, and never shown."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest

from flowlift.config.worker import Secret
from flowlift.errors import InputError, WorkerError
from flowlift.findings import Action
from flowlift.worker.cluster.secrets import compare, hidden, outdated, wanted

KEY = Secret(name="key", key="KEY", from_env="API_KEY")
LOGIN = Secret(
    name="reg", registry="ghcr.io", username_from_env="REG_USER", password_from_env="REG_PASS"
)
ENVIRON = {"API_KEY": "pnu_0123456789\n", "REG_USER": "bot", "REG_PASS": "very-secret"}


def live(secret: Any, *, owned: bool = True) -> Any:
    found = secret.object("prefect")
    if not owned:
        found["metadata"].pop("labels")
    return found


def test_a_secret_is_the_same_as_what_was_made_from_it() -> None:
    for secret in wanted((KEY, LOGIN), ENVIRON):
        assert compare(secret, None).action is Action.CREATE
        assert compare(secret, live(secret)).action is Action.NONE


def test_the_last_line_end_of_a_variable_is_no_part_of_the_key() -> None:
    (secret,) = wanted((KEY,), ENVIRON)
    assert secret.data == {"KEY": "pnu_0123456789"}


def test_what_differs_is_named_and_not_shown() -> None:
    (secret,) = wanted((KEY,), ENVIRON)
    (other,) = wanted((KEY,), {"API_KEY": "pnu_another"})
    part = compare(secret, live(other))
    assert part.action is Action.UPDATE
    assert [change.field for change in part.fields] == ["KEY"]
    assert "pnu_" not in repr(part)
    assert "pnu_" not in repr(secret)


def test_somebody_elses_secret_is_left_alone() -> None:
    (secret,) = wanted((KEY,), ENVIRON)
    (other,) = wanted((KEY,), {"API_KEY": "pnu_another"})
    assert compare(secret, live(secret, owned=False)).action is Action.NONE
    with pytest.raises(WorkerError, match="not made by flowlift") as caught:
        compare(secret, live(other, owned=False))
    assert "pnu_" not in str(caught.value)


def test_a_login_is_the_same_without_the_parts_that_kubectl_adds_or_leaves_out() -> None:
    (secret,) = wanted((LOGIN,), ENVIRON)
    auths = {"ghcr.io": {"username": "bot", "password": "very-secret", "email": "x@y"}}
    made = live(secret)
    made["data"][".dockerconfigjson"] = base64.b64encode(
        json.dumps({"auths": auths}).encode()
    ).decode()
    assert compare(secret, made).action is Action.NONE
    made["data"][".dockerconfigjson"] = "no base64!"
    assert compare(secret, made).action is Action.UPDATE


def test_secrets_of_one_name_are_one_secret() -> None:
    other = Secret(name="key", key="OTHER", from_env="REG_USER")
    second = msgspec.structs.replace(LOGIN, registry="docker.io")
    key, login = wanted((KEY, other, LOGIN, second), ENVIRON)
    assert key.data == {"KEY": "pnu_0123456789", "OTHER": "bot"}
    assert login.data
    auths = json.loads(login.data[".dockerconfigjson"])["auths"]
    assert sorted(auths) == ["ghcr.io", "https://index.docker.io/v1/"]


def test_without_its_variable_a_secret_is_kept_or_asked_for() -> None:
    (secret,) = wanted((KEY,), {"API_KEY": ""})
    assert "API_KEY is not set" in compare(secret, live(secret)).note
    with pytest.raises(InputError, match="API_KEY is not set"):
        compare(secret, None)


def test_values_are_hidden_in_texts() -> None:
    secrets = wanted((KEY, LOGIN), ENVIRON)
    auth = base64.b64encode(b"bot:very-secret").decode()
    text = f"401 with pnu_0123456789, very-secret and {auth} by bot"
    assert hidden(text, secrets) == "401 with ***, *** and *** by bot"


def test_a_pod_is_outdated_by_a_secret_that_it_reads_as_a_variable() -> None:
    def at(time: str) -> Any:
        return {
            "metadata": {
                "creationTimestamp": "2026-01-01T00:00:00Z",
                "managedFields": [{"time": time}],
            }
        }

    reference = {"valueFrom": {"secretKeyRef": {"name": "key", "key": "KEY"}}}
    pod = {
        "metadata": {"creationTimestamp": "2026-01-02T10:00:00Z"},
        "spec": {"containers": [{"env": [{"name": "X", "value": "1"}, reference]}]},
    }
    changed, before = at("2026-01-02T10:00:01Z"), at("2026-01-02T10:00:00Z")
    assert outdated(pod, {"key": changed, "reg": changed}) == ("key",)
    assert outdated(pod, {"key": before, "reg": changed}) == ()
