"""flowlift as a user has it: what `requirements.lock` names, and none of the tools of development.

Some libraries load more where they find others: httpx its own command line, where rich is there.
"""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]


@cache
def flowlift() -> str:
    """The program, in an environment of its own, which is made anew each time."""
    folder = ROOT / ".cache" / "bench"
    uv, python = str(Path(sys.executable).parent / "uv"), str(folder / "bin" / "python")
    install = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python]
    for words in (
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)],
        [*install, "--require-hashes", "--requirements", "requirements.lock"],
        [*install, "--no-deps", "."],
    ):
        subprocess.run(words, cwd=ROOT, check=True)
    return str(folder / "bin" / "flowlift")
