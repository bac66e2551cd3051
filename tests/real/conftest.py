"""Real parts as fixtures. CONTRIBUTING.md lists the variables by which they can be given."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flowlift.repo.git import Repository, open_repository
from tests.parts import servers, trees
from tests.parts.cluster import LOGIN, Cluster, WorkerPlatform, find_cluster
from tests.parts.flow_images import FlowImages
from tests.parts.forge import (
    ForgeRepository,
    ForgeServer,
    create_forge_repository,
    find_forge_server,
)
from tests.parts.forge_jobs import build_wheel, offer_setup_uv
from tests.parts.given import MissingPartError, given, missing
from tests.parts.images import ImagePlatform, Images, find_images
from tests.parts.kept import Kept
from tests.parts.platform import Platform
from tests.parts.repositories import GitRepository, create_repository
from tests.parts.servers import Server
from tests.parts.workspaces import Workspace, new_prefix

ROLES = {
    "prefect_server": ("dev",),
    "prefect_servers": ("dev", "prod"),
    "old_prefect": ("old",),
    "worker_platform": ("pods",),
}
"""The shared servers that a fixture stands on."""

LATE = frozenset({"images", "cluster"})
"""Fixtures of parts that take minutes to start on a machine that is new."""

GIVEN = {"dev": "FLOWLIFT_TEST_PREFECT_URL", "prod": "FLOWLIFT_TEST_PREFECT_PROD_URL"}


@dataclass(frozen=True)
class OldPrefect:
    """The oldest Prefect that flowlift supports: an interpreter that has it, and its server."""

    python: str
    server: Server


class SharedServers:
    """The servers that all tests of a run use, whichever process of pytest-xdist they run in.

    Each is started once, in the background as soon as it is known that a test needs it, so that
    the unit tests run meanwhile.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._executor = ThreadPoolExecutor(max_workers=len(GIVEN) + 1)
        self._started: dict[str, Future[Server]] = {}
        self._closing = threading.Event()

    def begin(self, role: str) -> Future[Server]:
        """Start the server of a role, without waiting for it."""
        if role not in self._started:
            self._started[role] = self._executor.submit(self._start, role)
        return self._started[role]

    def get(self, role: str) -> Server:
        """The server of a role; skips or fails the test where there can be none."""
        try:
            return self.begin(role).result()
        except MissingPartError as reason:
            missing(str(reason))

    def close(self) -> None:
        """Let all servers go; those that no other process uses end."""
        self._closing.set()
        self._executor.shutdown(cancel_futures=True)
        for started in self._started.values():
            if not started.cancelled() and started.exception() is None:
                started.result().close()

    def _start(self, role: str) -> Server:
        if url := os.environ.get(GIVEN.get(role, "")):
            return Server(url.rstrip("/"))
        old = role == "old"
        python = given("FLOWLIFT_TEST_PREFECT_OLD", "prefect-old") if old else sys.executable
        # The server that pods ask cannot be on the loopback, and wants a login.
        pods = role == "pods"
        return servers.start_server(
            self._folder / role,
            python=python,
            env={"PREFECT_SERVER_API_AUTH_STRING": LOGIN} if pods else {},
            wanted=lambda: not self._closing.is_set(),
            host="0.0.0.0" if pods else "127.0.0.1",  # noqa: S104
        )


SHARED = pytest.StashKey[SharedServers]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put tests that need real parts last: the quick ones say first what is wrong.

    The very last are those whose parts may still be on their way.
    """

    def rank(item: pytest.Item) -> int:
        if LATE.intersection(getattr(item, "fixturenames", ())):
            return 2
        return 1 if item.get_closest_marker("real") else 0

    items.sort(key=rank)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin to start the servers that the tests need."""
    config = session.config
    if config.option.collectonly:
        return
    base: Path = config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    run = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    config.stash[SHARED] = shared = SharedServers(run / "prefect")
    needed = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    for fixture, roles in ROLES.items():
        if fixture in needed:
            for role in roles:
                shared.begin(role)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let the servers go, also after an interruption."""
    if shared := config.stash.get(SHARED, None):
        shared.close()


@pytest.fixture(scope="session")
def prefect_server(pytestconfig: pytest.Config) -> Server:
    """The server that stands for DEV. Others use it as well: see `workspace`."""
    return pytestconfig.stash[SHARED].get("dev")


@pytest.fixture(scope="session")
def prefect_servers(pytestconfig: pytest.Config) -> tuple[Server, Server]:
    """The servers that stand for DEV and PROD."""
    shared = pytestconfig.stash[SHARED]
    shared.begin("prod")
    return shared.get("dev"), shared.get("prod")


@pytest.fixture(scope="session")
def old_prefect(pytestconfig: pytest.Config) -> OldPrefect:
    """The oldest supported Prefect."""
    server = pytestconfig.stash[SHARED].get("old")
    return OldPrefect(server.python, server)


StartServer = Callable[[Mapping[str, str]], Server]


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[StartServer]:
    """Starts a server of the test's own, with the settings given. Each costs some seconds."""
    started: list[Server] = []

    def start(env: Mapping[str, str]) -> Server:
        try:
            server = servers.start_server(tmp_path / f"server-{len(started)}", env=env)
        except MissingPartError as reason:
            missing(str(reason))
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def workspace(prefect_server: Server) -> Iterator[Workspace]:
    """A place of the test's own on the shared DEV server, cleaned up after the test."""
    own = Workspace(prefect_server)
    yield own
    own.clean()


