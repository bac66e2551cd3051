"""Asking one Prefect API: paced, retried where that is safe, with errors that say what to do.

Retries: a request that could not be sent, or was put off (429, with Retry-After), is always sent
again. One that may have been carried out (502, 503, 504, a lost connection) is sent again only
where doing it twice is doing it once: reads, PATCH, PUT, DELETE, and a POST that the caller says is
`repeatable` (upserts of deployments and flows, anything with an idempotency key).

A server on SQLite now and then answers 503 and then closes the connection without saying so, so
each retry uses a new one.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from packaging.version import InvalidVersion, Version

from flowlift import __version__
from flowlift.errors import AnswerError, FlowliftError, UnsupportedError, WorkspaceError
from flowlift.findings import Json
from flowlift.network import is_this_machine
from flowlift.workspace import retry
from flowlift.workspace.api_errors import is_query, no_api, refusal
from flowlift.workspace.clock import loop_time
from flowlift.workspace.endpoint import Endpoint
from flowlift.workspace.pace import Pace

OLDEST = "3.4"
"""The oldest Prefect server that flowlift works with."""

NEAR = 0.03
"""A server that tells its version within so many seconds is on this machine or network."""

TIMEOUT = httpx.Timeout(60.0, connect=10.0)

IDLE = 4.0
"""Seconds to keep an idle connection: the server closes it after 5, perhaps as we send."""


class Client:
    """A Prefect API that can be asked, within `async with`.

    `reads` and `writes` pace the requests. `slow_page` are the seconds and schedules of a page
    that took long. `transport` stands for the network, in tests.
    """

    def __init__(
        self, endpoint: Endpoint, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.endpoint = endpoint
        self.reads = Pace(start=4, most=16)
        self.writes = Pace(start=1, most=32)
        self._transport = transport
        self._told: tuple[datetime, float] | None = None
        self.slow_page: tuple[float, int] | None = None
        self._known = False
        self._trust: Any = None
        self._line: _Line | None = None
        self._version: asyncio.Task[str] | None = None

    async def __aenter__(self) -> Client:
        self._trust = retry.trust(self.endpoint)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._version is not None:
            self._version.cancel()
            with suppress(asyncio.CancelledError, FlowliftError):
                await self._version
        if self._line is not None:
            await self._line.retire()

    async def get(self, path: str) -> Json:
        """What stands at `path`, below the API's address."""
        return await self.request("GET", path)

    async def find(self, path: str) -> Json:
        """The same, but None where nothing stands there."""
        try:
            return await self.get(path)
        except AnswerError as error:
            if error.status != 404:
                raise
            return None

    async def post(self, path: str, json: Json = None, *, repeatable: bool = False) -> Json:
        """Send `json`; `repeatable` says that sending it twice does what sending it once does."""
        return await self.request("POST", path, json, repeatable=repeatable or is_query(path))

    async def patch(self, path: str, json: Json) -> Json:
        """Change some fields of what stands at `path`."""
        return await self.request("PATCH", path, json)

    async def delete(self, path: str) -> bool:
        """Delete what stands at `path`; False where nothing stood there (any more)."""
        try:
            await self.request("DELETE", path)
        except AnswerError as error:
            if error.status != 404:
                raise
            return False
        return True

    async def server_version(self) -> str:
        """The server's version, "" for Prefect Cloud, which has none.

        Raises:
            UnsupportedError: it is older than `OLDEST`.
            UnreachableError: nothing answers, or what answers is not a Prefect API.
        """
        version = self._ask_version()
        # Shielded, as many may wait for the one answer and one of them may be cancelled.
        return await asyncio.shield(version) if version else ""

    def server_time(self) -> datetime:
        """The server's own time now, to a second or so: ours until it has answered."""
        if self._told is None:
            return datetime.now(timezone.utc)
        said, at = self._told
        return said + timedelta(seconds=loop_time() - at)

    async def request(
        self, method: str, path: str, json: Json = None, *, repeatable: bool | None = None
    ) -> Json:
        """Send one request and return its answer's JSON, None where it has none.

        Raises:
            UnreachableError: no answer in time, or no Prefect API answers. Where the request is
                not repeatable it may have been carried out.
            RefusedError: the key or login is not accepted.
            UnsupportedError: the server is too old.
            AnswerError: the API refused; the message is its own.
        """
        reading = method == "GET" or is_query(path)
        if repeatable is None:
            repeatable = method != "POST"
        if not reading:
            await self.server_version()
        self._ask_version()  # a read does not wait for it
        try:
            content = await self._ask(method, path, json, reading=reading, repeatable=repeatable)
        except WorkspaceError:
            # An old server, or none of Prefect's, explains any other trouble better.
            await self.server_version()
            raise
        await self.server_version()
        return content

    def _ask_version(self) -> asyncio.Task[str] | None:
        """The one question for the server's version, asked now if it was not yet."""
        if self._version is None and not self.endpoint.is_cloud:
            self._version = asyncio.create_task(self._read_version())
        return self._version

    async def _read_version(self) -> str:
        begun = time.perf_counter()
        try:
            said = await self._ask("GET", "/admin/version", None, reading=True, repeatable=True)
        except AnswerError as error:
            if error.status not in {404, 405}:
                raise
            raise no_api(self.endpoint, "it knows no /admin/version") from None
        if time.perf_counter() - begun < NEAR:
            self.writes.near()
        try:
            version = Version(said if isinstance(said, str) else "")
        except InvalidVersion:
            raise no_api(self.endpoint, "/admin/version answered no version") from None
        if version.release < Version(OLDEST).release:
            raise UnsupportedError(
                f"{self.endpoint.url} is Prefect {version}; flowlift needs {OLDEST} at least.",
                remedy=f"Update the server to Prefect {OLDEST} or newer.",
            )
        return str(version)

    async def _ask(
        self, method: str, path: str, json: Json, *, reading: bool, repeatable: bool
    ) -> Json:
        pace = self.reads if reading else self.writes
        attempts = retry.Attempts(self.endpoint, f"{method} {path}", repeatable)
        while True:
            answer = await self._exchange(method, path, json, pace)
            if isinstance(answer, httpx.Response):
                if answer.status_code != 500 or not attempts.may_fail_again():
                    return self._content(method, path, answer)
                answer = retry.RequestTrouble("failed inside (500)")
            await asyncio.sleep(attempts.pause(answer, known=self._known))

    async def _exchange(
        self, method: str, path: str, json: Json, pace: Pace
    ) -> httpx.Response | retry.RequestTrouble:
        """Send once, in its turn."""
        async with pace.turn() as turn:
            line = self._line = self._line or _Line(self.endpoint, self._trust, self._transport)
            try:
                answer, seconds = await line.send(method, path, json)
            except httpx.TransportError as error:
                await self._hang_up(line)
                return retry.of_transport(error, self.endpoint)
            self._known = True
            self._set_clock(answer)
            if answer.status_code >= 500:
                await self._hang_up(line)
            if answer.status_code in retry.PASSING:
                found = retry.of_answer(answer)
                pace.refused(turn, wait=min(found.wait or 0.0, retry.PUT_OFF_PATIENCE))
                return found
            pace.answered(turn, _kind(method, path), seconds)
            return answer

    def _set_clock(self, answer: httpx.Response) -> None:
        with suppress(TypeError, ValueError):  # an answer without a date tells no time
            said = parsedate_to_datetime(answer.headers.get("date", ""))
            said = said.replace(tzinfo=said.tzinfo or timezone.utc)
            # By the loop's clock, which nobody sets back or forward while we run.
            self._told = said, loop_time()

    async def _hang_up(self, line: _Line) -> None:
        """Never use `line` again: the server closes it, or has done so."""
        if self._line is line:
            self._line = None
        await line.retire()

    def _content(self, method: str, path: str, answer: httpx.Response) -> Json:
        status = answer.status_code
        if status == 204 or (answer.is_success and not answer.content):
            return None
        kind = answer.headers.get("content-type", "").partition(";")[0].strip() or "nothing"
        if 300 <= status < 400:
            target = httpx.URL(answer.headers.get("location", ""))
            raise no_api(self.endpoint, f"it redirects to {target.host or 'itself'}{target.path}")
        if "json" not in kind and status not in {401, 403}:
            raise no_api(self.endpoint, f"it answered {kind} to {method} {path}")
        try:
            document = answer.json()
        except ValueError:
            if answer.is_success:
                raise no_api(self.endpoint, f"{method} {path} answered broken JSON") from None
            document = None
        if answer.is_success:
            return document
        raise refusal(self.endpoint, method, path, status, document)


