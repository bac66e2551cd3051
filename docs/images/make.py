"""Makes the pictures of the README: `python docs/images/make.py`, in the environment of `make env`.

`life-of-a-change.svg` is drawn, `demo.svg` films a run of `flowlift demo`.
"""

from __future__ import annotations

from pathlib import Path

from drawing import picture
from recording import film, record

HERE = Path(__file__).parent


def main() -> None:
    """Write both pictures."""
    (HERE / "life-of-a-change.svg").write_text(picture(), encoding="utf-8")
    (HERE / "demo.svg").write_text(film(record()), encoding="utf-8")


if __name__ == "__main__":
    main()
