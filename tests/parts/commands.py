"""Commands, run in this process as a shell would run them, with a stand-in for what they call."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

import pytest

from flowlift.cli import program, session
from flowlift.cli.boundary import run
from flowlift.project.context import CiContext

T = TypeVar("T")
CLIENT = object()
"""Stands for the client of a workspace."""


@dataclass(frozen=True)
class Result:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed on standard output, as data."""
        return json.loads(self.out)


def command(*arguments: str, environ: Mapping[str, str] | None = None) -> Result:
    """Run `flowlift ARGUMENTS`."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict("os.environ", environ or {}),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = run(program, list(arguments))
    return Result(code, out.getvalue(), err.getvalue())


@dataclass
class StandInProject:
    """Stands for the project that a command opens."""

    environ: dict[str, str] = field(default_factory=dict)
    context: CiContext = field(default_factory=CiContext)
    asked: list[str] = field(default_factory=list)

    def ask(self, environment: str, work: Callable[[Any], Coroutine[Any, Any, T]]) -> T:
        self.asked.append(environment)
        return asyncio.run(work(CLIENT))

    def endpoint(self, environment: str) -> str:
        return f"endpoint of {environment}"


@dataclass
class Called:
    """One call: what was handed over by its place, and by its name."""

    given: tuple[Any, ...]
    named: dict[str, Any]


@dataclass
class Here:
    """The surroundings of a command: which projects and workspaces it opened, what it called."""

    monkeypatch: pytest.MonkeyPatch
    project: StandInProject = field(default_factory=StandInProject)
    opened: list[tuple[Path, str | None, str | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.monkeypatch.setattr(session, "open_here", self._open)

    @property
    def asked(self) -> list[str]:
        """The environments whose workspaces were asked."""
        return self.project.asked

    def _open(self, directory: Path, branch: str | None = None, base: str | None = None) -> Any:
        self.opened.append((directory, branch, base))
        return self.project

    def calls(self, place: str, answer: Any) -> list[Called]:
        """Stand in for the function at `place`, which gives `answer` or raises it; its calls."""
        calls: list[Called] = []

        def stand_in(*given: Any, **named: Any) -> Any:
            calls.append(Called(given, named))
            if isinstance(answer, BaseException):
                raise answer
            return answer

        self.monkeypatch.setattr(place, stand_in)
        return calls

    def awaits(self, place: str, answer: Any) -> list[Called]:
        """As `calls`, for a function that is awaited."""
        calls = self.calls(place, answer)
        module, _, name = place.rpartition(".")
        called: Callable[..., Any] = getattr(__import__(module, fromlist=[name]), name)

        def stand_in(*given: Any, **named: Any) -> Awaitable[Any]:
            async def main() -> Any:
                return called(*given, **named)

            return main()

        self.monkeypatch.setattr(place, stand_in)
        return calls
