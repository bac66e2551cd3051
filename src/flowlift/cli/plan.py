"""`flowlift plan ENV`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowlift.cli import options, session

if TYPE_CHECKING:
    from flowlift.deployments.scope import ScopeKind
    from flowlift.plan.model import Plan
    from flowlift.workspace.client import Client

CHANGES = 2
FAILED = 1


@click.command(
    "plan",
    epilog="""\b
Examples:
  flowlift plan dev                     what this branch would change in DEV
  flowlift plan prod                    what the merge will change in PROD
  flowlift plan prod --scope changed    only what changed since the merge base
  flowlift plan dev -n 'ingest/*'       only the deployments of one flow
  flowlift plan prod --out plan.json    save it, for `flowlift apply prod plan.json`
""",
)
@options.environment
@options.selection
@options.as_json
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Save the plan."
)
@click.option(
    "--detailed-exitcode",
    is_flag=True,
    help="Leave with 0: nothing to do, 1: failed or refused, 2: there are changes.",
)
def command(
    *,
    environment: str,
    directory: Path,
    branch: str | None,
    base: str | None,
    scope: ScopeKind | None,
    names: tuple[str, ...],
    take_over: bool,
    allow_delete: int | None,
    as_json: bool,
    out: Path | None,
    detailed_exitcode: bool,
) -> int:
    """Show what would change in an environment, and why. Nothing is written.

    Compares what the manifests declare with what the workspace holds, checks all of it, and
    prints each change with its reason.
    """
    from flowlift.deployments.planning import decide
    from flowlift.deployments.reading import read
    from flowlift.deployments.scope import Options
    from flowlift.errors import FlowliftError, InputError

    try:
        project = session.open_here(directory, branch, base)
        wanted = Options(scope, names, take_over, allow_delete)

        async def work(client: Client) -> Plan:
            return decide(project, await read(project, environment, wanted, client))

        plan = project.ask(environment, work)
    except InputError as error:
        if detailed_exitcode:
            # Terraform's convention has no code but 1 for "it could not be planned".
            raise FlowliftError(error.message, remedy=error.remedy, at=error.at) from None
        raise
    show(plan, as_json=as_json, out=out)
    if detailed_exitcode:
        return FAILED if plan.errors else CHANGES if plan.writes else 0
    return InputError.exit_code if plan.errors else 0


def show(plan: Plan, *, as_json: bool = False, out: Path | None = None) -> None:
    """Print a plan, and save it where that is asked."""
    from flowlift.render.data import plan_json

    if out is not None:
        out.write_text(plan_json(plan), encoding="utf-8")
    if as_json:
        click.echo(plan_json(plan), nl=False)
        return
    from flowlift.render.terminal import render_plan

    session.show(lambda on: render_plan(plan, colour=on.colour, width=on.width))
    if out is not None:
        session.say(f"Saved to {out}.")
