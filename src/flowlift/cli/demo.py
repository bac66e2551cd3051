"""`flowlift demo`."""

from __future__ import annotations

import click


@click.command(
    "demo",
    epilog="""\b
Examples:
  flowlift demo            tells the story and cleans up
  flowlift demo --keep     leaves both servers up until Enter, to look at their pages
""",
)
@click.option("--keep", is_flag=True, help="Leave the servers running until Enter is pressed.")
def command(*, keep: bool) -> int:
    """Show the whole life of a change on this machine.

    Makes a platform repository in a temporary folder, starts two Prefect servers with a worker
    each, and runs the real commands: pull request, plan, apply to DEV, test, merge, PROD, an
    operator's pause, a removed deployment, a branch that goes. Each step is checked through
    Prefect's API. Needs flowlift[demo].
    """
    from flowlift.demo.story import tell

    return tell(keep=keep)
