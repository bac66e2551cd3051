"""The chart from where it is published: a repository over HTTP, and a registry; Helm 3 and 4."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.real.cluster import CHART, Cluster, WorkerPlatform

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("cluster")]

Make = Callable[..., WorkerPlatform]

IMAGE = """\
[image]
name = "{name}"
plain-http = ["{registry}"]
"""
FIRST, SECOND = "2025.1.1", "2025.1.2"


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder, and writes no log."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def packages(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two versions of the chart, packed by Helm, and the index of a repository."""
    folder = tmp_path_factory.mktemp("charts")
    for version in (FIRST, SECOND):
        words = ("--version", version, "--destination", str(folder))
        cluster.run("helm", "package", str(CHART), *words)
    cluster.run("helm", "repo", "index", str(folder))
    return folder


@pytest.fixture(scope="module")
def repository(packages: Path) -> Iterator[str]:
    """The address of a chart repository."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(packages)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def goes_from_version_to_version(platform: WorkerPlatform, source: str) -> None:
    """Install, find nothing to do, go to the next version, and find nothing to do again."""
    for revision, version in enumerate((FIRST, SECOND), start=1):
        platform.source = f'{source}\nversion = "{version}"'
        assert platform.update().revision == revision
        assert platform.history()[-1]["chart"] == f"prefect-worker-{version}"
        assert not platform.update().changed
    assert len(platform.history()) == 2


@pytest.mark.parametrize("helm", [3, 4])
def test_a_chart_from_a_repository(worker_platform: Make, repository: str, helm: int) -> None:
    platform = worker_platform(helm=helm, chart="prefect-worker")
    goes_from_version_to_version(platform, f'repository = "{repository}"')


def test_a_chart_or_version_that_a_repository_has_not(
    worker_platform: Make, repository: str
) -> None:
    platform = worker_platform(chart="prefect-worker")
    platform.source = f'repository = "{repository}"\nversion = "1.2.3"'
    said = platform.fails()
    assert "error: chart-values" in said
    assert "1.2.3" in said
    assert "Correct `chart`, `repository` or `version`" in said
    platform.source = 'repository = "http://127.0.0.1:1"\nversion = "1.2.3"'
    said = platform.fails()
    assert "127.0.0.1:1" in said
    assert "Correct `chart`, `repository` or `version`" in said
    namespaces = platform.cluster.get("namespaces")["items"]
    assert platform.namespace not in [item["metadata"]["name"] for item in namespaces]


@pytest.mark.parametrize("helm", [3, 4])
def test_a_chart_from_a_registry(worker_platform: Make, packages: Path, helm: int) -> None:
    platform = worker_platform(helm=helm)
    registry = platform.flow_images.images.registry
    # Helm 4 asks no registry without TLS, not even one of this machine, unless it is told to.
    platform.image_config = IMAGE.format(name=platform.flow_images.name, registry=registry)
    place = f"oci://{registry}/flowlift-charts-{helm}"
    for version in (FIRST, SECOND):
        package = str(packages / f"prefect-worker-{version}.tgz")
        platform.cluster.run("helm", "push", package, place, "--plain-http", helm=helm)
    platform.chart = f"{place}/prefect-worker"
    goes_from_version_to_version(platform, "")
