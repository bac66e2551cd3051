"""What an environment has got, told to GitHub. Its deployments are a stub of the public reference.

The emulator has none, and no other server of GitHub's API can be had.
"""

from __future__ import annotations

import json

import httpx
import pytest

from flowlift.errors import ForgeRefusedError
from flowlift.forge.github import GitHub
from flowlift.forge.http import ForgeHttp
from flowlift.forge.model import Status

STATUS = Status(
    environment="dev",
    ref="feat/rows",
    commit="c" * 40,
    state="success",
    url="https://app.prefect.cloud/w",
    run="https://github.com/acme/data/actions/runs/7",
)
TRIAL = "a" * 40


class StubOfDeployments:
    """`GET` and `POST deployments`, and `POST deployments/ID/statuses`; `there` are commits."""

    def __init__(self, *there: str, refuses: bool = False) -> None:
        self.there = there
        self.refuses = refuses
        self.asked: list[str] = []
        self.written: list[tuple[str, dict[str, object]]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            sha, name = (request.url.params[key] for key in ("sha", "environment"))
            self.asked.append(sha)
            found = [{"id": 1}] if sha in self.there and name == "dev" else []
            return httpx.Response(200, json=found)
        if self.refuses:
            return httpx.Response(403, json={"message": "Resource not accessible by integration"})
        self.written.append((request.url.path, json.loads(request.content)))
        return httpx.Response(201, json={"id": 9})


def github(stub: StubOfDeployments) -> GitHub:
    line = ForgeHttp("GitHub", "https://api.github.test", {}, transport=httpx.MockTransport(stub))
    return GitHub(line, "acme/data", token="ghs_x", job_commit=TRIAL)


@pytest.mark.parametrize("there", [TRIAL, STATUS.commit])
def test_a_jobs_own_deployment_is_left_alone(there: str) -> None:
    stub = StubOfDeployments(there)
    assert github(stub).set_status(STATUS)
    assert not stub.written


def test_where_there_is_none_one_is_made_and_told_how_it_ended() -> None:
    stub = StubOfDeployments()
    assert github(stub).set_status(STATUS)
    assert stub.asked == [TRIAL, STATUS.commit]
    (path, made), (told, status) = stub.written
    assert (path, told) == (
        "/repos/acme/data/deployments",
        "/repos/acme/data/deployments/9/statuses",
    )
    assert (made["ref"], made["environment"]) == (STATUS.commit, "dev")
    # Otherwise GitHub would merge the default branch into it, or wait for checks: this one's too.
    assert (made["auto_merge"], made["required_contexts"]) == (False, [])
    assert (status["state"], status["environment_url"]) == ("success", STATUS.url)
    assert status["log_url"] == STATUS.run


def test_a_token_without_the_right_says_which() -> None:
    with pytest.raises(ForgeRefusedError, match="403") as refused:
        github(StubOfDeployments(refuses=True)).set_status(STATUS)
    assert "`deployments: write`" in refused.value.remedy
