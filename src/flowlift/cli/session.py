"""What commands share: how they find the project, and how they print."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from flowlift.project.project import Project
    from flowlift.render.screen import Screen


def open_here(directory: Path, branch: str | None = None, base: str | None = None) -> Project:
    """The project in `directory`, with this process's environment."""
    from flowlift.project.project import open_project

    return open_project(directory, os.environ, branch=branch, base=base)


def on_terminal() -> bool:
    """Whether a person reads standard output and can answer."""
    return sys.stdout.isatty() and sys.stdin.isatty()


def say(text: str = "") -> None:
    """A line for a person, on standard error, so that standard output stays the result."""
    click.echo(text, err=True)


def show(render: Callable[[Screen], str], *, err: bool = False) -> None:
    """Print what `render` makes of the screen at hand, on standard output or standard error."""
    from flowlift.render.screen import fit_encoding, screen_of

    stream = sys.stderr if err else sys.stdout
    screen = screen_of(stream)
    click.echo(fit_encoding(render(screen), stream), nl=False, err=err, color=screen.colour)


def print_json(value: Any, default: Callable[[Any], Any] | None = None) -> None:
    """Print data on standard output; `default` makes JSON of what is none, by default `plain`."""
    import json

    click.echo(json.dumps(value, indent=2, default=default or plain))


def plain(value: Any) -> Any:
    """A dataclass or a moment as JSON has it."""
    from dataclasses import fields, is_dataclass
    from datetime import datetime

    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"JSON has no {type(value).__name__}")
