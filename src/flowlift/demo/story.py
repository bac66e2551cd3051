"""`flowlift demo`: the life of a change, told on this machine."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from typing import TYPE_CHECKING

from flowlift.errors import FlowliftError, InputError

if TYPE_CHECKING:
    from flowlift.demo.stage import DemoStage
    from flowlift.demo.teller import Storyteller


def tell(*, keep: bool) -> int:
    """Tell the story on this terminal or into this log; the exit code.

    With `keep` the servers and the folder stay until Enter, also where a step was not so.

    Raises:
        InputError: what the demo needs is not there.
        FlowliftError: a step is not as it should be; what was expected and what was found is told.
    """
    _check_parts()
    # Not before: parts of these are for Linux and macOS only.
    from flowlift.demo.chapters import tell_all
    from flowlift.demo.stage import DemoStage, ended_by_signals
    from flowlift.demo.teller import Storyteller

    teller = Storyteller()
    with ended_by_signals(), DemoStage() as stage:
        teller.begin(
            "The life of a change, from pull request to PROD",
            f"Two Prefect servers, DEV and PROD, start with a worker each in {stage.folder}.",
        )
        try:
            tell_all(stage, teller)
        except FlowliftError as error:
            if not keep:
                raise
            teller.failed(str(error))
            _await_enter(stage, teller)
            return error.exit_code
        teller.table()
        teller.lines(*(f"{each.environment.upper():<5} {each.ui_url}" for each in stage.servers))
        if keep:
            _await_enter(stage, teller)
        else:
            teller.lines("Both end now; `flowlift demo --keep` leaves them up to look around.")
    return 0


def _check_parts() -> None:
    """Refuse at once where something is missing.

    Raises:
        InputError: a system without process groups and terminals, no Prefect, no git.
    """
    if sys.platform == "win32":
        raise InputError(
            "The demo runs on Linux and macOS.", remedy="On Windows, run it within WSL."
        )
    if importlib.util.find_spec("prefect") is None:
        raise InputError(
            "The demo starts Prefect servers, and Prefect is not installed here.",
            remedy="Install it: pip install 'flowlift[demo]'",
        )
    if shutil.which("git") is None:
        raise InputError("The demo needs git.", remedy="Install git, and put it on PATH.")


def _await_enter(stage: DemoStage, teller: Storyteller) -> None:
    teller.lines(
        "",
        "To go on by hand, in another terminal:",
        f"  cd {stage.repository}",
        *(f"  export {name}={value}" for name, value in stage.endpoints().items()),
        "The servers and the folder stay until you press Enter here.",
    )
    # Where nobody can press Enter, the input has ended, and so this ends at once.
    sys.stdin.readline()
