"""Programs that are run: their words, their end, and how they are ended."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from flowlift.worker.cluster import program
from flowlift.worker.cluster.program import Answer, Program, leash, run, start

ENVIRON: Mapping[str, str] = {"PATH": os.environ["PATH"]}


def answer(*words: str, **more: object) -> Answer | None:
    return asyncio.run(run(words, ENVIRON, **more))  # type: ignore[arg-type]


def test_a_program_gets_its_words_as_they_are_and_its_environment_alone() -> None:
    odd = "$(id) 'x' ;"
    done = asyncio.run(
        run(["sh", "-c", 'printf "%s|%s" "$1" "$A"', "sh", odd], {**ENVIRON, "A": "b"})
    )
    assert done == Answer(0, f"{odd}|b", "")
    assert answer("sh", "-c", 'printf "%s" "${HOME:-none}"') == Answer(0, "none", "")


def test_standard_input_is_handed_over_and_empty_where_nothing_is_given() -> None:
    done = answer("cat", stdin=b"a\nb")
    assert done
    assert done.out == "a\nb"
    assert answer("cat") == Answer(0, "", "")


def test_code_and_both_outputs_are_kept() -> None:
    assert answer("sh", "-c", "echo out; echo err >&2; exit 3") == Answer(3, "out\n", "err\n")


def test_what_is_no_utf_8_is_replaced() -> None:
    done = answer("printf", r"\377x")
    assert done
    assert done.out == "\ufffdx"


def test_a_program_that_is_not_there_is_told_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nobody-has-this"):
        answer("nobody-has-this")
    with pytest.raises(FileNotFoundError):
        asyncio.run(run(["sh"], {"PATH": str(tmp_path)}))


async def begun(script: str, file: Path) -> Program:
    """A shell that runs `script` and has come to the point where it makes `file`."""
    there = await start(["sh", "-c", script], ENVIRON)
    while not file.exists():
        await asyncio.sleep(0.001)
    return there


def test_one_that_takes_too_long_is_ended_and_has_no_answer() -> None:
    assert answer("sleep", "600", timeout=0.01) is None


def test_a_program_is_asked_to_end_and_may_end_in_good_order(tmp_path: Path) -> None:
    file = tmp_path / "begun"
    script = f"trap 'echo bye; exit 5' TERM; echo >{file}; while :; do sleep 0.01; done"

    async def main() -> Answer | None:
        there = await begun(script, file)
        assert not await there.wait(0)
        return await there.end()

    assert asyncio.run(main()) == Answer(5, "bye\n", "")


def test_one_that_does_not_end_is_never_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "END_PATIENCE", 0.01)
    file, go = tmp_path / "begun", tmp_path / "go"
    script = (
        f"trap '' TERM; echo >{file}; while [ ! -e {go} ]; do sleep 0.01; done; echo in my own time"
    )

    async def main() -> Answer:
        there = await begun(script, file)
        assert await there.end() is None
        go.touch()
        return await there.answer()

    assert asyncio.run(main()) == Answer(0, "in my own time\n", "")


def test_whoever_is_cancelled_ends_its_program_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, ended = tmp_path / "begun", tmp_path / "ended"
    script = f"trap 'echo >{ended}; exit' TERM; echo >{file}; while :; do sleep 0.01; done"

    async def main() -> None:
        there = await begun(script, file)

        async def started(*words: object, **more: object) -> Program:
            return there

        monkeypatch.setattr(program, "start", started)
        doing = asyncio.ensure_future(run(["sh"], ENVIRON))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        doing.cancel()
        await doing

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())
    assert ended.exists()


@pytest.mark.parametrize(
    ("err", "said"),
    [
        ("Error: UPGRADE FAILED: x\n", "UPGRADE FAILED: x"),
        ("warning: y\nError: x\nUse --debug flag to render out invalid YAML\n", "x"),
        ("Use --debug for more\n", "Use --debug for more"),
        ("\n", "exit code 2"),
    ],
)
def test_what_was_said_last_is_the_reason(err: str, said: str) -> None:
    assert Answer(2, "", err).said == said


def test_what_a_program_wrote_does_not_show_in_a_repr() -> None:
    assert "hunter2" not in repr(Answer(0, "hunter2", ""))


def test_a_program_is_tied_where_the_system_can_do_that(tmp_path: Path) -> None:
    assert leash({"PATH": str(tmp_path)}) == ()
    setpriv = tmp_path / "setpriv"
    setpriv.write_text("#!/bin/sh\n")
    setpriv.chmod(0o755)
    assert leash({"PATH": str(tmp_path)}) == (str(setpriv), "--pdeathsig", "TERM", "--")
