"""The one error boundary: what a user reads when something is wrong, and the exit code."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from flowlift.errors import FlowliftError

INTERRUPTED = 130


def run(program: click.Command, arguments: Sequence[str] | None = None) -> int:
    """Run `program`; 0 done, 1 failed, 2 the input is wrong, 130 interrupted.

    `arguments` stand for those of the process.
    """
    try:
        result = program.main(arguments, standalone_mode=False)
    except FlowliftError as error:
        _say(error)
        return error.exit_code
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.UsageError as error:
        error.show(sys.stderr)
        return 2
    except click.ClickException as error:
        error.show(sys.stderr)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted.", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has left: `flowlift plan dev | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        return _defect(error)
    return result if isinstance(result, int) else 0


def _say(error: FlowliftError) -> None:
    if error.message:
        place = f"{error.at}: " if error.at else ""
        click.secho(f"Error: {place}{error.message}", fg="red", err=True)
    if error.remedy:
        for line in error.remedy.splitlines():
            click.echo(f"  {line}", err=True)


def _defect(error: Exception) -> int:
    """A fault of flowlift's own: the traceback goes to a file that only its user can read."""
    descriptor, name = tempfile.mkstemp(prefix="flowlift-", suffix=".log")
    with os.fdopen(descriptor, "w", encoding="utf-8") as log:
        log.write("".join(traceback.format_exception(error)))
    click.secho(f"Error: flowlift has a fault: {type(error).__name__}.", fg="red", err=True)
    click.echo(f"  Please report it with {Path(name)} (read it first: it shows code).", err=True)
    return 1
