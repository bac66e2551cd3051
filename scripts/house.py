"""The house in figures: `make house`. It fails where one is past its bar.

What counts as a module is every file of src/flowlift but the faces of packages (`__init__.py`) and
the files that `flowlift init` writes.
"""

from __future__ import annotations

import ast
import graphlib
import resource
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import grimp

from bench import platforms

ROOT = Path(__file__).parents[1]

PROGRAMS = Path(sys.executable).parent
SOURCE = ROOT / "src" / "flowlift"
DEPLOYMENTS = 1_000
RUNS = 5

SEVERAL_MEANINGS: dict[str, str] = {}
"""Class names that two modules have on purpose, and why: three at most."""


@dataclass(frozen=True)
class Figure:
    """One figure, its bar, and where it is past it. `least` says that more is better."""

    what: str
    is_now: float
    bar: float
    places: tuple[str, ...] = ()
    least: bool = False
    form: str = "{:,.0f}"

    @property
    def kept(self) -> bool:
        """Whether the bar is kept."""
        return self.is_now >= self.bar if self.least else self.is_now <= self.bar


def modules() -> list[Path]:
    """The modules of the house."""
    files = sorted(SOURCE.rglob("*.py"))
    return [f for f in files if f.name != "__init__.py" and "templates" not in f.parts]


def arrows() -> Figure:
    """Imports that the contracts in pyproject.toml do not allow."""
    done = subprocess.run(
        [PROGRAMS / "lint-imports", "--no-logo", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    found = [line.strip() for line in done.stdout.splitlines() if " -> flowlift" in line]
    count = len(found) or abs(done.returncode)
    return Figure("imports that point up", count, 0, tuple(found or done.stdout.splitlines()))


def circles() -> Figure:
    """Files that import each other in a loop, late imports included."""
    graph = grimp.build_graph("flowlift", cache_dir=None)
    imports = {name: set(graph.find_modules_directly_imported_by(name)) for name in graph.modules}
    found = []
    while circle := _circle(imports):
        found.append(" -> ".join(reversed(circle)))
        imports[circle[1]].discard(circle[0])
    return Figure("circles of files", len(found), 0, tuple(found))


def _circle(imports: dict[str, set[str]]) -> list[str]:
    try:
        graphlib.TopologicalSorter(imports).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def meanings() -> Figure:
    """Names that classes of two or more modules have, and no reason for it."""
    named = defaultdict(list)
    for file in modules():
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.ClassDef):
                named[node.name].append(str(file.relative_to(SOURCE)))
    several = {name: files for name, files in named.items() if len(files) > 1}
    places = tuple(
        f"{name}: {', '.join(files)}"
        for name, files in several.items()
        if name not in SEVERAL_MEANINGS
    )
    return Figure(f"class names of two meanings, of {len(named)}", len(places), 0, places)


def mirrored() -> Figure:
    """Modules with a test of their name at their place, in tests/unit or tests/real."""
    without = [
        str(file.relative_to(ROOT))
        for file in modules()
        if not any((ROOT / "tests" / kind / _test(file)).exists() for kind in ("unit", "real"))
    ]
    share = 100 * (1 - len(without) / len(modules()))
    what = "modules with a test beside them by name"
    return Figure(what, share, 90, tuple(without), least=True, form="{:.0f} %")


def _test(module: Path) -> Path:
    place = module.relative_to(SOURCE)
    return place.with_name(f"test_{place.name}")


def long_files() -> Figure:
    """Files that are longer than a reader's patience, of all lines of src."""
    lengths = {f: len(f.read_bytes().splitlines()) for f in SOURCE.rglob("*.py")}
    long = tuple(f"{f.relative_to(ROOT)}: {n} lines" for f, n in lengths.items() if n > 400)
    total = sum(lengths.values())
    return Figure(f"files of more than 400 lines, of {total:,} lines", len(long), 0, long)


def late() -> Figure:
    """Imports within functions that excuse themselves, where pyproject.toml excuses folders."""
    found = [
        f"{file.relative_to(ROOT)}:{number}"
        for file in modules()
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if "noqa" in line and "PLC0415" in line
    ]
    return Figure("late imports with a noqa of their own", len(found), 10, tuple(found))


def help_time() -> Figure:
    """The time of `flowlift --help`, in those of a Python that loads what it is made with."""
    ours = seconds([str(PROGRAMS / "flowlift"), "--help"])
    floor = seconds([sys.executable, "-c", "import click"])
    return Figure("`flowlift --help`, in times of `import click`", ours / floor, 3, form="{:.1f}")


def check_time() -> Figure:
    """The time of `flowlift check`, in those of reading the manifest's YAML with libyaml."""
    with tempfile.TemporaryDirectory() as folder:
        root = platforms.make(Path(folder) / "platform", DEPLOYMENTS)
        ours = seconds([str(PROGRAMS / "flowlift"), "check", "--directory", str(root)])
        reading = "import sys, yaml; yaml.load(open(sys.argv[1], 'rb'), yaml.CSafeLoader)"
        floor = seconds([sys.executable, "-c", reading, str(root / "prefect.yaml")])
    what = f"`flowlift check` of {DEPLOYMENTS:,} deployments, in times of reading their YAML"
    return Figure(what, ours / floor, 15, form="{:.1f}")


def seconds(command: list[str]) -> float:
    """What the processor worked for a command, at best: others' work does not count.

    It does a little, on a machine that is busy: the bars leave room for that, and only catch what
    is heavy, as a library that is loaded by each command.
    """
    taken = []
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(taken)


FIGURES: tuple[Callable[[], Figure], ...] = (
    arrows,
    circles,
    meanings,
    mirrored,
    long_files,
    late,
    help_time,
    check_time,
)


def main() -> int:
    """Print the table, and below it what is past its bar."""
    figures = [measure() for measure in FIGURES]
    rows = [("what", "now", "bar")]
    rows += [
        (f.what, f.form.format(f.is_now), ("at least " if f.least else "") + f.form.format(f.bar))
        for f in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
    past = [figure for figure in figures if not figure.kept]
    for line in _told(past):
        print(line, file=sys.stderr)
    return 1 if past else 0


def _told(past: list[Figure]) -> Iterator[str]:
    for figure in past:
        yield f"\nPast the bar: {figure.what}"
        yield from (f"  {place}" for place in figure.places)


if __name__ == "__main__":
    sys.exit(main())
