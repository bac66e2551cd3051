"""The logins in a pull secret, as a kubelet would use them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from flowlift.worker.pulling import logins_of


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def pull_secret(**auths: Any) -> dict[str, Any]:
    names = {name.replace("_", "."): entry for name, entry in auths.items()}
    data = {".dockerconfigjson": encoded(json.dumps({"auths": names}))}
    return {"metadata": {"name": "reg-creds"}, "data": data}


def test_the_logins_are_told_by_registry_with_where_they_are_from() -> None:
    found = logins_of(pull_secret(ghcr_io={"auth": encoded("bot:s")}, a_io={"username": "b"}))
    assert {host: (login.user, login.secret) for host, login in found.items()} == {
        "ghcr.io": ("bot", "s"),
        "a.io": ("b", ""),
    }
    assert found["a.io"].source == "the pull secret 'reg-creds'"


def test_an_entry_without_a_user_is_no_login_that_a_registry_could_refuse() -> None:
    assert logins_of(pull_secret(ghcr_io={"identitytoken": "t"}, a_io={})) == {}


def test_docker_s_own_registry_has_one_name() -> None:
    secret = pull_secret(index_docker_io={"auth": encoded("bot:s")})
    assert list(logins_of(secret)) == ["docker.io"]


@pytest.mark.parametrize(
    "secret",
    [
        None,
        {},
        {"data": {}},
        {"data": {".dockerconfigjson": "no base64"}},
        {"data": {".dockerconfigjson": encoded("[]")}},
        pull_secret(ghcr_io={"auth": "a"}),  # the kubelet takes nothing of such a one either
        pull_secret(ghcr_io="bot:s"),
    ],
)
def test_a_secret_that_cannot_be_read_holds_no_login(secret: Any) -> None:
    assert logins_of(secret) == {}
