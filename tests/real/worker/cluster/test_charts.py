"""The chart from where it is published: a repository over HTTP, and a registry; Helm 3 and 4."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.parts.cluster import CHART, Cluster, WorkerPlatform

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("cluster")]

Make = Callable[..., WorkerPlatform]

IMAGE = """\
[image]
name = "{name}"
plain-http = ["{registry}"]
"""
FIRST, SECOND = "2025.1.1", "2025.1.2"


USER, PASSWORD = "charts", "hunter2-of-the-charts"
LOGIN = """
chart-username-from-env = "CHART_USER"
chart-password-from-env = "CHART_PASSWORD"
"""


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder, and writes no log."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


class Private(Quiet):
    """Serves a folder to one user only."""

    def do_GET(self) -> None:
        wanted = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {wanted}":
            self.send_error(401)
            return
        super().do_GET()


@pytest.fixture(scope="module")
def packages(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two versions of the chart, packed by Helm, and the index of a repository."""
    folder = tmp_path_factory.mktemp("charts")
    for version in (FIRST, SECOND):
        words = ("--version", version, "--destination", str(folder))
        cluster.run("helm", "package", str(CHART), *words)
    cluster.run("helm", "repo", "index", str(folder))
    return folder


@contextmanager
def served(folder: Path, handler: type[Quiet]) -> Iterator[str]:
    """The address of a chart repository."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def repository(packages: Path) -> Iterator[str]:
    """A chart repository that is open to all."""
    with served(packages, Quiet) as address:
        yield address


@pytest.fixture(scope="module")
def private_repository(packages: Path) -> Iterator[str]:
    """One behind a login."""
    with served(packages, Private) as address:
        yield address


class Spied:
    """A platform whose helm writes its arguments down, with a cache of its own."""

    def __init__(self, platform: WorkerPlatform, folder: Path) -> None:
        self.platform, self.folder = platform, folder
        self.arguments = folder / "arguments"
        helm = platform.cluster.programs[platform.helm] / "helm"
        programs = folder / "programs"
        programs.mkdir(parents=True)
        spy = programs / "helm"
        spy.write_text(f'#!/bin/sh\necho "$@" >>"{self.arguments}"\nexec "{helm}" "$@"\n')
        spy.chmod(0o755)
        platform.environ["PATH"] = f"{programs}{os.pathsep}{platform.environ['PATH']}"
        platform.environ["XDG_CACHE_HOME"] = str(folder / "cache")

    def holds(self, secret: str) -> list[str]:
        """Where a secret can be read: nowhere, it should be."""
        words = {secret, base64.b64encode(secret.encode()).decode()}
        files = [file for file in self.folder.rglob("*") if file.is_file()]
        found = [str(file) for file in files if any(w.encode() in file.read_bytes() for w in words)]
        return found + [line for line in self.platform.lines if secret in line]


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


# Behind a login --------------------------------------------------------------------------


def test_a_chart_from_a_repository_behind_a_login(
    worker_platform: Make, private_repository: str, tmp_path: Path
) -> None:
    platform = worker_platform(chart="prefect-worker")
    spied = Spied(platform, tmp_path)
    source = f'repository = "{private_repository}"'
    platform.source = f'{source}\nversion = "{FIRST}"'
    said = platform.fails()
    assert "The chart is behind a login" in said
    assert "chart-username-from-env" in said
    source = f"{source}{LOGIN}"
    platform.source = f'{source}\nversion = "{FIRST}"'
    said = platform.fails()
    assert "CHART_USER and CHART_PASSWORD is not set" in said
    platform.environ |= {"CHART_USER": USER, "CHART_PASSWORD": "hunter2-is-wrong"}
    said = platform.fails()
    assert f"refuses the login of '{USER}' for the chart prefect-worker" in said
    assert "Correct CHART_USER and CHART_PASSWORD" in said
    assert "hunter2" not in said
    platform.environ["CHART_PASSWORD"] = PASSWORD
    platform.source = f'{source}\nversion = "1.2.3"'
    assert "has no chart prefect-worker of version 1.2.3" in platform.fails()
    goes_from_version_to_version(platform, source)
    assert spied.arguments.read_text().count("upgrade --install") == 2
    assert " --values - " in spied.arguments.read_text()  # the values go over standard input
    assert spied.holds(PASSWORD) == []
    # That nothing is to be done is found out by two reads of Helm's, and without the chart.
    spied.arguments.unlink()
    (package,) = (tmp_path / "cache").rglob(f"*{SECOND}.tgz")
    package.unlink()
    assert not platform.update().changed
    asked = [line.split()[0] for line in spied.arguments.read_text().splitlines()]
    assert sorted(asked) == ["get", "history"]
    assert not package.exists()


@pytest.mark.parametrize("helm", [3, 4])
def test_a_chart_from_a_registry_behind_a_login(
    worker_platform: Make, packages: Path, helm: int, tmp_path: Path
) -> None:
    platform = worker_platform(helm=helm)
    images = platform.flow_images.images
    registry = images.login_registry
    platform.image_config = IMAGE.format(name=platform.flow_images.name, registry=registry)
    place = f"oci://{registry}/flowlift-private-{helm}"
    config = tmp_path / "registry.json"
    auth = base64.b64encode(f"{images.user}:{images.password}".encode()).decode()
    config.write_text(json.dumps({"auths": {registry: {"auth": auth}}}))
    at = ("--registry-config", str(config))
    for version in (FIRST, SECOND):
        package = str(packages / f"prefect-worker-{version}.tgz")
        platform.cluster.run("helm", "push", package, place, "--plain-http", *at, helm=helm)
    config.unlink()

    spied = Spied(platform, tmp_path / "spied")
    platform.chart = f"{place}/prefect-worker"
    platform.environ["HELM_REGISTRY_CONFIG"] = str(tmp_path / "none.json")
    platform.environ["DOCKER_CONFIG"] = str(tmp_path / "docker")
    platform.source = f'version = "{FIRST}"'
    said = platform.fails()
    assert "The chart is behind a login" in said
    platform.environ |= {"CHART_USER": images.user, "CHART_PASSWORD": "hunter2-is-wrong"}
    platform.source = f'{LOGIN}\nversion = "{FIRST}"'
    said = platform.fails()
    assert f"{registry} refuses the login of '{images.user}'" in said
    assert "hunter2" not in said
    platform.environ["CHART_PASSWORD"] = images.password
    goes_from_version_to_version(platform, LOGIN)
    words = spied.arguments.read_text().split()
    assert images.password not in words
    assert spied.holds("hunter2-is-wrong") == []
