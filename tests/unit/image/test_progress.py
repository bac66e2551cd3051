"""What is told of a build, from lines as BuildKit writes them."""

from __future__ import annotations

import base64
import json

from flowlift.image.progress import LAST_LINES, BuildProgress
from flowlift.voice import SILENT
from tests.parts.voices import RecordingVoice

RUN = "[2/2] RUN uv sync --locked"


def vertex(name: str, digest: str = "sha256:1", **more: object) -> str:
    return json.dumps({"vertexes": [{"digest": digest, "name": name, **more}]})


def log(text: str, digest: str = "sha256:1") -> str:
    data = base64.b64encode(text.encode()).decode()
    return json.dumps({"logs": [{"vertex": digest, "stream": 1, "data": data}]})


def told(*lines: str) -> list[str]:
    voice = RecordingVoice()
    progress = BuildProgress(voice)
    for line in lines:
        progress.read(line)
    return voice.lines


def test_each_step_is_told_once_with_its_time() -> None:
    began, ended = "2026-11-23T18:59:38.544498708Z", "2026-11-23T18:59:50.84Z"
    lines = [
        vertex(RUN, started=began),
        vertex(RUN, started=began, completed=ended),
        vertex(RUN, started=began, completed=ended),
    ]
    assert told(*lines) == [f"  12.3 s  {RUN}"]


def test_cached_steps_are_told_so_and_internal_ones_not_at_all() -> None:
    ended = "2026-11-23T18:59:50Z"
    assert told(
        vertex("[1/2] FROM a", completed=ended, cached=True),
        vertex("[internal] load .dockerignore", "sha256:2", completed=ended),
        vertex("[linux/amd64 internal] load metadata for a", "sha256:3", completed=ended),
    ) == ["  cached  [1/2] FROM a"]


def test_a_failure_has_the_step_its_last_lines_and_the_dockerfiles_line() -> None:
    progress = BuildProgress(SILENT)
    error = 'process "/bin/sh -c uv sync" did not complete successfully: exit code: 2'
    for line in [
        log("\n".join(f"line {number}" for number in range(50)) + "\n"),
        vertex(RUN, error=error),
        vertex("[1/2] FROM a", "sha256:2", error="context canceled: context canceled"),
        "etc/docker/Dockerfile:4",
        "--------------------",
        "   4 | >>> RUN uv sync --locked",
        f"ERROR: failed to build: failed to solve: {error}",
    ]:
        progress.read(line)
    failure = progress.failure()
    assert failure.reason == error
    assert failure.step == RUN
    assert failure.line == 4
    assert failure.lines == tuple(f"line {n}" for n in range(51 - LAST_LINES, 50))


def test_output_that_comes_in_pieces_is_put_together() -> None:
    progress = BuildProgress(SILENT)
    for piece in ("head: ", "error writing", ": No space\nwhole\r\n", "unfinished"):
        progress.read(log(piece))
    progress.read(vertex(RUN, error="exit code: 1"))
    assert progress.failure().lines == ("head: error writing: No space", "whole", "unfinished")


def test_words_of_buildx_alone_are_the_reason() -> None:
    progress = BuildProgress(SILENT)
    progress.read("ERROR: failed to build: Attestation is not supported for the docker driver.")
    assert progress.failure().reason == "Attestation is not supported for the docker driver."


def test_lines_that_are_no_events_do_no_harm() -> None:
    progress = BuildProgress(SILENT)
    for line in ("", "{broken", "[]", "WARNING: something", '{"warnings": [{}]}'):
        progress.read(line)
    assert "WARNING: something" in progress.failure().reason


def test_a_build_that_says_nothing_still_has_a_reason() -> None:
    assert BuildProgress(SILENT).failure().reason == "buildx said nothing"
