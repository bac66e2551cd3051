"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def _together(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    def apply(function: F) -> F:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply


directory = click.option(
    "-C",
    "--directory",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=".",
    show_default="here",
    metavar="DIR",
    help="The repository to work on, or a folder in it.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
branch = click.option(
    "--branch", metavar="NAME", help="The branch, where neither CI nor git says it."
)
base = click.option(
    "--base", metavar="REF", help="What to compare with instead of the default branch."
)
names = click.option(
    "-n",
    "--name",
    "names",
    multiple=True,
    metavar="NAME",
    help="Only this deployment: `deployment` or `flow/deployment`, * and ? allowed. Repeatable.",
)
allow_delete = click.option(
    "--allow-delete",
    type=click.IntRange(min=0),
    metavar="N",
    help="Allow N deletions, even if they are more than a third.",
)
environment = click.argument("environment", metavar="ENV")

selection = _together(
    directory,
    branch,
    base,
    click.option(
        "--scope",
        type=click.Choice(["all", "changed"]),
        help="All declared deployments, or those changed since the merge base. Where a pull"
        " request's branch runs, the default is changed, else all.",
    ),
    names,
    click.option(
        "--take-over",
        is_flag=True,
        help="Also take deployments that another branch or repository holds here.",
    ),
    allow_delete,
)
"""What decides which deployments are looked at, and what may be done to them."""

yes = click.option("-y", "--yes", is_flag=True, help="Apply without asking.")
lock_wait = click.option(
    "--lock-wait",
    type=click.FloatRange(min=0),
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait while another run writes to the same environment.",
)
