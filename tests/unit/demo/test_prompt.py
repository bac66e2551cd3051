"""Commands are run as they are typed, and what they print is shown."""

import os
import sys
from pathlib import Path

import pytest

from flowlift.demo.prompt import Prompt
from flowlift.errors import FlowliftError


@pytest.fixture
def prompt(tmp_path: Path) -> Prompt:
    """A prompt whose `flowlift` is a small program that prints its words, and fails at `fail`."""
    program = tmp_path / "flowlift"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nprint('\\x1b[1mPlan\\x1b[0m', *sys.argv[1:])\n"
        "print('to stderr', file=sys.stderr)\nsys.exit('fail' in sys.argv)\n"
    )
    program.chmod(0o755)
    return Prompt(tmp_path, dict(os.environ), str(program))


def test_a_command_is_shown_as_typed_with_what_it_prints(
    prompt: Prompt, capfd: pytest.CaptureFixture[str]
):
    printed = prompt.flowlift("plan", "dev", "-n", "a b")
    assert sorted(printed.splitlines()) == ["Plan plan dev -n a b", "to stderr"]
    shown = capfd.readouterr().out
    assert "$ flowlift plan dev -n 'a b'\n" in shown
    assert "to stderr\n" in shown


def test_a_command_that_fails_stops_the_story(prompt: Prompt):
    with pytest.raises(FlowliftError, match=r"`flowlift fail` left with exit code 1") as failed:
        prompt.flowlift("fail")
    assert failed.value.exit_code == 1


def test_a_failure_that_is_expected_does_not(prompt: Prompt):
    assert "Plan fail" in prompt.flowlift("fail", code=1)


def test_git_is_asked_without_showing_it(prompt: Prompt, capfd: pytest.CaptureFixture[str]):
    assert prompt.ask_git("--version").startswith("git version")
    assert capfd.readouterr().out == ""
    with pytest.raises(FlowliftError, match="git rev-parse"):
        prompt.ask_git("rev-parse", "--verify", "no-such-branch")


def test_what_is_exported_holds_for_the_next_commands(
    prompt: Prompt, capfd: pytest.CaptureFixture[str]
):
    prompt.export("FLOWLIFT_DEV_API_URL", "http://127.0.0.1:1/api")
    assert prompt.environ["FLOWLIFT_DEV_API_URL"] == "http://127.0.0.1:1/api"
    assert "$ export FLOWLIFT_DEV_API_URL=http://127.0.0.1:1/api\n" in capfd.readouterr().out
