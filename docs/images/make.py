"""Makes the pictures of the README: `python docs/images/make.py`, in the environment of `make env`.

`life-of-a-change.svg` is drawn; `demo.svg` films a run of `flowlift demo`, and the plan in the
README is taken from the same run.
"""

from __future__ import annotations

import re
from pathlib import Path

from drawing import picture
from recording import film, record

HERE = Path(__file__).parent
README = HERE.parents[1] / "README.md"

EXAMPLE = re.compile(r"(?<=from a real run -->\n)```console\n.*?\n```\n", re.DOTALL)
"""Where the README shows a plan."""

PLAN = re.compile(r"^\$ flowlift plan prod\n.*?^Plan: .*?\n", re.DOTALL | re.MULTILINE)
"""The plan that is shown: what a merge will change in PROD, with a pause that stays."""


def main() -> None:
    """Write the pictures, and the README's example."""
    (HERE / "life-of-a-change.svg").write_text(picture(), encoding="utf-8")
    lines = record()
    (HERE / "demo.svg").write_text(film(lines), encoding="utf-8")
    said = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(lines))
    example = f"```console\n{PLAN.findall(said)[0]}```\n"
    readme = README.read_text(encoding="utf-8")
    README.write_text(EXAMPLE.sub(lambda _: example, readme), encoding="utf-8")


if __name__ == "__main__":
    main()
