"""`flowlift verify ENV`."""

from __future__ import annotations

from pathlib import Path

import click

from flowlift.cli import options, session


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
    from flowlift.cli.voice import TerminalVoice
    from flowlift.deployments.verifying import verify
    from flowlift.render.outcome import render_runs

    project = session.open_here(directory, branch)
    voice = TerminalVoice()
    with voice.progress:
        voice.step(f"running in {environment}")
        outcomes = project.ask(
            environment, lambda client: verify(project, environment, names, client, voice)
        )
    if as_json:
        session.print_json(outcomes)
    else:
        session.show(
            lambda on: render_runs(outcomes, colour=on.colour, width=on.width, unicode=on.unicode)
        )
    return 0 if all(outcome.well for outcome in outcomes) else 1
