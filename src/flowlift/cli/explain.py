"""`flowlift explain NAME [ENV]`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowlift.cli import options, session

if TYPE_CHECKING:
    from flowlift.deployments.explaining import Origin
    from flowlift.workspace.client import Client


@click.command(
    "explain",
    epilog="""\b
Examples:
  flowlift explain ingest/daily          as the manifest alone says it
  flowlift explain ingest/daily prod     as PROD should hold it
""",
)
@click.argument("name")
@click.argument("environment", metavar="[ENV]", required=False)
@options.directory
@options.branch
@options.as_json
def command(
    *, name: str, environment: str | None, directory: Path, branch: str | None, as_json: bool
) -> None:
    """Show where each field of one deployment comes from.

    A line of the manifest (perhaps through an anchor), a template, the environment's policy, the
    flow's code, or Prefect's default. With ENV, templates are resolved from its workspace.
    """
    from flowlift.deployments.explaining import explain_here, explain_in
    from flowlift.render.origins import render_origins

    project = session.open_here(directory, branch)
    if environment is None:
        found = explain_here(project, name)
    else:
        where = environment

        async def work(client: Client) -> dict[str, list[Origin]]:
            return await explain_in(project, where, name, client)

        found = session.with_client(project, where, work)
    if as_json:
        document = {
            key: [
                {"field": origin.field, "value": origin.value, "source": origin.source}
                for origin in origins
            ]
            for key, origins in found.items()
        }
        session.print_json(document, default=str)
        return
    session.show(lambda on: render_origins(found, colour=on.colour, width=on.width))