def _kind(method: str, path: str) -> str:
    """What may be compared in how long it takes."""
    parts = path.strip("/").split("/")
    return f"{method} {parts[0]} {parts[-1] if is_query(path) else ''}"


class _Line:
    """Connections to the API that are given up together, once none is in use any more."""

    def __init__(
        self, endpoint: Endpoint, context: Any, transport: httpx.AsyncBaseTransport | None
    ) -> None:
        headers = {"User-Agent": f"flowlift/{__version__}", "Accept": "application/json"}
        auth: tuple[str, str] | None = None
        if endpoint.auth_string:
            user, _, password = endpoint.auth_string.partition(":")
            auth = (user, password)
        elif endpoint.key:
            headers["Authorization"] = f"Bearer {endpoint.key}"
        self._http = httpx.AsyncClient(
            headers=headers,
            auth=httpx.BasicAuth(*auth) if auth else None,
            verify=context,
            transport=transport,
            timeout=TIMEOUT,
            limits=httpx.Limits(max_keepalive_connections=64, keepalive_expiry=IDLE),
            # Proxies come from the environment, but never for this machine, whatever they say.
            trust_env=not is_this_machine(endpoint.url),
        )
        self._base = endpoint.url
        self._users = 0
        self._retired = False

    async def send(self, method: str, path: str, json: Json) -> tuple[httpx.Response, float]:
        """The answer, and the seconds from sending to answer: without connecting or waiting."""
        clock = {"begun": time.perf_counter()}

        async def trace(event: str, _: object) -> None:
            if event.endswith("send_request_headers.started"):
                clock["begun"] = time.perf_counter()
            elif event.endswith("receive_response_headers.complete"):
                clock["ended"] = time.perf_counter()

        self._users += 1
        try:
            answer = await self._http.request(
                method,
                f"{self._base}/{path.lstrip('/')}",
                json=json,
                extensions={"trace": trace},
            )
            return answer, clock.get("ended", time.perf_counter()) - clock["begun"]
        finally:
            self._users -= 1
            await self._close_if_done()

    async def retire(self) -> None:
        """Close all connections, as soon as none is in use."""
        self._retired = True
        await self._close_if_done()

    async def _close_if_done(self) -> None:
        if self._retired and not self._users and not self._http.is_closed:
            await self._http.aclose()
