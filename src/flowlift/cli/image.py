"""`flowlift image`: check, build, verify, release, promote, prune."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowlift.cli import options, session

if TYPE_CHECKING:
    from flowlift.image.access import Access
    from flowlift.image.build import Built
    from flowlift.image.promote import Promoted
    from flowlift.image.proving import Verified
    from flowlift.workspace.pools import HandedOver

environments = click.option(
    "--env",
    "environments",
    multiple=True,
    metavar="ENV",
    help="Also hand the image to this environment's pools. Repeatable.",
)


@click.group(
    "image",
    epilog="""\b
Examples, in a pull request:
  flowlift image check                  does the image change, and is its version right?
  flowlift image build --env dev        build and push it, and let DEV's pools run it
  flowlift image verify                 import every flow in it
After the merge:
  flowlift image release                the git tag of the version, once
  flowlift image promote --env dev --env prod
""",
)
def command() -> None:
    """Build the flows image, prove it, release it once, and promote it by digest."""


@command.command(
    "check",
    short_help="Tell whether the image changes, and its version is right.",
    epilog="""\b
Examples:
  flowlift image check                  against the default branch of the remote
  flowlift image check --base release   against another branch
  flowlift image check --json           for a CI to decide what to run
""",
)
@options.directory
@options.branch
@options.base
@click.option("--offline", is_flag=True, help="Ask neither the remote nor the registry.")
@options.as_json
def _check(
    *, directory: Path, branch: str | None, base: str | None, offline: bool, as_json: bool
) -> None:
    """Tell whether the image changes, and whether its version may come next.

    Leaves with 2 where the version is not the next patch, minor or major one, or is taken.
    """
    from flowlift.image.check import check
    from flowlift.project.outputs import write_outputs

    access = _access(directory, branch, base)
    done = check(access, offline=offline)
    write_outputs(access.project.environ, {"needed": str(done.needed).lower()})
    if as_json:
        session.print_json(done)
        return
    for change in done.changed:
        click.echo(f"{change.path}: changed ({change.why})")
    if done.needed:
        click.echo(f"The image changes: {done.base or 'no version'} -> {done.version}.")
    else:
        click.echo(f"No input of the image changed since {done.since[:12]}.")
    for note in done.notes:
        session.say(f"Note: {note}")


@command.command(
    "build",
    short_help="Push the image with a DEV tag; build it only if need be.",
    epilog="""\b
Examples:
  flowlift image build                  a CI says the pull request and the run
  flowlift image build --pr 12 --run 3  by hand: VERSION-pr-12-run-3
  flowlift image build --env dev        and let the pools of DEV run it
""",
)
@options.directory
@options.branch
@click.option("--pr", "pull_request", metavar="N", default="", help="The pull request's number.")
@click.option("--run", "number", metavar="M", default="", help="The run's number.")
@click.option("--rebuild", is_flag=True, help="Build even if an image has the same inputs.")
@environments
@options.as_json
def _build(
    *,
    directory: Path,
    branch: str | None,
    pull_request: str,
    number: str,
    rebuild: bool,
    environments: tuple[str, ...],
    as_json: bool,
) -> None:
    """Push the image of this work tree with a DEV tag; build it only if there is none.

    An image with the same inputs (files, base images, platforms, build arguments) is found in the
    registry and gets the tag. What is printed last is the digest, which is what to hand on.
    """
    from flowlift.image.release import BuildRun, build_image

    access = _access(directory, branch)
    _check_environments(access, environments)
    done = build_image(access, BuildRun(pull_request, number), rebuild=rebuild)
    said = f"{'Built' if done.built else 'Not built'} ({done.why})"
    _hand_on(access, done, said, environments, as_json=as_json)


@command.command(
    "verify",
    short_help="Import every flow in the image.",
    epilog="""\b
Examples:
  flowlift image verify                 the image that was built from this work tree
  flowlift image verify -n daily        one deployment alone
  flowlift image verify ghcr.io/acme/flows:1.5.0
""",
)
@click.argument("reference", metavar="[REF]", required=False)
@options.directory
@options.names
@click.option("--env", "environment", metavar="ENV", help="A workspace that imports may ask.")
@options.as_json
def _verify(
    *,
    reference: str | None,
    directory: Path,
    names: tuple[str, ...],
    environment: str | None,
    as_json: bool,
) -> int:
    """Import every entrypoint of the manifests in the image, on each platform.

    REF is by default the image that was built from these inputs. The code is that of the commit
    that is checked out. Leaves with 1 where an import fails.
    """
    from flowlift.image.proving import verify_image
    from flowlift.image.reference import parse

    access = _access(directory)
    project = access.project
    done = verify_image(
        access,
        parse(reference) if reference else None,
        names,
        project.endpoint(environment) if environment else None,
    )
    if as_json:
        session.print_json({**session.plain(done), "proven": done.proven})
    else:
        _say_verified(done)
    return 0 if done.proven else 1


@command.command(
    "release",
    short_help="Push the version's git tag.",
    epilog="""\b
Examples:
  flowlift image release                on the default branch, after the merge
  flowlift image release --json         the tag, its commit, and whether it is new
