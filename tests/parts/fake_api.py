"""A fake Prefect API, for answers that a real server cannot be made to give when they are needed.

`fake_api` is a real HTTP server, so that connections, headers and time are real. `ask_model` asks
without a network, in a model of time: for what takes long.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx

from flowlift.workspace.client import Client
from flowlift.workspace.endpoint import Endpoint
from tests.parts.model_time import run
from tests.parts.proxy import Answer, Proxy, Request

T = TypeVar("T")
Answering = Callable[[Request], "Answer | None"]


def fake_api(answer: Answering) -> Proxy:
    """An API of version 3.8.8 that answers what `answer` says, and 404 where that is nothing."""

    return Proxy("http://127.0.0.1:9/api", answer=lambda request: complete(answer, request))


def complete(answer: Answering, request: Request) -> Answer:
    """What `answer` says, or an API of version 3.8.8 that has nothing."""
    found = answer(request)
    if found is not None:
        return found
    if request.path == "/admin/version":
        return Answer(200, "3.8.8")
    return Answer(404, {"detail": "Not Found"})


def endpoint(url: str, key: str | None = None, auth_string: str | None = None) -> Endpoint:
    return Endpoint("dev", url, key=key, auth_string=auth_string, source="FLOWLIFT_DEV_API_URL")


def ask(where: str | Endpoint, work: Callable[[Client], Awaitable[T]]) -> T:
    """What `work` gives with a client of an API."""
    known = where if isinstance(where, Endpoint) else endpoint(where)

    async def main() -> T:
        async with Client(known) as client:
            return await work(client)

    return asyncio.run(main())


class ModelNetwork(httpx.AsyncBaseTransport):
    """The way to an API that `answer` makes up; there and back takes `delay` seconds.

    The API has a request after half of them, and does it even if nobody waits for the answer.
    """

    def __init__(self, answer: Answering) -> None:
        self.answer = answer
        self.delay = 0.0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await asyncio.shield(asyncio.ensure_future(self._exchange(request)))

    async def _exchange(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api")
        asked = Request(request.method, path, dict(request.headers), await request.aread())
        await asyncio.sleep(self.delay / 2)
        answer = complete(self.answer, asked)
        await asyncio.sleep(self.delay / 2)
        if not answer.status:
            raise httpx.RemoteProtocolError("The connection broke off.", request=request)
        content = b"" if answer.status == 204 else json.dumps(answer.body).encode()
        headers = {"content-type": answer.kind, **answer.headers}
        return httpx.Response(answer.status, headers=headers, content=content)


def ask_model(
    network: ModelNetwork, work: Callable[[Client], Awaitable[T]], where: Endpoint | None = None
) -> T:
    """What `work` gives with a client whose network and time are models."""
    known = where or endpoint("http://prefect.invalid/api")

    async def main() -> T:
        async with Client(known, transport=network) as client:
            return await work(client)

    return run(main())
