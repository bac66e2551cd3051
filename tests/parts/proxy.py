"""A small HTTP proxy to put before a Prefect server: it delays, counts, and can answer itself.

It runs in a thread of its own, so a test may be synchronous, asynchronous, or start a program that
talks through it. Only what a Prefect API uses of HTTP/1.1 is understood: bodies with a length or
in chunks, connections that are kept, and websockets, which are passed on as they are once the
request for one is let through.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

TLS_HELLO = b"\x16"
QUERIES = ("/filter", "/count", "/paginate")


class Request(NamedTuple):
    """A request that came by: its method, its path below the target's, its headers and body."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def is_write(self) -> bool:
        """Whether it changes something; Prefect's filters are sent as POST, and do not."""
        return self.method != "GET" and not self.path.endswith(QUERIES)

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What the proxy answers itself; a `status` of 0 breaks off the connection."""

    status: int
    body: Any = None
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


Answering = Callable[[Request], "Answer | None"]


class Proxy:
    """A proxy before `target`, at `.url`, within `with`.

    `delay` is how many seconds later each answer comes, as over a network with that round trip.
    `answer` may answer a request itself; None passes it on. `at` is the path that stands for the
    target's own, as Prefect Cloud's `/api/accounts/A/workspaces/W`.
    `host` is the address that it listens at: 0.0.0.0, where pods ask it.
    `refused_in_company` counts the writes answered with 503 that were at the target beside others.
    """

    def __init__(
        self,
        target: str,
        delay: float = 0.0,
        *,
        answer: Answering | None = None,
        at: str | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        parts = urlsplit(target)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._path = parts.path.rstrip("/")
        self._at = self._path if at is None else at
        self._listens = host
        self.delay = delay
        self.answer = answer
        self.url = ""
        self.requests: list[Request] = []
        self.times: list[tuple[Request, float]] = []
        self.connections = 0
        self.under_way = 0
        self.peak = 0
        self.peak_writes = 0
        self.statuses: Counter[int] = Counter()
        self.refused_in_company = 0
        self._writes_under_way = 0
        self._writes_there: set[_Visit] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self._closing = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def writes(self) -> list[Request]:
        """The requests that change something, in order."""
        return [request for request in self.requests if request.is_write]

    @property
    def counts(self) -> Counter[tuple[str, str]]:
        """How many requests came by, by method and path (ids as they are)."""
        return Counter((request.method, request.path) for request in self.requests)

    def clear(self) -> None:
        """Forget the requests so far."""
        self.requests.clear()
        self.times.clear()
        self.statuses.clear()
        self.peak = self.peak_writes = self.refused_in_company = 0

    def __enter__(self) -> Proxy:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        self._loop.run_until_complete(self._listen())

    async def _listen(self) -> None:
        server = await asyncio.start_server(self._accepted, self._listens, 0)
        port = server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}{self._at}"
        self._ready.set()
        await self._closing.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.connections += 1
        try:
            while head := await _head(reader):
                request = Request(*self._told(head), await _body(reader, head))
                self.requests.append(request)
                self.times.append((request, self._loop.time()))
                self._count(request, 1)
                try:
                    own = self.answer(request) if self.answer else None
                    if own is None and onward is None:
                        onward = await asyncio.open_connection(self._host, self._port)
                    if own is None and request.headers.get("upgrade", "").lower() == "websocket":
                        assert onward is not None
                        onward[1].write(self._asked(request))
                        await _spliced((reader, writer), onward)
                        return
                    answer = _rendered(own) if own else await self._passed_on(request, onward)
                    await asyncio.sleep(self.delay)
                finally:
                    self._count(request, -1)
                if not answer:
                    return
                self.statuses[int(answer.split(b" ", 2)[1])] += 1
                writer.write(answer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            return  # either side hung up, as it may
        finally:
            for end in (writer, onward[1] if onward else None):
                if end:
                    end.close()

    def _count(self, request: Request, one: int) -> None:
        self.under_way += one
        self.peak = max(self.peak, self.under_way)
        self._writes_under_way += one * request.is_write
        self.peak_writes = max(self.peak_writes, self._writes_under_way)

    def _told(self, head: _Head) -> tuple[str, str, dict[str, str]]:
        method, target, _ = head.line.split(" ", 2)
        return method, target.removeprefix(self._at), head.headers

    async def _passed_on(
        self,
        request: Request,
        onward: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None,
    ) -> bytes:
        visit = _Visit()
        if request.is_write:
            self._writes_there.add(visit)
        if len(self._writes_there) > 1:
            for each in self._writes_there:
                each.in_company = True
        try:
            answer = await self._exchanged(request, onward)
        finally:
            self._writes_there.discard(visit)
        self.refused_in_company += visit.in_company and b" 503 " in answer[:15]
        return answer

    async def _exchanged(
        self,
        request: Request,
        onward: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None,
    ) -> bytes:
        assert onward is not None
        reader, writer = onward
        writer.write(self._asked(request))
        await writer.drain()
        head = await _head(reader)
        if head is None:
            return b""
        if request.method == "HEAD":
            return _message(head.line, head.headers, b"")  # its length is of what GET would give
        body = await _body(reader, head)
        head.headers.pop("transfer-encoding", None)
        return _message(head.line, {**head.headers, "content-length": str(len(body))}, body)

    def _asked(self, request: Request) -> bytes:
        """A request as the target gets it."""
        headers = {**request.headers, "host": f"{self._host}:{self._port}"}
        if headers.pop("transfer-encoding", None) or request.body:
            headers["content-length"] = str(len(request.body))
        return _message(
            f"{request.method} {self._path}{request.path} HTTP/1.1", headers, request.body
        )


async def _spliced(
    one: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    other: tuple[asyncio.StreamReader, asyncio.StreamWriter],
) -> None:
    """Pass on what either side says, until one of them hangs up."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()

    ways = {asyncio.ensure_future(pass_on(one[0], other[1]))}
    ways.add(asyncio.ensure_future(pass_on(other[0], one[1])))
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


@dataclass(eq=False)
class _Visit:
    """A write that the target works on; `in_company` where there was another one meanwhile."""

    in_company: bool = False


@dataclass
class _Head:
    line: str
    headers: dict[str, str]


async def _head(reader: asyncio.StreamReader) -> _Head | None:
    try:
        first = await reader.readexactly(1)
        if first == TLS_HELLO:
            return None  # hang up, as a server does that speaks HTTP alone
        text = first + await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    line, *fields = text.decode("latin-1").strip().split("\r\n")
    pairs = (each.partition(":") for each in fields)
    return _Head(line, {name.strip().lower(): value.strip() for name, _, value in pairs})


async def _body(reader: asyncio.StreamReader, head: _Head) -> bytes:
    if head.headers.get("transfer-encoding", "").lower() == "chunked":
        chunks = []
        while size := int((await reader.readline()).partition(b";")[0], 16):
            chunks.append(await reader.readexactly(size))
            await reader.readline()
        await reader.readline()
        return b"".join(chunks)
    return await reader.readexactly(int(head.headers.get("content-length", 0)))


def _rendered(answer: Answer) -> bytes:
    if not answer.status:
        return b""
    is_json = answer.kind == "application/json"
    body = json.dumps(answer.body).encode() if is_json else str(answer.body).encode()
    headers = {"content-type": answer.kind, "content-length": str(len(body)), **answer.headers}
    return _message(f"HTTP/1.1 {answer.status} Own", headers, body)


def _message(line: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = [line, *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body
