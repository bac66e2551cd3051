"""`flowlift verify ENV`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowlift.cli import options, session

if TYPE_CHECKING:
    from flowlift.deployments.verifying import RunOutcome
    from flowlift.workspace.client import Client


@click.command(
    "verify",
    epilog="""\b
Examples:
  flowlift verify dev                    run what this branch has in DEV
  flowlift verify dev -n 'ingest/*'      only some of it
""",
)
@options.environment
@options.directory
@options.branch
@options.names
@options.as_json
def command(
    *,
    environment: str,
    directory: Path,
    branch: str | None,
    names: tuple[str, ...],
    as_json: bool,
) -> int:
    """Run what was applied to an environment and wait for the end.

    Each deployment that this branch has there runs once, with its own parameters or those under
    [tool.flowlift.verify]. Leaves with 1 when a run failed or did not start in time.
    """
    import json
    import sys

    from flowlift.deployments.verifying import verify
    from flowlift.render.outcome import render_runs
    from flowlift.render.progress import Progress
    from flowlift.render.screen import screen_of

    project = session.open_here(directory, branch)
    with Progress() as progress:
        progress.step(f"running in {environment}")

        async def work(client: Client) -> list[RunOutcome]:
            return await verify(project, environment, names, client, progress.advance)

        outcomes = session.with_client(project, environment, work)
    if as_json:
        click.echo(json.dumps([asdict(outcome) for outcome in outcomes], indent=2))
    else:
        screen = screen_of(sys.stdout)
        click.echo(
            render_runs(outcomes, colour=screen.colour, width=screen.width, unicode=screen.unicode),
            nl=False,
            color=screen.colour,
        )
    return 0 if all(outcome.well for outcome in outcomes) else 1
