"""`flowlift init`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(
    "init",
    epilog="""\b
Examples:
  flowlift init                 write what is missing here
  flowlift init -C my-platform  ... or there; the folder is made
""",
)
@click.option(
    "-C",
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=".",
    show_default="here",
    metavar="DIR",
    help="Where to write; the folder is made if it is not there.",
)
@click.option("--name", metavar="NAME", help="The platform's name; the folder's by default.")
@click.option("--remote", metavar="URL", help="The git remote; origin's address by default.")
def command(*, directory: Path, name: str | None, remote: str | None) -> None:
    """Write a platform repository, or only what is missing in one.

    Flows, prefect.yaml, the flows image, values for the worker, and the configuration. What is
    there already is never changed, but for a [tool.flowlift] table added to pyproject.toml.
    """
    from flowlift.errors import GitError
    from flowlift.repo.git import open_repository
    from flowlift.scaffold import write_platform

    directory.mkdir(parents=True, exist_ok=True)
    root = directory.resolve()
    branch = "main"
    try:
        repository = open_repository(root)
    except GitError:
        click.echo("No git repository is here yet: run `git init -b main` as well.", err=True)
    else:
        remote = remote or repository.remote_url()
        branch = repository.branch() or branch
    written = write_platform(root, name=name or root.name, remote_url=remote, default_branch=branch)
    for file in written.created:
        click.echo(f"  + {file}")
    for file in written.kept:
        click.echo(f"    {file} (kept)")
    click.echo("\nNext: commit and push, set FLOWLIFT_DEV_API_URL, then: flowlift plan dev")
