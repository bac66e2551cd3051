"""What commands share: how they find the project and its workspace, and how they print."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from flowlift.deployments.scope import Options, ScopeKind
    from flowlift.project.project import Project
    from flowlift.render.screen import Screen
    from flowlift.workspace.client import Client

T = TypeVar("T")


def open_here(directory: Path, branch: str | None = None, base: str | None = None) -> Project:
    """The project in `directory`, with this process's environment."""
    from flowlift.project.project import open_project

    return open_project(directory, os.environ, branch=branch, base=base)


def options(
    scope: ScopeKind | None,
    names: tuple[str, ...],
    *,
    take_over: bool = False,
    allow_delete: int | None = None,
    gone: frozenset[str] = frozenset(),
) -> Options:
    """The options of a plan as the command line gives them."""
    from flowlift.deployments.scope import Options

    return Options(scope, names, take_over, allow_delete, gone)


def with_client(project: Project, environment: str, work: Callable[[Client], Awaitable[T]]) -> T:
    """Run `work` with a client of the environment's workspace."""
    from flowlift.workspace import running

    endpoint = project.endpoint(environment)
    return running.with_client(endpoint, work)


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
