"""A pool's template on a real server: the image and a worker's update write it at one moment."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from flowlift.workspace.pools import hand_over, write_template
from tests.parts.fake_api import ask
from tests.parts.proxy import Answer, Proxy, Request
from tests.parts.workspaces import Workspace

pytestmark = pytest.mark.real

MOMENT = 1.0
"""Seconds in which the other would have written, where no lock holds it back."""


def template(image: str, command: str) -> dict[str, Any]:
    return {
        "variables": {
            "type": "object",
            "properties": {"image": {"type": "string", "default": image}},
        },
        "job_configuration": {"image": "{{ image }}", "command": command},
    }


def test_two_writers_at_one_moment_lose_nothing(workspace: Workspace) -> None:
    pool = workspace.name("docker")
    body = {"name": pool, "type": "docker", "base_job_template": template("old", "old")}
    workspace.server.request("POST", "/work_pools/", body)

    def by_the_worker(now: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**now, "job_configuration": {**now["job_configuration"], "command": "new"}}

    worker = threading.Thread(
        target=lambda: ask(workspace.url, lambda c: write_template(c, pool, by_the_worker))
    )

    def between_read_and_write(request: Request) -> Answer | None:
        if request.method == "PATCH" and request.path == f"/work_pools/{pool}":
            worker.start()
            worker.join(MOMENT)
        return None

    with Proxy(workspace.url, answer=between_read_and_write) as proxy:
        done = ask(proxy.url, lambda client: hand_over(client, pool, "new"))
    worker.join()
    assert done.written
    live = workspace.server.request("GET", f"/work_pools/{pool}")
    assert live["base_job_template"] == template("new", "new")
