"""The command line: one module a command. It reads words, calls one function, and prints."""

from __future__ import annotations

import importlib
import sys
from typing import NamedTuple

import click

from flowlift import __version__

PROGRAM = "flowlift"


class _Command(NamedTuple):
    module: str
    summary: str


COMMANDS = {
    "init": _Command("init", "Write a platform repository, or only what is missing in one."),
    "check": _Command("check", "Look for mistakes in the manifests, without any workspace."),
    "plan": _Command("plan", "Show what would change in an environment, and why."),
    "explain": _Command("explain", "Show where each field of one deployment comes from."),
    "apply": _Command("apply", "Bring an environment to what the manifests declare."),
    "verify": _Command("verify", "Run what was applied to an environment and wait for the end."),
    "sync": _Command("sync", "Bring an environment back from branches that are merged or gone."),
    "image": _Command("image", "Build, prove, release and promote the image that flows run in."),
    "worker": _Command("worker", "Check, update and watch the Prefect worker and its work pool."),
    "deliver": _Command("deliver", "Do what the event of a CI asks for, in order, and report it."),
    "ci": _Command("ci", "Write the workflows for a CI, and tell when they are out of date."),
    "demo": _Command("demo", "Show the whole life of a change on this machine."),
}
"""The commands with their summaries, so that `--help` imports none of them."""


class _Commands(click.Group):
    """A group that imports a command's module only when that command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module = importlib.import_module(f"{__name__}.{entry.module}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            meant = f" Is {near[0]!r} meant?" if near else f" See `{PROGRAM} --help`."
            raise click.UsageError(f"There is no command {args[0]!r}.{meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with `flowlift demo`, then `flowlift init` and `flowlift plan dev` in your"
    " repository. Each command explains itself: flowlift plan --help",
)
@click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")
def program() -> None:
    """Take a Prefect platform repository from pull request to production."""


def main() -> None:
    """Run the program and leave with its exit code: the one error boundary."""
    from flowlift.cli.boundary import run

    sys.exit(run(program))
