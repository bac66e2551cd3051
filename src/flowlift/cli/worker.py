"""`flowlift worker`: check, update, status, host."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowlift.cli import options, session
from flowlift.cli.voice import TerminalVoice

if TYPE_CHECKING:
    from flowlift.worker.update import Updated

CHANGES, FAILED, WRONG = 2, 1, 2

image = click.option(
    "--image",
    metavar="REF",
    help="The flows image, by digest or tag. By default the one that the pool has already, else"
    " the one that the registry has for this commit.",
)


@click.group(
    "worker",
    epilog="""\b
Examples:
  flowlift worker check dev      what differs, and everything that is wrong, before any write
  flowlift worker update dev     release, secrets and work pool; ends well only if a worker works
  flowlift worker status prod    release, image, workers, queues, late runs
  flowlift worker host dev       on the machine itself: K3s and Helm in the pinned versions
""",
)
def command() -> None:
    """Bring the Prefect worker and its work pool to what the repository says, and prove it."""


@command.command(
    "check",
    short_help="Show what differs, and all that is wrong.",
    epilog="""\b
Examples:
  flowlift worker check dev
  flowlift worker check prod --image ghcr.io/acme/edp-flows:1.5.0
  flowlift worker check prod --json --detailed-exitcode
""",
)
@options.environment
@options.directory
@options.branch
@image
@options.as_json
@click.option(
    "--detailed-exitcode",
    is_flag=True,
    help="Leave with 0: nothing to do, 1: failed or refused, 2: something differs.",
)
def _check(
    *,
    environment: str,
    directory: Path,
    branch: str | None,
    image: str | None,
    as_json: bool,
    detailed_exitcode: bool,
) -> int:
    """Show what differs from the repository, and everything that is wrong. Nothing is written.

    Looks at the values and the base job template in them, the image in its registry, the
    namespace, the secrets (never shown), the Helm release, the live work pool, and what the
    template means for the pool's deployments. Leaves with 2 where something is wrong.
    """
    from flowlift.worker.check import check_workers

    project = session.open_here(directory, branch)
    checked = check_workers(project, environment, TerminalVoice(), image=image)
    if as_json:
        session.print_json([{**session.plain(one), "differs": one.differs} for one in checked])
    else:
        from flowlift.render.worker import render_check

        session.show(
            lambda on: "\n".join(
                render_check(one, colour=on.colour, width=on.width) for one in checked
            )
        )
    wrong = any(one.errors for one in checked)
    if detailed_exitcode:
        return FAILED if wrong else CHANGES if any(one.differs for one in checked) else 0
    return WRONG if wrong else 0


@command.command(
    "update",
    short_help="Bring the worker up to date, and prove that it works.",
    epilog="""\b
Examples:
  flowlift worker update dev
  flowlift worker update prod --image ghcr.io/acme/edp-flows:1.5.0
""",
)
@options.environment
@options.directory
@options.branch
@image
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="How long the release may take.",
)
@options.lock_wait
@options.as_json
def _update(
    *,
    environment: str,
    directory: Path,
    branch: str | None,
    image: str | None,
    timeout: float,
    lock_wait: float,
    as_json: bool,
) -> None:
    """Bring the worker to what the repository says, and prove that it works.

    Namespace, secrets, Helm release, and the work pool's base job template, read back. What is
    right already is not written. Ends with 0 only where a worker of this release is heard of and
    the pool is as it should be; else the release is rolled back, the pool's template with it, and
    the reason told.
    """
    from flowlift.worker.update import UpdateOrder, update_worker

    order = UpdateOrder(image=image, timeout=timeout, lock_wait=lock_wait)
    project = session.open_here(directory, branch)
    done = update_worker(project, environment, order, TerminalVoice())
    if as_json:
        session.print_json(done)
        return
    for one in done:
        _say_updated(one)


@command.command(
    "status",
    short_help="Tell how the worker is doing.",
    epilog="""\b
Examples:
  flowlift worker status dev
  flowlift worker status prod --json
""",
)
@options.environment
@options.directory
@options.as_json
def _status(*, environment: str, directory: Path, as_json: bool) -> int:
    """Tell how the worker is doing: release, image, workers, queues, late runs.

    Leaves with 1 where runs do not start: no worker online, the pool paused, runs late, the
    release not deployed.
    """
    from flowlift.worker.status import read_status

    statuses = read_status(session.open_here(directory), environment)
    if as_json:
        session.print_json([{**session.plain(one), "well": one.well} for one in statuses])
    else:
        from flowlift.render.worker import render_status

        session.show(lambda on: "\n".join(render_status(one, colour=on.colour) for one in statuses))
    return 0 if all(one.well for one in statuses) else FAILED


@command.command(
    "host",
    short_help="Bring this machine's K3s and Helm to their versions.",
    epilog="""\b
Examples, on the machine that the worker runs on:
  flowlift worker host dev --check                         what is there, and what is amiss
  sudo -E env PATH="$PATH" flowlift worker host dev        install or upgrade what is pinned
""",
)
@options.environment
@options.directory
@click.option("--check", is_flag=True, help="Only report; leave with 1 where something is amiss.")
@click.option("--force", is_flag=True, help="Also go back, or skip a minor version.")
@click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False),
    default="/",
    hidden=True,
    help="A folder that stands for the machine.",
)
@options.as_json
def _host(
    *, environment: str, directory: Path, check: bool, force: bool, root: Path, as_json: bool
) -> int:
    """Bring this machine to the pinned versions of K3s and Helm.

    Downloads from the release's address or a mirror, compares with the release's own checksums
    and with those that are pinned, and swaps the programs in at once. What is right already is
    not touched. Never goes back to an older version without --force.
    """
    from flowlift.worker.host.bring import bring_host

    done = bring_host(
        session.open_here(directory),
        environment,
        TerminalVoice(),
        check=check,
        force=force,
        root=root,
    )
    if as_json:
        session.print_json({**session.plain(done), "right": done.right})
    else:
        from flowlift.render.worker import render_host

        session.show(lambda on: render_host(done.tools, done.unfit))
    return 0 if done.right else FAILED


def _say_updated(done: Updated) -> None:
    for note in done.notes:
        session.say(f"Note: {note}")
    if done.worker:
        session.say(f"The worker {done.worker} works.")
    if not done.changed:
        click.echo(f"Work pool {done.pool}: nothing to do.")
        return
    parts = ", ".join(f"{part.kind} {part.name}" for part in done.parts if part.differs)
    click.echo(f"Work pool {done.pool}: updated ({parts or 'the worker'}) in {done.seconds} s.")
