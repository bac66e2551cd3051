"""A worker's update: flowlift beside kubectl and Helm on the same cluster, in one run.

    python -m bench.worker [--runs N]

Cluster, registry and images are those of the tests (CONTRIBUTING.md). Every cell is a whole
process, started as a user starts it: the median of the runs, and the fastest.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

from bench.deployments import Cell, run
from bench.image import Row
from bench.installed import flowlift
from tests.parts import servers
from tests.parts.cluster import CHART, LOGIN, Cluster, WorkerPlatform, find_cluster
from tests.parts.flow_images import FlowImages
from tests.parts.given import MissingPartError
from tests.parts.images import find_images
from tests.parts.repositories import create_repository

RUNS = 5
PATIENCE = 120.0

RECIPE = """\
set -euo pipefail
kubectl apply -f objects.json
sed "s|DEFAULT_FLOW_IMAGE|$IMAGE|g" values-dev.yaml |
  helm upgrade --install {release} chart --namespace {namespace} --values - --wait --timeout 300s
"""


class Side:
    """A worker with a namespace and a pool of its own; each of its pods has another name."""

    def __init__(self, folder: Path, cluster: Cluster, server: servers.Server) -> None:
        repository = create_repository(folder)
        self.platform = WorkerPlatform(repository, cluster, FlowImages(cluster.images), server)
        config = {**self.platform.values()["worker"]["config"], "name": None}
        self.platform.more = {"config": config}
        self.platform.commit("begin")
        repository.push()
        self.root = repository.path
        words = {"release": self.platform.release, "namespace": self.platform.namespace}
        (self.root / "recipe.sh").write_text(RECIPE.format(**words), encoding="utf-8")

    @property
    def environ(self) -> dict[str, str]:
        return {**self.platform.environ, "IMAGE": self.platform.image}

    def update(self, cell: Cell) -> None:
        """`flowlift worker update` as a process."""
        words = [flowlift(), "worker", "update", "dev", "--image", self.platform.image]
        run(words, self.root, self.environ, cell)

    def recipe(self, cell: Cell) -> None:
        """The same by hand, as a script."""
        run(["bash", "recipe.sh"], self.root, self.environ, cell)

    def recipe_and_heartbeat(self, cell: Cell) -> None:
        """The script, and then the wait until a worker that was not there is heard of."""
        before = self._workers()
        begun, alone = time.perf_counter(), Cell()
        self.recipe(alone)
        while not self._workers() - before:
            assert time.perf_counter() - begun < PATIENCE
            time.sleep(0.1)
        cell.seconds.append(time.perf_counter() - begun)

    def write_objects(self) -> None:
        """The namespace and the secrets as the recipe applies them."""
        namespace = self.platform.namespace
        items = []
        for kind, name in (
            ("namespace", namespace),
            ("secret", "reg-creds"),
            ("secret", "prefect-key"),
        ):
            found = self.platform.get(kind, name)
            meta = {"name": name} | ({} if kind == "namespace" else {"namespace": namespace})
            kept = {key: found[key] for key in ("type", "data") if key in found}
            items.append({"apiVersion": "v1", "kind": found["kind"], "metadata": meta, **kept})
        listed = {"apiVersion": "v1", "kind": "List", "items": items}
        (self.root / "objects.json").write_text(json.dumps(listed), encoding="utf-8")

    def fails(self, cell: Cell) -> None:
        """An update that must fail, and how long that takes."""
        begun = time.perf_counter()
        words = [flowlift(), "worker", "update", "dev", "--image", self.platform.image]
        environ = {**os.environ, **self.environ}
        done = subprocess.run(words, cwd=self.root, env=environ, capture_output=True, check=False)
        cell.seconds.append(time.perf_counter() - begun)
        assert done.returncode != 0

    def _workers(self) -> set[str]:
        path = f"/work_pools/{self.platform.pool}/workers/filter"
        found = self.platform.server.request("POST", path, {})
        return {worker["name"] for worker in found}


def measure(ours: Side, theirs: Side, runs: int) -> list[Row]:
    """All rows."""
    for side in (ours, theirs):
        side.update(Cell())
        side.write_objects()
    rows = []
    same, by_hand = Cell(), Cell()
    theirs.recipe(Cell())
    revisions = len(ours.platform.history()), len(theirs.platform.history())
    for _ in range(runs):
        ours.update(same)
        theirs.recipe(by_hand)
    written = len(ours.platform.history()) - revisions[0]
    hand = len(theirs.platform.history()) - revisions[1]
    assert written == 0
    other = f"`kubectl apply`, `helm upgrade --install` ({hand} revisions)"
    rows.append(Row("nothing changed", same, other, by_hand, "<= 1 s, 0 revisions"))
    full, plain = Cell(), Cell()
    for _ in range(runs):
        for side in (ours, theirs):
            side.platform.image = side.platform.flow_images.make()
        ours.update(full)
        theirs.recipe_and_heartbeat(plain)
    other = "the recipe with `--wait`, and the first heartbeat"
    rows.append(Row("another flows image", full, other, plain, "<= 1.1"))
    good = ours.platform.worker_image
    for checked in (True, False):
        ours.platform.worker_image = good[:-8] + "00000000"
        ours.platform.checks = {} if checked else {"image-missing": "off"}
        ours.platform.commit()
        wrong = Cell()
        for _ in range(runs):
            ours.fails(wrong)
        what = "before any write" if checked else "from the pod, rolled back"
        rows.append(Row(f"worker's image missing: told {what}", wrong, bar="<= 5 s (helm: 300)"))
    ours.platform.worker_image = good
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help="how often each is run")
    arguments, _ = parser.parse_known_args()
    assert CHART.is_dir()
    with tempfile.TemporaryDirectory(prefix="flowlift-bench-") as name:
        folder = Path(name)
        try:
            cluster = find_cluster(find_images(), folder / "programs")
        except MissingPartError as reason:
            print(f"No figures of the worker: {reason}")
            return
        server = servers.start_server(
            folder / "server",
            env={"PREFECT_SERVER_API_AUTH_STRING": LOGIN},
            host="0.0.0.0",  # noqa: S104 - pods ask it
        )
        sides: list[Side] = []
        try:
            for side in ("ours", "theirs"):
                sides.append(Side(folder / side, cluster, server))
            rows = measure(sides[0], sides[1], arguments.runs)
            print("| work | flowlift | beside | its time | ratio | bar |")
            print("| --- | --- | --- | --- | --- | --- |")
            for row in rows:
                print(row.line())
        finally:
            for one in sides:
                one.platform.clean()
            server.stop()


if __name__ == "__main__":
    main()