""",
)
@options.directory
@options.branch
@options.as_json
def _release(*, directory: Path, branch: str | None, as_json: bool) -> None:
    """Push the version's git tag for the commit that is checked out, once.

    Run again, or by two at once, it changes nothing. A version whose tag is at a commit with
    another image is refused.
    """
    from flowlift.image.release import release

    done = release(_access(directory, branch))
    if as_json:
        session.print_json(done)
        return
    said = f"Released {done.tag} at" if done.made else f"Nothing to do ({done.why}): {done.tag} at"
    click.echo(f"{said} {done.commit[:12]}")


@command.command(
    "promote",
    short_help="Give the tested image its version as tag.",
    epilog="""\b
Examples:
  flowlift image promote                on the default branch, after the release
  flowlift image promote --env dev --env prod
                                        and let the pools of both run it
""",
)
@options.directory
@options.branch
@click.option("--force", is_flag=True, help="Move the version's tag if it names another image.")
@environments
@options.as_json
def _promote(
    *,
    directory: Path,
    branch: str | None,
    force: bool,
    environments: tuple[str, ...],
    as_json: bool,
) -> None:
    """Give the tested image of this commit its version as tag, by its digest.

    The registry copies all platforms as they are. Where no image was tested with the inputs of
    this commit, it is built, and the reason said.
    """
    from flowlift.image.release import promote_image

    access = _access(directory, branch)
    _check_environments(access, environments)
    done = promote_image(access, force=force)
    words = {"there": "There already", "promoted": "Promoted", "built": "Built"}
    said = f"{words[done.how]}{f' ({done.why})' if done.why else ''}"
    _hand_on(access, done, said, environments, as_json=as_json)


@command.command(
    "prune",
    epilog="""\b
Examples:
  flowlift image prune --dry-run        what would go, and why the rest stays
  flowlift image prune --older-than 4w
  flowlift image prune --closed 12      where the remote does not tell
""",
)
@options.directory
@click.option(
    "--older-than",
    default="14d",
    show_default=True,
    metavar="AGE",
    help="Only images whose commit is older: 12h, 14d, 4w.",
)
@click.option(
    "--closed", multiple=True, metavar="N", help="This pull request is closed. Repeatable."
)
@click.option("--dry-run", is_flag=True, help="Remove nothing; say what would be removed.")
@options.as_json
def _prune(
    *,
    directory: Path,
    older_than: str,
    closed: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Remove the DEV images of closed pull requests.

    What a work pool, a deployment or a release refers to stays, whatever its age.
    """
    from flowlift.image.pools import prune_images
    from flowlift.image.prune import parse_age

    done = prune_images(
        _access(directory), older_than=parse_age(older_than), closed=closed, dry_run=dry_run
    )
    if as_json:
        session.print_json({**session.plain(done), "removed": done.removed, "dry_run": dry_run})
        return
    for kept in done.kept:
        session.say(f"{kept.tag}: stays ({kept.why})")
    for tag in done.removed:
        click.echo(f"{tag}: {'would be removed' if dry_run else 'removed'}")
    if not done.removed:
        click.echo("Nothing to remove.")


def _access(directory: Path, branch: str | None = None, base: str | None = None) -> Access:
    from flowlift.cli.voice import TerminalVoice
    from flowlift.image.access import Access

    return Access(session.open_here(directory, branch, base), TerminalVoice())


def _check_environments(access: Access, environments: Sequence[str]) -> None:
    if environments:
        from flowlift.image.pools import check_environments

        check_environments(access, environments)


def _hand_on(
    access: Access,
    done: Built | Promoted,
    said: str,
    environments: Sequence[str],
    *,
    as_json: bool,
) -> None:
    """Name the image to a CI's later jobs, hand it to the environments' pools, and print it."""
    from flowlift.project.outputs import write_outputs

    outputs = {"image": done.pinned, "digest": done.digest, "tag": done.tag}
    write_outputs(access.project.environ, outputs)
    if not as_json:
        session.say(f"{said}: {done.tag}")
    handed: list[HandedOver] = []
    if environments:  # the client of workspaces takes as long to load as all else together
        from flowlift.image.pools import hand_to_pools

        for name in environments:
            handed += hand_to_pools(access, name, done.pinned)
    if as_json:
        session.print_json({**session.plain(done), "handed": handed})
        return
    for pool in handed:
        words = "now starts with this image" if pool.written else "has this image already"
        session.say(f"Work pool {pool.pool}: {words}")
    click.echo(done.pinned)


def _say_verified(done: Verified) -> None:
    from flowlift.render.visible import visible
    from flowlift.words import plural

    for platform, why in done.skipped.items():
        session.say(f"{platform}: not tried: {why}.")
    for failure in done.failures:
        place = f"{failure.file}:{failure.line}: " if failure.file else ""
        names = ", ".join(failure.deployments)
        click.echo(
            f"{failure.platform}: {visible(f'{failure.entrypoint} ({names})')}\n"
            f"  {visible(place + failure.error)}"
        )
    if not done.imports:
        from flowlift.image.proving import EMULATORS

        click.echo(f"Nothing is proven of {done.image}: no platform of it runs here.")
        session.say(f"Try it where one does, or {EMULATORS}")
        return
    went = plural(len(done.imports) - len(done.failures), "import")
    click.echo(f"{went} well, {len(done.failures)} failed in {done.image}")
