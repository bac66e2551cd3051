"""`flowlift sync ENV`."""

from __future__ import annotations

from pathlib import Path

import click

from flowlift.cli import options, session


@click.command(
    "sync",
    epilog="""\b
Examples:
  flowlift sync dev                      after a merge, or when a branch was deleted
  flowlift sync dev --gone feat/ingest   this branch is done with, though the remote still has it
""",
)
@options.environment
@options.directory
@click.option(
    "--gone",
    multiple=True,
    metavar="BRANCH",
    help="A branch that is merged or closed; in CI the event says it. Repeatable.",
)
@options.allow_delete
@options.as_json
@options.yes
@options.lock_wait
def command(
    *,
    environment: str,
    directory: Path,
    gone: tuple[str, ...],
    allow_delete: int | None,
    as_json: bool,
    yes: bool,
    lock_wait: float,
) -> int:
    """Bring an environment back from branches that are merged or gone.

    What still runs such a branch goes back to the default branch, as the remote has it; what was
    never merged is removed. Deployments that open branches hold are left alone.
    """
    from flowlift.cli.apply_voice import ApplyVoice
    from flowlift.deployments.applying import ApplyOrder
    from flowlift.deployments.scope import Options
    from flowlift.deployments.syncing import sync

    project = session.open_here(directory)
    branches = {*gone, *([project.context.gone] if project.context.gone else [])}
    order = ApplyOrder(
        environment,
        Options("all", allow_delete=allow_delete, gone=frozenset(branches)),
        returning=True,
        lock_wait=lock_wait,
    )
    voice = ApplyVoice(as_json=as_json, ask=not yes)
    done = project.ask(environment, lambda client: sync(project, order, client, voice))
    return voice.conclude(done)
