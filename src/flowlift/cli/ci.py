"""`flowlift ci`: write, check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowlift.cli import options, session

if TYPE_CHECKING:
    from flowlift.scaffold.ci.files import Forge

forges = click.Choice(["github", "gitlab"])


@click.group(
    "ci",
    epilog="""\b
Examples:
  flowlift ci write github    .github/workflows/flowlift-*.yml; Gitea reads the same
  flowlift ci write gitlab    .gitlab/flowlift/*.yml, for your .gitlab-ci.yml to include
  flowlift ci check           do they still say what the configuration says?
""",
)
def command() -> None:
    """Write the workflows for your CI, and keep them as the configuration says."""


@command.command("write", short_help="Write the workflows as files.")
@click.argument("forge", type=forges)
@options.directory
@options.as_json
def _write(*, forge: Forge, directory: Path, as_json: bool) -> None:
    """Write the three workflows: flows image, Prefect worker, deployments.

    They start on what the configuration names: manifests, sources, the image's inputs, the worker's
    values. Each of their jobs is one call of `flowlift deliver`.
    """
    from flowlift.scaffold.ci.files import write

    done = write(session.open_here(directory), forge)
    if as_json:
        session.print_json({entry.file: entry.how for entry in done})
        return
    for entry in done:
        sign = {"created": "+", "changed": "~", "kept": " "}[entry.how]
        click.echo(f"  {sign} {entry.file}{' (kept)' if entry.how == 'kept' else ''}")
    click.echo(f"\nWhat secrets and rights they need: docs/{forge}.md")


@command.command("check")
@click.argument("forge", type=forges, required=False)
@options.directory
@options.as_json
def _check(*, forge: Forge | None, directory: Path, as_json: bool) -> int:
    """Tell whether the workflows say what the configuration says.

    Leaves with 2 where they do not. What you have added to them is yours, and pins of actions
    may be newer; but they start on exactly what is configured.
    """
    from flowlift.errors import InputError
    from flowlift.render.visible import visible
    from flowlift.scaffold.ci.files import check

    found = check(session.open_here(directory), forge)
    wrong = {file: differences for file, differences in found.items() if differences}
    if as_json:
        session.print_json(found)
    else:
        for file, differences in wrong.items():
            for entry in differences:
                place = f"{file}:{entry.line}" if entry.line else file
                click.echo(f"{place}: {visible(entry.text)}")
        if not wrong:
            click.echo(f"{', '.join(found)}: as configured.")
    if not wrong:
        return 0
    which = "gitlab" if all(file.startswith(".gitlab") for file in wrong) else "github"
    session.say(f"  Write them again: flowlift ci write {which}")
    return InputError.exit_code
