"""`flowlift check`."""

from __future__ import annotations

from pathlib import Path

import click

from flowlift.cli import options, session


@click.command(
    "check",
    epilog="""\b
Examples:
  flowlift check                  all manifests of this repository
  flowlift check -n 'ingest/*'    the deployments of one flow
""",
)
@options.directory
@options.names
@options.as_json
def command(*, directory: Path, names: tuple[str, ...], as_json: bool) -> int:
    """Look for mistakes in the manifests, without any workspace.

    Fit for a pre-commit hook: no network, and none of your code is run that can be read instead.
    """
    import json
    import sys
    from dataclasses import asdict

    from flowlift.deployments.checking import check
    from flowlift.errors import InputError
    from flowlift.findings import Level
    from flowlift.render.findings import render_findings
    from flowlift.render.screen import screen_of

    project = session.open_here(directory)
    scoped, findings = check(project, session.options("all", names))
    errors = sum(finding.level is Level.ERROR for finding in findings)
    if as_json:
        document = [asdict(finding) for finding in findings]
        click.echo(json.dumps({"deployments": len(scoped.reasons), "findings": document}, indent=2))
    else:
        screen = screen_of(sys.stdout)
        click.echo(
            render_findings(
                findings,
                checked=len(scoped.reasons),
                colour=screen.colour,
                width=screen.width,
            ),
            nl=False,
            color=screen.colour,
        )
    return InputError.exit_code if errors else 0
