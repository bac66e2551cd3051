"""The chart that a release should be made from, and how the one it was made from differs."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import yaml

from flowlift.errors import HelmError
from flowlift.findings import Action, FieldChange
from flowlift.plan.json_diff import field_changes
from flowlift.worker.cluster.helm import HelmRelease, chart_path, fingerprint
from flowlift.worker.model import DesiredWorker, Part


def compare_release(desired: DesiredWorker, live: HelmRelease | None) -> Part:
    """What is to be done to the release: its status, its chart and its values, field by field.

    Raises:
        HelmError: the chart in the repository cannot be read.
    """
    if live is None:
        return Part("release", desired.release, Action.CREATE)
    newest = live.newest
    fields = []
    if newest.status != "deployed":
        fields.append(FieldChange(field="status", before=newest.status, after="deployed"))
    wanted = chart_name(desired)
    if not _is_chart(newest.chart, wanted, desired.version):
        fields.append(FieldChange(field="chart", before=newest.chart, after=wanted))
    content = fingerprint(chart_path(desired))
    if content and newest.fingerprint and content != newest.fingerprint:
        change = FieldChange(field="chart content", before=newest.fingerprint, after=content)
        fields.append(change)
    fields += field_changes(live.values, desired.values, "values", "as doubles")
    return Part(
        kind="release",
        name=desired.release,
        action=Action.UPDATE if fields else Action.NONE,
        fields=tuple(fields),
        note=f"revision {newest.number}, {newest.chart}",
    )


def chart_name(desired: DesiredWorker) -> str:
    """The chart as Helm calls it, NAME-VERSION; without a version where none is pinned."""
    path = chart_path(desired)
    if path is not None:
        about = _about(path, desired.chart)
        return f"{about.get('name')}-{about.get('version')}"
    name = desired.chart.rstrip("/").rpartition("/")[2]
    return f"{name}-{desired.version}" if desired.version else name


def _is_chart(live: str, wanted: str, version: str | None) -> bool:
    """Whether a release's chart is the one wanted; any version will do where none is pinned."""
    return live == wanted or (version is None and live.startswith(f"{wanted}-"))


def _about(path: Path, shown: str) -> dict[str, Any]:
    """What Chart.yaml says, in a folder or in a .tgz."""
    try:
        if path.is_dir():
            text = (path / "Chart.yaml").read_bytes()
        else:
            with tarfile.open(path) as packed:
                names = [name for name in packed.getnames() if name.count("/") == 1]
                name = next(name for name in names if name.endswith("/Chart.yaml"))
                member = packed.extractfile(name)
                text = member.read() if member else b""
        about = yaml.safe_load(text)
    except (OSError, StopIteration, tarfile.TarError, yaml.YAMLError) as error:
        raise HelmError(
            f"{shown} is no chart: its Chart.yaml cannot be read ({type(error).__name__}).",
            remedy="Set `repository` in [tool.flowlift.worker], or correct the path in `chart`.",
        ) from None
    return about if isinstance(about, dict) else {}
