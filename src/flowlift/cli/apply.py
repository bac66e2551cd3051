"""`flowlift apply ENV [PLAN.json]`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowlift.cli import options, session

if TYPE_CHECKING:
    from flowlift.deployments.scope import ScopeKind


@click.command(
    "apply",
    epilog="""\b
Examples:
  flowlift apply dev                  in a terminal: shows the plan and asks
  flowlift apply dev --yes            in CI
  flowlift apply prod plan.json       exactly what was planned and looked at, or nothing
""",
)
@options.environment
@click.argument(
    "plan_file",
    required=False,
    metavar="[PLAN.json]",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
)
@options.selection
@options.as_json
@options.yes
@options.lock_wait
def command(
    *,
    environment: str,
    plan_file: Path | None,
    directory: Path,
    branch: str | None,
    base: str | None,
    scope: ScopeKind | None,
    names: tuple[str, ...],
    take_over: bool,
    allow_delete: int | None,
    as_json: bool,
    yes: bool,
    lock_wait: float,
) -> int:
    """Bring an environment to what the manifests declare.

    Everything is checked before the first write: one deployment with an error, and nothing is
    written. What is right already is not written either. A saved plan is applied exactly, or
    refused if the workspace or the repository has changed since.
    """
    from flowlift.cli.apply_voice import ApplyVoice
    from flowlift.deployments.applying import ApplyOrder, apply
    from flowlift.deployments.scope import Options
    from flowlift.render.data import read_plan

    project = session.open_here(directory, branch, base)
    saved = read_plan(plan_file.read_text(encoding="utf-8")) if plan_file else None
    order = ApplyOrder(
        environment,
        Options(scope, names, take_over, allow_delete),
        saved,
        lock_wait=lock_wait,
    )
    voice = ApplyVoice(as_json=as_json, ask=not (yes or saved))
    done = project.ask(environment, lambda client: apply(project, order, client, voice))
    return voice.conclude(done)
