"""A line to a server on which every piece of data takes its time."""

from __future__ import annotations

import asyncio
import contextlib
import threading


class SlowLine:
    """Forwards a port of the loopback to `host`:`port`; each piece arrives `seconds` later."""

    def __init__(self, host: str, port: int, *, seconds: float) -> None:
        self._target = (host, port)
        self._seconds = seconds
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0

    def __enter__(self) -> SlowLine:
        self._thread.start()
        start = asyncio.start_server(self._serve, "127.0.0.1", 0)
        server = asyncio.run_coroutine_threadsafe(start, self._loop).result()
        self.port = server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        """End the lines that are still open."""
        own = asyncio.current_task()
        open_lines = [task for task in asyncio.all_tasks() if task is not own]
        for line in open_lines:
            line.cancel()
        await asyncio.gather(*open_lines, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection(*self._target)
            await asyncio.gather(
                self._forward(reader, far_writer), self._forward(far_reader, writer)
            )

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await asyncio.sleep(self._seconds)
                writer.write(data)
                await writer.drain()
        writer.close()
