"""What every command that talks to a workspace does first: find the project and its endpoint."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from flowlift.deployments.scope import Options, ScopeKind
    from flowlift.project.project import Project
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
