"""`flowlift deliver`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from flowlift.cli import options
from flowlift.delivery.events import KNOWN, stand_in
from flowlift.project.workflows import WORKFLOWS, Workflow


@click.command(
    "deliver",
    epilog="""\b
Examples, as jobs of a CI:
  flowlift deliver                                   all that the event asks for, in one job
  flowlift deliver --only deployments --env dev      one workflow, one environment
  flowlift deliver --only image                      build, or after the merge release, the image
  flowlift deliver --only worker --env dev --image REF@DIGEST
By hand, or in another CI:
  flowlift deliver --dry-run --event pull_request    what would be done, and why
  flowlift deliver --event push --event-file event.json
""",
)
@options.directory
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(WORKFLOWS),
    help="Only this workflow. Repeatable.",
)
@click.option(
    "--env",
    "environments",
    multiple=True,
    metavar="ENV",
    help="Only this environment. Repeatable.",
)
@click.option(
    "--image",
    metavar="REF@DIGEST",
    default="",
    help="The image that pools start with, as an earlier job built it; empty: none was built.",
)
@click.option(
    "--event",
    metavar="NAME",
    help="What has happened, where no CI says it, in GitHub's words: " + ", ".join(KNOWN) + ".",
)
@click.option(
    "--event-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The event's JSON, in GitHub's form.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and why. Do nothing.")
@options.as_json
def command(
    *,
    directory: Path,
    only: tuple[Workflow, ...],
    environments: tuple[str, ...],
    image: str,
    event: str | None,
    event_file: Path | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Do what the CI's event asks for: build, release, update, apply, bring back; and report it.

    On a pull request DEV gets the branch, and its comment says what DEV runs and what the merge
    will change in PROD. After the merge PROD gets it. When a branch is gone, DEV goes back.
    """
    from flowlift.cli.deliver_voice import DeliverVoice
    from flowlift.delivery.deciding import Request
    from flowlift.delivery.deliver import deliver
    from flowlift.project.project import open_project

    project = open_project(directory, stand_in(os.environ, event, event_file))
    voice = DeliverVoice(project.environ, as_json=as_json)
    with voice.running():
        done = deliver(project, Request(only, environments, image, dry_run), voice)
    return voice.close(done)
