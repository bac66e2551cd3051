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
    from flowlift.deployments.checking import check
    from flowlift.deployments.scope import Options
    from flowlift.errors import InputError
    from flowlift.findings import Level
    from flowlift.render.findings import render_findings

    project = session.open_here(directory)
    scoped, findings = check(project, Options("all", names))
    errors = sum(finding.level is Level.ERROR for finding in findings)
    if as_json:
        session.print_json({"deployments": len(scoped.reasons), "findings": findings})
    else:
        session.show(
            lambda on: render_findings(
                findings, checked=len(scoped.reasons), colour=on.colour, width=on.width
            )
        )
    return InputError.exit_code if errors else 0
