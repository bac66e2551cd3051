"""Processes that run beside the story and never outlive it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

KEEPER = Path(__file__).with_name("keeper.py")
_PATIENCE = 20.0


class Background:
    """A process beside us. It ends with `stop`, or with this process, however that ends."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], log: Path) -> None:
        self._log = log
        with log.open("ab") as output:
            self._keeper = subprocess.Popen(
                [sys.executable, "-IS", str(KEEPER), *command],
                env=environ,
                cwd=log.parent,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for us, who end it in good order
            )

    @property
    def runs(self) -> bool:
        """Whether it runs still."""
        return self._keeper.poll() is None

    def stop(self) -> None:
        """End it and all that it started; at once, as nothing of it is kept."""
        self._keeper.communicate(timeout=_PATIENCE)  # which closes the keeper's input

    def last_lines(self, count: int = 20) -> str:
        """The end of its log, for a message."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-count:])
