"""A fake workspace: a Prefect API of version 3.8.8 in memory, for a whole plan, apply and verify.

It holds what is written to it and gives it back in the form that a server gives: deployments with
their schedules, flows, automations, variables, pools, blocks, runs and their logs. Its time is
that of the event loop, so that in a model of time nothing waits (`fake_api.ask_model`).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

from flowlift.workspace.lock import lock_name
from tests.parts.proxy import Answer, Request

Special = Callable[[Request], "Answer | None"]
Document = dict[str, Any]
NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
SCHEMA = {"type": "object", "properties": {"image": {"type": "string"}, "env": {"type": "object"}}}


@dataclass(frozen=True)
class Fate:
    """What becomes of each run of a deployment; `begins` is None for one that nobody starts."""

    state: str = "COMPLETED"
    name: str = ""
    begins: float | None = 1.0
    takes: float = 2.0
    message: str = ""
    logs: tuple[tuple[int, str], ...] = ()
    gone: bool = False


@dataclass
class FakeWorkspace:
    """All that a workspace holds, by id, in the order in which it was made.

    `special` is asked before anything is done, and may answer itself; `lost` names requests
    (`POST /deployments/`) that are done, and whose answer is then lost, once each.
    """

    special: Special = lambda request: None
    version: str = "3.8.8"
    deployments: dict[str, Document] = field(default_factory=dict)
    flows: dict[str, Document] = field(default_factory=dict)
    automations: dict[str, Document] = field(default_factory=dict)
    variables: dict[str, Document] = field(default_factory=dict)
    pools: dict[str, Document] = field(default_factory=dict)
    blocks: dict[str, Document] = field(default_factory=dict)
    runs: dict[str, Document] = field(default_factory=dict)
    fates: dict[str, Fate] = field(default_factory=dict)
    workers: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    made: int = 0

    # What people do ----------------------------------------------------------------------

    def pool(self, name: str, **more: Any) -> None:
        """Make a work pool of type process."""
        template = {"job_configuration": {}, "variables": SCHEMA}
        self.pools[name] = {
            "id": f"id-{name}",
            "name": name,
            "type": "process",
            "is_paused": False,
            "base_job_template": template,
            **more,
        }

    def variable(self, name: str, value: Any) -> None:
        """Make a variable."""
        self._made(self.variables, {"name": name, "value": value})

    def hold(self, repository: str, seconds: float, holder: str = "ben@laptop") -> None:
        """Somebody else holds the lock for so many seconds from the beginning."""
        value = {
            "holder": holder,
            "repository": repository,
            "token": "another",
            "since": NOON.isoformat(),
            "expires": (NOON + timedelta(seconds=seconds)).isoformat(),
        }
        self.variable(lock_name(repository), json.dumps(value))

    def release(self) -> None:
        """Whoever holds the lock gives it back."""
        for key, variable in list(self.variables.items()):
            if variable["name"].startswith("flowlift_lock_"):
                del self.variables[key]

    def named(self, name: str) -> Document:
        """The deployment of that name."""
        (found,) = [item for item in self.deployments.values() if item["name"] == name]
        return found

    @property
    def names(self) -> list[str]:
        """The names of the deployments."""
        return sorted(item["name"] for item in self.deployments.values())

    @property
    def writes(self) -> list[str]:
        """What was asked to be changed, but for the lock: `POST /deployments/`."""
        return [
            f"{request.method} {request.path}"
            for request in self.requests
            if request.is_write and not request.path.startswith("/variables/")
        ]

    @property
    def locked(self) -> bool:
        """Whether somebody holds a lock."""
        return any(item["name"].startswith("flowlift_lock_") for item in self.variables.values())

    # What the API answers ----------------------------------------------------------------

    def __call__(self, request: Request) -> Answer | None:
        self.requests.append(request)
        answer = self.special(request) or self._answer(request)
        line = f"{request.method} {request.path}"
        if line in self.lost:
            self.lost.remove(line)
            return Answer(0)
        date = {"date": format_datetime(NOON + timedelta(seconds=now()), usegmt=True)}
        if answer is None or not answer.status:
            return answer
        return replace(answer, headers={**date, **answer.headers})

    def _answer(self, request: Request) -> Answer | None:  # noqa: PLR0912 - a table of paths
        body: Document = request.json() if request.body else {}
        match (request.method, *request.path.strip("/").split("/")):
            case ("GET", "admin", "version"):
                return Answer(200, self.version)
            case ("POST", *_, "filter"):
                return self._filter(request.path.strip("/"), body)
            case ("POST", "flows"):
                return Answer(201, self._flow(body["name"]))
            case ("POST", "deployments"):
                return Answer(201, self._upsert(body))
            case ("POST", "deployments", "bulk_delete"):
                ids = body["deployments"]["id"]["any_"]
                return Answer(200, {"deleted": [key for key in ids if self._delete(key)]})
            case ("POST", "deployments", key, "create_flow_run"):
                return Answer(201, self._start(key, body))
            case ("GET", "deployments", key) if key in self.deployments:
                return Answer(200, self.deployments[key])
            case ("PATCH", "deployments", key) if key in self.deployments:
                self.deployments[key].update(body)
                return Answer(204)
            case ("PATCH", "deployments", key, "schedules", part):
                for schedule in self.deployments[key]["schedules"]:
                    if schedule["id"] == part:
                        schedule.update(body)
                return Answer(204)
            case ("DELETE", "deployments", key):
                return Answer(204) if self._delete(key) else None
            case ("POST", "automations"):
                return Answer(201, self._made(self.automations, body))
            case ("GET", "automations", "related-to", owner):
                return Answer(200, [a for a in self.automations.values() if owner in str(a)])
            case ("DELETE", "automations", "owned-by", owner):
                for key, item in list(self.automations.items()):
                    if item.get("owner_resource") == owner:
                        del self.automations[key]
                return Answer(202)
            case ("GET", "work_pools", pool, "queues", queue):
                return Answer(200, {"name": queue, "is_paused": False})
            case ("GET", "work_pools", pool) if pool in self.pools:
                return Answer(200, self.pools[pool])
            case ("POST", "flow_runs", key, "set_state"):
                state = body["state"]
                self.runs[key] |= {"told": state["type"], "why": state.get("message", "")}
                return Answer(201, {"status": "ACCEPT"})
            case (_, "variables", *rest):
                return self._variables(request.method, rest, body)
        return None

    def _filter(self, path: str, query: Document) -> Answer | None:
        page = slice(query.get("offset", 0), query.get("offset", 0) + query.get("limit", 200))
        wanted: Document = query.get(path.split("/", maxsplit=1)[0], {})
        if path == "flow_runs/filter":
            found = [run for run in map(self._as_it_is, self.runs.values()) if run]
            ids = query.get("deployments", {}).get("id", {}).get("any_")
            states = wanted.pop("state", {}).get("type", {}).get("any_")
            found = [run for run in found if not states or run["state_type"] in states]
            found = [run for run in found if ids is None or run["deployment_id"] in ids]
            return Answer(200, [run for run in found if _matches(run, wanted)][page])
        if path == "logs/filter":
            return Answer(200, self._logs(query["logs"]["flow_run_id"]["any_"][0])[page])
        if path == "block_documents/filter":
            slugs = query["block_types"]["slug"]["any_"]
            blocks = [b for b in self.blocks.values() if b["block_type"]["slug"] in slugs]
            return Answer(200, [block for block in blocks if _matches(block, wanted)][page])
        if path.endswith("/workers/filter"):
            return Answer(200, [{"name": name, "status": "ONLINE"} for name in self.workers][page])
        queues = {f"q-{name}": {"name": "default", "work_pool_name": name} for name in self.pools}
        collections: Mapping[str, Mapping[str, Document]] = {
            "deployments": self.deployments,
            "flows": self.flows,
            "automations": self.automations,
            "variables": self.variables,
            "work_pools": self.pools,
            "work_queues": queues,
        }
        if path.removesuffix("/filter") not in collections:
            return None
        items = reversed(list(collections[path.removesuffix("/filter")].values()))
        return Answer(200, [item for item in items if _matches(item, wanted)][page])

    def _variables(self, method: str, rest: list[str], body: Document) -> Answer | None:
        by_name = {item["name"]: item for item in self.variables.values()}
        match (method, *rest):
            case ("POST",):
                if body["name"] in by_name:
                    return Answer(409, {"detail": "A variable with that name exists."})
                return Answer(201, self._made(self.variables, body))
            case ("GET", "name", name) if name in by_name:
                return Answer(200, by_name[name])
            case ("PATCH", key) if key in self.variables:
                self.variables[key].update(body)
                return Answer(204)
            case ("DELETE", key) if key in self.variables:
                del self.variables[key]
                return Answer(204)
        return None

    # What it does ------------------------------------------------------------------------

    def _made(self, where: dict[str, Document], body: Document) -> Document:
        self.made += 1
        moment = (NOON + timedelta(microseconds=self.made)).isoformat().replace("+00:00", "Z")
        key = f"id-{self.made}"
        where[key] = {**body, "id": key, "created": moment, "updated": moment}
        return where[key]

    def _flow(self, name: str) -> Document:
        known = [flow for flow in self.flows.values() if flow["name"] == name]
        return known[0] if known else self._made(self.flows, {"name": name})

    def _upsert(self, body: Document) -> Document:
        same = [
            item
            for item in self.deployments.values()
            if (item["flow_id"], item["name"]) == (body["flow_id"], body["name"])
        ]
        document = (
            same[0] if same else self._made(self.deployments, {"paused": False, "labels": {}})
        )
        schedules = [self._made({}, schedule) for schedule in body.get("schedules", ())]
        limit = body.get("concurrency_limit")
        if "concurrency_limit" in body:
            own = {"name": f"deployment:{document['id']}", "limit": limit}
            document["global_concurrency_limit"] = own if limit else None
        labels = {
            **document["labels"],
            **body.get("labels", {}),
            "prefect.flow.id": body["flow_id"],
        }
        document.update({**body, "labels": labels, "schedules": schedules})
        return document

    def _delete(self, key: str) -> bool:
        return self.deployments.pop(key, None) is not None

    def _start(self, key: str, body: Document) -> Document:
        deployment = self.deployments[key]
        return self._made(
            self.runs,
            {
                "name": "quiet-otter",
                "deployment_id": key,
                "deployment": deployment["name"],
                "parameters": body["parameters"],
                "tags": body["tags"],
                "labels": dict(deployment.get("labels") or {}),
                "work_pool_name": deployment.get("work_pool_name"),
                "state_type": "SCHEDULED",
                "state_name": "Scheduled",
                "at": now(),
            },
        )

    def _as_it_is(self, run: Document) -> Document | None:
        """A run as it is by now; None where somebody has deleted it."""
        if "state" in run:
            return run  # over, whatever its deployment's fate is since
        fate = self.fates.get(run["deployment"], Fate())
        if fate.gone:
            return None
        passed = now() - run["at"]
        if run.get("told") == "CANCELLED" or fate.begins is None or passed < fate.begins:
            return run
        begun = {**run, "start_time": NOON.isoformat(), "total_run_time": passed - fate.begins}
        if passed < fate.begins + fate.takes:
            return {**begun, "state_type": "RUNNING", "state_name": "Running"}
        run |= {
            **begun,
            "total_run_time": fate.takes,
            "state_type": fate.state,
            "state_name": fate.name or fate.state.capitalize(),
            "state": {"message": fate.message},
        }
        return run

    def _logs(self, key: str) -> list[Document]:
        fate = self.fates.get(self.runs[key]["deployment"], Fate())
        return [
            {"timestamp": f"{number:03d}", "level": level, "message": message}
            for number, (level, message) in reversed(list(enumerate(fate.logs)))
        ]


def now() -> float:
    """The event loop's time."""
    return asyncio.get_running_loop().time()


def _matches(document: Document, wanted: Document) -> bool:
    """Whether a filter of the API finds a document: `any_` of a field, `all_` of a list."""
    for key, condition in wanted.items():
        value = document.get(key)
        if "any_" in condition and value not in condition["any_"]:
            return False
        if "all_" in condition and not set(condition["all_"]) <= set(value or ()):
            return False
    return True
