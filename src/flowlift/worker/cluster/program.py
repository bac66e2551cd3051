"""Running helm and kubectl: every word an argument of its own, and no secret among them."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

END_PATIENCE = 30.0
"""Seconds that a program may take to end in good order after SIGTERM."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How a program ended and what it wrote."""

    code: int
    out: str = field(repr=False)
    err: str

    @property
    def said(self) -> str:
        """What it said last, as the reason of a failure."""
        lines = [line.strip() for line in self.err.splitlines() if line.strip()]
        # Helm adds an advice to the reason, which is of no use to whoever does not call it.
        lines = [line for line in lines if not line.startswith("Use --debug")] or lines
        return lines[-1].removeprefix("Error: ") if lines else f"exit code {self.code}"


class Program:
    """A program that runs. It is ended by SIGTERM and never by force: helm must write its end."""

    def __init__(self, process: asyncio.subprocess.Process, stdin: bytes | None) -> None:
        self._process = process
        self._doing = asyncio.ensure_future(process.communicate(stdin))

    async def wait(self, timeout: float | None = None) -> bool:
        """Whether it has ended, after at most `timeout` seconds."""
        done, _ = await asyncio.wait({self._doing}, timeout=timeout)
        return bool(done)

    async def answer(self) -> Answer:
        """Its answer, once it has ended."""
        out, err = await asyncio.shield(self._doing)
        code = self._process.returncode or 0
        return Answer(code, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))

    async def end(self) -> Answer | None:
        """Ask it to end and wait for that; None where it does not."""
        if not self._doing.done():
            self._process.terminate()
        return await self.answer() if await self.wait(END_PATIENCE) else None


async def start(
    words: Sequence[str],
    environ: Mapping[str, str],
    *,
    stdin: bytes | None = None,
    tied: bool = False,
) -> Program:
    """Start a program. `tied` gets it a SIGTERM when flowlift dies, where the system can do that.

    Raises:
        FileNotFoundError: there is no such program.
    """
    if shutil.which(words[0], path=environ.get("PATH")) is None:
        raise FileNotFoundError(words[0])
    process = await asyncio.create_subprocess_exec(
        *(leash(environ) if tied else ()),
        *words,
        env=dict(environ),
        stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for flowlift, which ends it in good order
    )
    return Program(process, stdin)


async def run(
    words: Sequence[str],
    environ: Mapping[str, str],
    *,
    stdin: bytes | None = None,
    timeout: float = 60.0,
) -> Answer | None:
    """Run a program to its end; None where it took longer than `timeout` seconds.

    Raises:
        FileNotFoundError: there is no such program.
    """
    program = await start(words, environ, stdin=stdin)
    try:
        if await program.wait(timeout):
            return await program.answer()
    except asyncio.CancelledError:
        await program.end()
        raise
    await program.end()
    return None


def leash(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The words that tie a program's life to ours; none where the system has no such thing."""
    found = shutil.which("setpriv", path=environ.get("PATH"))
    return (found, "--pdeathsig", "TERM", "--") if found else ()
