"""How long a request is tried again, and what is told of it then. The API and time are models."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from flowlift.errors import EndpointError, UnreachableError
from flowlift.workspace import retry
from flowlift.workspace.client import Client
from flowlift.workspace.endpoint import Endpoint
from tests.parts.fake_api import ModelNetwork, ask_model, endpoint
from tests.parts.proxy import Answer, Request

HERE = endpoint("https://prefect.example.com/api")


class Troubled:
    """An API that answers `trouble` to the first requests for flows, and remembers when."""

    def __init__(self, *trouble: Answer, forever: bool = False) -> None:
        self.trouble = list(trouble)
        self.forever = forever
        self.times: list[float] = []

    def __call__(self, request: Request) -> Answer | None:
        if request.path != "/flows/filter":
            return None
        self.times.append(asyncio.get_running_loop().time())
        if self.forever:
            return self.trouble[0]
        return self.trouble.pop(0) if self.trouble else Answer(200, [])


def ask(api: Troubled, work: Callable[[Client], Awaitable[Any]] | None = None) -> Any:
    return ask_model(ModelNetwork(api), work or (lambda c: c.post("/flows/filter", {})))


def put_off(seconds: int, status: int = 429) -> Answer:
    return Answer(status, {}, headers={"retry-after": str(seconds)})


@pytest.mark.parametrize("status", [429, 503])
def test_the_server_is_left_alone_for_as_long_as_it_asks(status: int):
    api = Troubled(put_off(20, status))
    assert ask(api) == []
    first, second = api.times
    assert 20 <= second - first < 21


def test_one_that_puts_us_off_for_ever_is_given_up():
    api = Troubled(put_off(60), forever=True)
    with pytest.raises(UnreachableError, match="more requests than it allows"):
        ask(api)
    assert retry.PUT_OFF_PATIENCE - 60 <= api.times[-1] <= retry.PUT_OFF_PATIENCE + 60


def test_a_server_that_goes_away_is_waited_for_less_and_less_often():
    api = Troubled(*[Answer(503)] * 8)
    assert ask(api) == []
    pauses = [after - before for before, after in zip(api.times, api.times[1:], strict=False)]
    assert pauses[0] <= retry.FIRST_PAUSE
    for number, pause in enumerate(pauses):
        longest = min(retry.LONGEST_PAUSE, retry.FIRST_PAUSE * 2**number)
        assert longest / 2 <= pause <= longest


def test_a_server_that_stays_away_is_told_with_how_long_was_waited():
    api = Troubled(Answer(503), forever=True)
    with pytest.raises(UnreachableError, match=r"not available \(503\).*Tried \d+ times in 6\d s"):
        ask(api)
    assert retry.PATIENCE < api.times[-1] <= retry.PATIENCE + retry.LONGEST_PAUSE


def trouble_of(error: httpx.TransportError, cause: BaseException | None = None) -> Any:
    error.__cause__ = cause
    return retry.of_transport(error, HERE)


def test_what_was_never_sent_may_be_sent_again_and_what_was_may_have_been_done():
    assert not trouble_of(httpx.ConnectError("refused")).carried_out
    assert not trouble_of(httpx.PoolTimeout("full")).carried_out
    assert trouble_of(httpx.ReadTimeout("slow")).carried_out
    assert trouble_of(httpx.RemoteProtocolError("broke off")).carried_out


@pytest.mark.parametrize(
    ("reason", "ca_file", "remedy"),
    [
        ("unable to get local issuer certificate", None, "set SSL_CERT_FILE"),
        ("self-signed certificate", "/etc/own.pem", "is not in /etc/own.pem"),
        ("certificate has expired", None, "needs a new certificate"),
        ("Hostname mismatch", None, "for another name"),
    ],
)
def test_a_certificate_that_is_not_trusted_is_never_asked_again(
    reason: str, ca_file: str | None, remedy: str
):
    refused = ssl.SSLCertVerificationError(reason)
    refused.verify_message = reason
    error = httpx.ConnectError("")
    error.__cause__ = refused
    where = Endpoint("dev", "https://prefect.example.com/api", ca_file=ca_file)
    trouble = retry.of_transport(error, where)
    assert trouble.lasting
    assert reason in trouble.what
    assert remedy in trouble.remedy


def test_a_file_without_certificates_is_named(tmp_path: Path):
    file = tmp_path / "own.pem"
    file.write_text("nothing", encoding="utf-8")
    where = Endpoint("dev", "https://prefect.example.com/api", ca_file=str(file))
    with pytest.raises(EndpointError, match=r"own\.pem holds no certificates"):
        retry.trust(where)
