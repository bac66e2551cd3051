"""What a build is doing, from BuildKit's own stream of events, and why it failed.

Source: `docker buildx build --progress=rawjson`, which writes the events of BuildKit's
client.SolveStatus as one JSON object a line; what is no JSON is a word of buildx itself.
"""

from __future__ import annotations

import base64
import json
import re
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flowlift.voice import Voice

LAST_LINES = 20
"""Lines of a failing step that are shown, an unfinished last one included."""

# What is no step of the Dockerfile: reading it, logging in, writing down what was done.
_BESIDE = re.compile(r"internal\]|^\[auth\]|^resolving provenance")
_FRACTION = re.compile(r"\.(\d{1,6})\d*")


@dataclass(slots=True)
class _Step:
    name: str = ""
    told: bool = False
    error: str = ""
    lines: deque[str] = field(default_factory=lambda: deque([""], maxlen=LAST_LINES))

    def write(self, text: str) -> None:
        """Take a piece of the step's output; it may end within a line."""
        first, *more = text.split("\n")
        self.lines[-1] += first
        self.lines.extend(more)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a build failed: the reason, the step with its last lines, the line of the Dockerfile."""

    reason: str
    step: str = ""
    lines: tuple[str, ...] = ()
    line: int = 0


class BuildProgress:
    """Follows one build; `voice` says each step that ends."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._steps: dict[str, _Step] = {}
        self._words: deque[str] = deque(maxlen=60)

    def read(self, line: str) -> None:
        """Take one line of the stream."""
        try:
            event = json.loads(line) if line.startswith("{") else None
        except ValueError:
            event = None
        if not isinstance(event, dict):
            if line.strip():
                self._words.append(line.rstrip())
            return
        for vertex in event.get("vertexes") or ():
            self._vertex(vertex)
        for log in event.get("logs") or ():
            text = base64.b64decode(log.get("data") or "").decode("utf-8", "replace")
            self._step(log["vertex"]).write(text.replace("\r\n", "\n"))

    def failure(self) -> Failure:
        """Why the build failed, once it has."""
        failed = [step for step in self._steps.values() if step.error and not _cancelled(step)]
        step = failed[-1] if failed else _Step()
        reason, line = step.error, 0
        for word in self._words:
            if place := re.fullmatch(r"\S.*:(\d+)", word):
                line = int(place[1])
            if word.startswith("ERROR: "):
                reason = _short(word.removeprefix("ERROR: "))
        if not reason:
            reason = "\n".join(self._words) or "buildx said nothing"
        lines = list(step.lines)
        if not lines[-1]:
            lines.pop()
        return Failure(reason, step.name, tuple(lines), line)

    def _step(self, digest: str) -> _Step:
        return self._steps.setdefault(digest, _Step())

    def _vertex(self, vertex: dict[str, Any]) -> None:
        step = self._step(vertex["digest"])
        step.name = vertex.get("name") or step.name
        step.error = vertex.get("error") or step.error
        ended = vertex.get("completed")
        if not ended or step.told or step.error or _BESIDE.search(step.name):
            return
        step.told = True
        if vertex.get("cached"):
            self._voice.say(f"  cached  {step.name}")
            return
        seconds = _seconds(vertex.get("started"), ended)
        self._voice.say(f"{seconds:6.1f} s  {step.name}")


def _cancelled(step: _Step) -> bool:
    """Whether a step only stopped because another one failed."""
    return step.error.startswith("context canceled")


def _short(reason: str) -> str:
    for prefix in ("failed to build: ", "failed to solve: "):
        reason = reason.removeprefix(prefix)
    return reason


def _seconds(started: str | None, ended: str) -> float:
    if not started:
        return 0.0
    begin, end = (
        datetime.fromisoformat(_FRACTION.sub(lambda f: f".{f[1]:0<6}", text).replace("Z", "+00:00"))
        for text in (started, ended)
    )
    return max((end - begin).total_seconds(), 0.0)
