"""Manifests and signatures: flowlift's own time beside Prefect's, for the same files, in one run.

    python -m bench.manifests

Each reading is a process of its own and times itself, so that no import counts: flowlift reads
1,000 deployments with anchors and checks them; Prefect only loads them. The signatures of 200
entrypoints are read cold, as `prefect deploy` reads each.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench import platforms

RUNS = 5
DEPLOYMENTS, ENTRYPOINTS = 1000, 200
FILE = "prefect.yaml"


def read_and_check(root: Path) -> float:
    """flowlift: from the file to the findings."""
    from flowlift.deployments.planning import check_entries  # noqa: PLC0415 - not to be timed
    from flowlift.deployments.reading import resolve_all  # noqa: PLC0415
    from flowlift.deployments.scope import Scoped  # noqa: PLC0415
    from flowlift.errors import Position  # noqa: PLC0415
    from flowlift.plan.checks.report import Report  # noqa: PLC0415
    from flowlift.plan.checks.shape import check_manifest  # noqa: PLC0415
    from flowlift.plan.model import Flow, Policy  # noqa: PLC0415
    from flowlift.plan.templates import TemplateValues  # noqa: PLC0415
    from flowlift.repo import manifest  # noqa: PLC0415

    text = (root / FILE).read_bytes()
    schema = {"type": "object", "properties": {"rows": {"type": "integer"}}}
    flows = [
        Flow(f"flow-{number}", schema, None, Position("src/flows.py"))
        for number in range(platforms.FLOWS)
    ]
    begun = time.perf_counter()
    parsed = manifest.read(text, FILE)
    report, values = Report(), TemplateValues(offline=True)
    check_manifest(parsed.data, FILE, parsed.lines, report, anchored=parsed.anchored)
    which = [flows[number % platforms.FLOWS] for number in range(len(parsed.declared))]
    scoped = Scoped("all", parsed.declared, which, dict.fromkeys(range(len(which)), ()))
    resolutions = resolve_all(scoped, values, Policy("prod", "main", "main"))
    check_entries(scoped, resolutions, values, report)
    assert len(resolutions) == DEPLOYMENTS
    return time.perf_counter() - begun


def load(root: Path) -> float:
    """Prefect: the file as `prefect deploy` loads it, by the function that it uses."""
    from prefect.cli.deploy._config import (  # noqa: PLC0415
        _load_deploy_configs_and_actions,
    )
    from rich.console import Console  # noqa: PLC0415

    begun = time.perf_counter()
    found, _ = _load_deploy_configs_and_actions(prefect_file=root / FILE, console=Console())
    assert len(found) == DEPLOYMENTS
    return time.perf_counter() - begun


def read_signatures(root: Path) -> float:
    """flowlift: every entrypoint's signature, with nothing kept from before."""
    from flowlift.repo.entrypoint import Entrypoint, Unreadable  # noqa: PLC0415
    from flowlift.repo.flows import read_flows  # noqa: PLC0415

    wanted = [Entrypoint(entry) for entry in _entrypoints(root)]
    begun = time.perf_counter()
    found = read_flows(root, wanted)
    taken = time.perf_counter() - begun
    assert len(found) == ENTRYPOINTS
    assert not any(isinstance(flow, Unreadable) for flow in found.values())
    return taken


def load_signatures(root: Path) -> float:
    """Prefect: each flow loaded, and its parameters' schema made."""
    import os  # noqa: PLC0415

    from prefect.flows import load_flow_from_entrypoint  # noqa: PLC0415
    from prefect.utilities.callables import parameter_schema  # noqa: PLC0415

    os.chdir(root)
    begun = time.perf_counter()
    for entry in _entrypoints(root):
        parameter_schema(load_flow_from_entrypoint(entry))
    return time.perf_counter() - begun


WORK: dict[str, Callable[[Path], float]] = {
    work.__name__: work for work in (read_and_check, load, read_signatures, load_signatures)
}


def _entrypoints(root: Path) -> list[str]:
    """One entrypoint of each package of the wide platform."""
    files = sorted(root.glob("src/p*/job.py"))
    return [f"{file.relative_to(root)}:job_{file.parent.name[1:]}" for file in files]


def _measure(work: Callable[[Path], float], root: Path) -> float:
    """Seconds of the middle run."""
    command = [sys.executable, "-m", "bench.manifests", work.__name__, str(root)]
    home = Path(__file__).parent.parent
    runs = (
        subprocess.run(command, cwd=home, check=True, capture_output=True, text=True)
        for _ in range(RUNS)
    )
    return statistics.median(float(run.stdout.splitlines()[-1]) for run in runs)


def main() -> None:
    """Measure, and print the table."""
    with tempfile.TemporaryDirectory(prefix="flowlift-bench-") as name:
        folder = Path(name)
        small = platforms.make(folder / "small", DEPLOYMENTS)
        wide = platforms.make_wide(folder / "wide")
        rows = [
            (f"{DEPLOYMENTS:,} deployments with anchors", read_and_check, load, small, "<= 0.6 s"),
            (
                f"signatures of {ENTRYPOINTS} entrypoints, cold",
                read_signatures,
                load_signatures,
                wide,
                "<= 1/3",
            ),
        ]
        print("| work | flowlift | Prefect | ratio | bar |")
        print("| --- | --- | --- | --- | --- |")
        for what, ours, theirs, root, bar in rows:
            own, other = _measure(ours, root), _measure(theirs, root)
            print(f"| {what} | {own:.2f} s | {other:.2f} s | {own / other:.2f} | {bar} |")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(WORK[sys.argv[1]](Path(sys.argv[2])))
    else:
        main()
