"""What a workspace holds, asked of Prefect's API and of nobody else: the story's checks."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from flowlift.errors import FlowliftError, UnreachableError

_PAUSES = (0.1, 0.5, 2.0, None)
_LOG_PATIENCE, _LOG_PAUSE = 20.0, 0.5


@dataclass(frozen=True, slots=True)
class Held:
    """A deployment as a workspace holds it. `active` and `crons` are by its schedules' slugs.

    `code` is the branch or the commit that its runs clone.
    """

    id: str
    code: str | None
    tags: tuple[str, ...]
    active: Mapping[str, bool]
    crons: Mapping[str, str]
    schedule_ids: Mapping[str, str]
    labels: Mapping[str, Any]


class Witness:
    """Reads a workspace at `url` (ending in /api), and pauses schedules as the UI does."""

    def __init__(self, url: str) -> None:
        # Nothing of a proxy, nor of anybody's Prefect settings.
        self._client = httpx.Client(base_url=url, trust_env=False, timeout=30)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def answers(self) -> bool:
        """Whether the server is there."""
        try:
            return self._client.get("/health").is_success
        except httpx.TransportError:
            return False

    def has_worker(self, pool: str) -> bool:
        """Whether somebody polls the work pool."""
        path = f"/work_pools/{pool}/workers/filter"
        answer = self._client.post(path, json={})
        return answer.is_success and bool(answer.json())

    def deployments(self) -> dict[str, Held]:
        """All deployments, by name."""
        return {each["name"]: _held(each) for each in self._read("/deployments/filter")}

    def runs(self, *states: str) -> dict[str, str]:
        """The flow runs, or those in some states (`COMPLETED`): each one's deployment, by ids."""
        filter_ = {"flow_runs": {"state": {"type": {"any_": list(states)}}}} if states else {}
        found = self._read("/flow_runs/filter", filter_)
        return {run["id"]: run["deployment_id"] for run in found}

    def state(self) -> list[dict[str, Any]]:
        """The deployments with all that a write would change, such as their schedules' ids.

        What the server notes by itself, as that a worker polls, is left out.
        """
        own = {"status", "last_polled", "updated"}
        found = sorted(self._read("/deployments/filter"), key=lambda body: str(body["id"]))
        return [{key: value for key, value in body.items() if key not in own} for body in found]

    def has_logged(self, run: str, text: str) -> bool:
        """Whether a flow run has logged `text`. Its log may come some seconds after its end."""
        filter_ = {"logs": {"flow_run_id": {"any_": [run]}}}
        until = time.monotonic() + _LOG_PATIENCE
        while not any(text in line["message"] for line in self._read("/logs/filter", filter_)):
            if time.monotonic() > until:
                return False
            time.sleep(_LOG_PAUSE)
        return True

    def pause(self, name: str, slug: str) -> str:
        """Switch a schedule off, as the UI does; the request, with its ids cut short."""
        held = self.deployments()[name]
        schedule = held.schedule_ids[slug]
        self._ask("PATCH", f"/deployments/{held.id}/schedules/{schedule}", {"active": False})
        path = f"/deployments/{held.id[:8]}.../schedules/{schedule[:8]}..."
        return f'PATCH {path} {{"active": false}}'

    def _read(self, path: str, filter_: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask("POST", path, filter_ or {})
        return found

    def _ask(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """What the API answers. A server on SQLite answers 503 now and then: asked again."""
        why = ""
        for pause in _PAUSES:
            try:
                answer = self._client.request(method, path, json=body)
            except httpx.TransportError as error:
                why = str(error)
            else:
                if answer.is_success:
                    return answer.json() if answer.content else None
                why = f"{answer.status_code} {answer.text[:200]}"
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    break
            if pause is not None:
                time.sleep(pause)
        raise UnreachableError(f"{method} {self._client.base_url}{path.lstrip('/')}: {why}")


def _held(body: Mapping[str, Any]) -> Held:
    schedules = {each["slug"]: each for each in body["schedules"]}
    return Held(
        id=body["id"],
        code=_cloned(body["pull_steps"] or []),
        tags=tuple(body["tags"]),
        active={slug: each["active"] for slug, each in schedules.items()},
        crons={slug: each["schedule"]["cron"] for slug, each in schedules.items()},
        schedule_ids={slug: each["id"] for slug, each in schedules.items()},
        labels=body["labels"] or {},
    )


def _cloned(steps: Iterable[Mapping[str, Any]]) -> str | None:
    for step in steps:
        for action, inputs in step.items():
            if action.endswith("git_clone"):
                code: str | None = inputs.get("branch") or inputs.get("commit_sha")
                return code
    return None


def expect(what: str, wanted: object, found: object) -> None:
    """Fail loudly where something is not so.

    Raises:
        FlowliftError: `found` is not what is wanted; both are told.
    """
    if found != wanted:
        raise FlowliftError(
            f"The demo stops, as this is not so: {what}.\n"
            f"  expected: {wanted}\n"
            f"  found:    {found}",
            remedy="Look closer with `flowlift demo --keep`: the servers and the folder stay.",
        )