@pytest.fixture
def workspaces(prefect_servers: tuple[Server, Server]) -> Iterator[tuple[Workspace, Workspace]]:
    """Places of the test's own on the DEV and the PROD server, with the same prefix."""
    prefix = new_prefix()
    dev, prod = (Workspace(server, prefix) for server in prefect_servers)
    yield dev, prod
    dev.clean()
    prod.clean()


@pytest.fixture
def work_pool(workspace: Workspace) -> str:
    """A work pool of type process in `workspace`."""
    return servers.create_process_pool(workspace.server, workspace.name("pool"))


StartWorker = Callable[[Server, str], Kept]


@pytest.fixture
def start_worker(tmp_path: Path) -> Iterator[StartWorker]:
    """Starts a real process worker for a pool of a server; ended after the test."""
    started: list[Kept] = []

    def start(server: Server, pool: str) -> Kept:
        started.append(servers.start_worker(server, pool, tmp_path / f"worker-{len(started)}"))
        return started[-1]

    yield start
    for worker in started:
        worker.stop()


@pytest.fixture
def process_worker(workspace: Workspace, work_pool: str, start_worker: StartWorker) -> Kept:
    """A real process worker for `work_pool`."""
    return start_worker(workspace.server, work_pool)


@pytest.fixture
def git_repository(tmp_path: Path) -> GitRepository:
    """An empty repository on main, with a bare remote."""
    return create_repository(tmp_path / "git")


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    """A repository with one file, as flowlift opens it."""
    return open_repository(trees.repository(tmp_path / "platform", {"a.txt": "a\n"}))


@pytest.fixture
def pushed(repo: Repository, tmp_path: Path) -> Repository:
    """The same with a bare remote that has its main."""
    trees.git(tmp_path, "init", "--quiet", "--bare", "--initial-branch", "main", "remote.git")
    trees.git(repo.root, "remote", "add", "origin", str(tmp_path / "remote.git"))
    trees.git(repo.root, "push", "--quiet", "origin", "main")
    return repo


@pytest.fixture(scope="session")
def images() -> Images:
    """A Docker engine with a builder for two platforms, and registries."""
    try:
        return find_images()
    except MissingPartError as reason:
        missing(str(reason))


@pytest.fixture(scope="session")
def forge_server() -> ForgeServer:
    """A real forge, Gitea, with Actions and a runner."""
    try:
        return find_forge_server()
    except MissingPartError as reason:
        missing(str(reason))


@pytest.fixture
def forge_repository(
    forge_server: ForgeServer, git_repository: GitRepository
) -> Iterator[ForgeRepository]:
    """A private repository of the test's own on the forge, still empty, as git's origin."""
    made = create_forge_repository(forge_server, git_repository)
    yield made
    made.delete()


@pytest.fixture
def image_platform(images: Images, git_repository: GitRepository) -> ImagePlatform:
    """A repository with an image, version 1.0.0 on main."""
    platform = ImagePlatform(git_repository, images)
    platform.begin()
    return platform


@pytest.fixture(scope="session")
def cluster(images: Images, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    """A Kubernetes cluster, Helm 3 and 4, and a registry with a login that its nodes reach."""
    try:
        return find_cluster(images, tmp_path_factory.mktemp("programs"))
    except MissingPartError as reason:
        missing(str(reason))


MakeWorkerPlatform = Callable[..., WorkerPlatform]


@pytest.fixture(scope="session")
def worker_platform(
    pytestconfig: pytest.Config, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MakeWorkerPlatform]:
    """Makes a repository with a worker, a namespace and a pool of its own; removed afterwards.

    Its server listens where pods reach it.
    """
    flow_images = FlowImages(cluster.images)
    made: list[WorkerPlatform] = []

    def make(**settings: Any) -> WorkerPlatform:
        repository = create_repository(tmp_path_factory.mktemp("worker"))
        server = settings.pop("server", None) or pytestconfig.stash[SHARED].get("pods")
        made.append(WorkerPlatform(repository, cluster, flow_images, server, **settings))
        made[-1].commit("begin")
        repository.push()
        return made[-1]

    yield make
    for platform in made:
        platform.clean()


@pytest.fixture
def platform(workspaces: tuple[Workspace, Workspace], git_repository: GitRepository) -> Platform:
    """A platform repository with its two workspaces, at its first commit on main."""
    made = Platform(git_repository, *workspaces)
    made.begin()
    return made


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """flowlift as it is installed from an index."""
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def setup_uv(forge_server: ForgeServer) -> dict[str, str]:
    """The tag of the forge's stand-in for the action that sets uv up."""
    return offer_setup_uv(forge_server)
