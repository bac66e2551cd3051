"""`flowlift explain NAME [ENV]`."""

from __future__ import annotations

from pathlib import Path

import click

from flowlift.cli import options, session


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
    from flowlift.deployments.explaining import Origin, explain_here, explain_in
    from flowlift.render.origins import render_origins

    project = session.open_here(directory, branch)
    if environment is None:
        found = explain_here(project, name)
    else:
        where = environment
        found = project.ask(where, lambda client: explain_in(project, where, name, client))
    if as_json:
        session.print_json(found, lambda v: session.plain(v) if isinstance(v, Origin) else str(v))
        return
    session.show(lambda on: render_origins(found, colour=on.colour, width=on.width))
