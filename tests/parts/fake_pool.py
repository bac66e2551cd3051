"""What Prefect's API would say of one work pool: its workers and queues, runs and deployments.

For `fake_api` and `ModelNetwork`, with answers in the shape of a real server's (3.8.8); the same
questions are asked of real ones in `tests/real/worker` and `tests/real/workspace`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tests.parts.proxy import Answer, Request

NOW = "Sat, 28 Nov 2026 07:10:00 GMT"
"""What the server's clock says, in the header of each answer."""

STATES = {
    "Scheduled": "SCHEDULED",
    "Late": "SCHEDULED",
    "Pending": "PENDING",
    "Running": "RUNNING",
    "Completed": "COMPLETED",
    "Failed": "FAILED",
    "Crashed": "CRASHED",
    "Cancelled": "CANCELLED",
}


def worker(name: str = "edp-worker", *, heard: str | None = "2026-11-28T07:09:50Z", **more: Any):
    """A worker as `/workers/filter` tells it."""
    return {
        "id": f"id-{name}",
        "name": name,
        "status": "ONLINE",
        "last_heartbeat_time": heard,
        "heartbeat_interval_seconds": 30,
        **more,
    }


@dataclass
class FakePool:
    """A workspace with one pool, or with none where `exists` is False.

    `states` are those that a run which is started goes through, one a look at it, the last one for
    good; "gone" is a run that somebody deletes. `denied` are paths that answer an error.
    """

    name: str = "p"
    exists: bool = True
    type: str = "kubernetes"
    paused: bool = False
    template: dict[str, Any] = field(default_factory=dict)
    workers: list[dict[str, Any]] = field(default_factory=list)
    queues: list[dict[str, Any]] = field(default_factory=list)
    scheduled: int = 0
    late: int = 0
    deployments: dict[str, dict[str, Any]] = field(default_factory=dict)
    states: list[str] = field(default_factory=lambda: ["Completed"])
    message: str = ""
    logs: list[str] = field(default_factory=list)
    denied: dict[str, Answer] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    def __call__(self, request: Request) -> Answer | None:
        self.requests.append(request)
        found = self._answer(request)
        if found is None:
            return None
        return Answer(found.status, found.body, headers={"date": NOW})

    def asked(self, end: str) -> list[Any]:
        """The bodies of the requests whose path ends so."""
        return [request.json() for request in self.requests if request.path.endswith(end)]

    def _answer(self, request: Request) -> Answer | None:
        path = request.path
        if path in self.denied:
            return self.denied[path]
        if path.startswith("/deployments/name/"):
            return self._deployment(path.removeprefix("/deployments/name/"))
        known: dict[str, Any] = {
            "/work_pools/filter": [self._pool()] if self.exists else [],
            "/deployments/filter": list(self._deployments()),
            "/flows/filter": [{"id": "flow-1", "name": "f"}],
            "/flow_runs/filter": self._run,
            "/logs/filter": self._logs,
            "/flow_runs/lateness": 12.5 if self.late else 0.0,
        }
        if path == "/flow_runs/count":
            late = "name" in request.json()["flow_runs"]["state"]
            return Answer(200, self.late if late else self.scheduled)
        if path in known:
            body = known[path]
            return Answer(200, body() if callable(body) else body)
        if path.endswith("/create_flow_run"):
            return Answer(201, self._state(self.states[0]))
        if path.endswith("/set_state"):
            return Answer(201, {"status": "ACCEPT"})
        if path.startswith("/work_queues/"):
            return Answer(200, {"late_runs_count": 1})
        return self._of_pool(path) if self.exists else None

    def _of_pool(self, path: str) -> Answer | None:
        below = f"/work_pools/{self.name}"
        if path == below:
            return Answer(200, self._pool())
        if path == f"{below}/workers/filter":
            return Answer(200, self.workers)
        if path == f"{below}/queues/filter":
            return Answer(200, self.queues)
        return None

    def _pool(self) -> dict[str, Any]:
        return {
            "id": "pool-1",
            "name": self.name,
            "type": self.type,
            "is_paused": self.paused,
            "status": "READY",
            "base_job_template": self.template,
            "updated": "2026-11-28T06:00:00Z",
        }

    def _deployments(self) -> list[dict[str, Any]]:
        return [
            {"id": f"id-{re.sub(r'[^a-z]', '-', name)}", "name": name, "flow_id": "flow-1", **more}
            for name, more in self.deployments.items()
        ]

    def _deployment(self, path: str) -> Answer | None:
        name = path.rpartition("/")[2]
        found = [one for one in self._deployments() if one["name"] == name]
        return Answer(200, found[0]) if found else None

    def _run(self) -> list[dict[str, Any]]:
        state = self.states[0] if len(self.states) == 1 else self.states.pop(0)
        return [] if state == "gone" else [self._state(state)]

    def _state(self, name: str) -> dict[str, Any]:
        kind = STATES[name]
        begun = kind not in {"SCHEDULED", "PENDING"}
        return {
            "id": "run-1",
            "name": "brave-owl",
            "deployment_id": "id-d",
            "state_type": kind,
            "state_name": name,
            "state": {"type": kind, "name": name, "message": self.message},
            "start_time": "2026-11-28T07:00:00Z" if begun else None,
        }

    def _logs(self) -> list[dict[str, Any]]:
        """As they are asked for: the newest first."""
        return [
            {"timestamp": f"2026-11-28T07:00:{number:02}Z", "level": 40, "message": line}
            for number, line in reversed(list(enumerate(self.logs)))
        ]
