"""A fake Prefect API, for answers that a real server cannot be made to give when they are needed.

It is a real HTTP server, so that connections, headers and time are real.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from flowlift.workspace.client import Client
from flowlift.workspace.endpoint import Endpoint
from tests.real.proxy import Answer, Proxy, Request

T = TypeVar("T")
Answering = Callable[[Request], "Answer | None"]


def fake_api(answer: Answering) -> Proxy:
    """An API of version 3.8.8 that answers what `answer` says, and 404 where that is nothing."""

    def complete(request: Request) -> Answer:
        found = answer(request)
        if found is not None:
            return found
        if request.path == "/admin/version":
            return Answer(200, "3.8.8")
        return Answer(404, {"detail": "Not Found"})

    return Proxy("http://127.0.0.1:9/api", answer=complete)


def endpoint(url: str, key: str | None = None, auth_string: str | None = None) -> Endpoint:
    return Endpoint("dev", url, key=key, auth_string=auth_string, source="FLOWLIFT_DEV_API_URL")


def ask(where: str | Endpoint, work: Callable[[Client], Awaitable[T]]) -> T:
    """What `work` gives with a client of an API."""
    known = where if isinstance(where, Endpoint) else endpoint(where)

    async def main() -> T:
        async with Client(known) as client:
            return await work(client)

    return asyncio.run(main())
