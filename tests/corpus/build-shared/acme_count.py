"""A step that writes down each of its runs."""

from pathlib import Path


def count(marker: str) -> dict:
    file = Path(marker)
    runs = len(file.read_text().splitlines()) if file.exists() else 0
    with file.open("a") as out:
        out.write("run\n")
    return {"name": "shared", "first": runs == 0}
