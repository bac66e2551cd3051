"""The command line as a whole: what each command tells of itself, and what it loads for that."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from flowlift import __version__
from flowlift.cli import COMMANDS, program
from tests.parts.commands import command


def commands(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """All commands with the words that they are called by."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None
        yield (*path, name), found
        if isinstance(found, click.Group):
            yield from commands(found, *path, name)


EVERY = list(commands(program))
WORDS = [" ".join(path) for path, _ in EVERY]
HEAVY = ("prefect", "pydantic", "httpx", "jsonschema", "yaml", "rich", "asyncio")


def examples(found: click.Command) -> list[list[str]]:
    """The examples of a command, as the words after `flowlift`."""
    lines = [line.strip() for line in (found.epilog or "").splitlines()]
    words = [shlex.split(line.partition("  ")[0]) for line in lines if "flowlift" in line]
    return [line[line.index("flowlift") + 1 :] for line in words]


def test_help_has_every_command_with_its_summary():
    result = command("--help")
    assert result.code == 0
    for name, entry in COMMANDS.items():
        assert name in result.out
        assert entry.summary.split()[0] in result.out


def test_without_a_word_it_explains_itself():
    assert "Commands:" in command().out + command().err


def test_the_version_is_told():
    assert command("--version").out == f"flowlift {__version__}\n"


@pytest.mark.parametrize(("path", "found"), EVERY, ids=WORDS)
def test_a_command_tells_what_it_is_its_options_and_examples(
    path: tuple[str, ...], found: click.Command
):
    result = command(*path, "--help")
    assert (result.code, result.err) == (0, "")
    assert f"Usage: flowlift {' '.join(path)}" in result.out or "Usage: " in result.out
    assert found.help
    assert found.help.splitlines()[0] in " ".join(result.out.split())
    for parameter in found.params:
        hidden = isinstance(parameter, click.Option) and parameter.hidden
        for option in parameter.opts if isinstance(parameter, click.Option) else ():
            assert (option in result.out) is not hidden
        if isinstance(parameter, click.Option) and not hidden:
            assert parameter.help, parameter.name
    if path[-1] not in {"write", "check"} or path[0] != "ci":
        assert "Examples" in result.out


@pytest.mark.parametrize(("path", "found"), EVERY, ids=WORDS)
def test_its_examples_are_commands_with_options_that_exist(
    path: tuple[str, ...], found: click.Command
):
    for words in examples(found):
        group: click.Command = program
        rest = list(words)
        while isinstance(group, click.Group) and rest:
            inner = group.get_command(click.Context(group), rest[0])
            assert inner is not None, words
            group, rest = inner, rest[1:]
        assert not isinstance(group, click.Group), words
        # Unknown options are refused; values and files are not looked at.
        _, too_many, _ = group.make_parser(click.Context(group)).parse_args(rest)
        assert too_many == [], words


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["aply"], "Is 'apply' meant?"),
        (["zzz"], "See `flowlift --help`"),
        (["plan"], "Missing argument 'ENV'"),
        (["plan", "dev", "--bogus"], "No such option"),
        (["plan", "dev", "--scope", "some"], "'some' is not one of"),
        (["plan", "dev", "-C", "/nowhere-at-all"], "does not exist"),
        (["plan", "dev", "--allow-delete", "-1"], "-1 is not in the range"),
        (["apply", "dev", "no-such-plan.json"], "does not exist"),
        (["apply", "dev", "--lock-wait", "-1"], "is not in the range"),
        (["apply", "dev", "--lock-wait", "long"], "is not a valid float"),
        (["explain"], "Missing argument 'NAME'"),
        (["sync"], "Missing argument 'ENV'"),
        (["verify"], "Missing argument 'ENV'"),
        (["check", "dev"], "unexpected extra argument"),
        (["init", "there"], "unexpected extra argument"),
        (["demo", "now"], "unexpected extra argument"),
        (["ci", "write", "jenkins"], "'jenkins' is not one of"),
        (["ci", "write"], "Missing argument"),
        (["ci", "wrote"], "No such command 'wrote'"),
        (["deliver", "--only", "all"], "'all' is not one of"),
        (["image", "build", "--pr"], "requires an argument"),
        (["image", "tag"], "No such command 'tag'"),
        (["worker", "update"], "Missing argument 'ENV'"),
        (["worker", "update", "dev", "--timeout", "0"], "is not in the range"),
    ],
)
def test_wrong_usage_is_told_once_and_ends_with_2(words: list[str], said: str):
    result = command(*words)
    assert (result.code, result.out) == (2, "")
    assert result.err.count("Error: ") == 1
    assert said in result.err
    assert "Traceback" not in result.err


def test_help_loads_nothing_that_takes_long():
    script = (
        "import sys, io, contextlib\n"
        "from flowlift.cli import program\n"
        f"for words in {[word.split() for word in WORDS]!r}:\n"
        "    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "        program([*words, '--help'])\n"
        f"    loaded = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "    if loaded: sys.exit(f'{words} loads {loaded}')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
