"""A fake workspace that holds variables, and with them locks; its time is a model."""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

from flowlift.workspace.lock import lock_name
from tests.parts.proxy import Answer, Request

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


class Variables:
    """The variables of a workspace whose clock is `ahead` of ours."""

    def __init__(self, ahead: timedelta = timedelta()) -> None:
        self.by_name: dict[str, dict[str, Any]] = {}
        self.ahead = ahead
        self.lose_next_answer = False

    def now(self) -> datetime:
        return NOON + timedelta(seconds=asyncio.get_running_loop().time()) + self.ahead

    def __call__(self, request: Request) -> Answer | None:
        answer = self.answer(request)
        if self.lose_next_answer and request.method == "POST":
            self.lose_next_answer = False
            return Answer(0)
        date = {"date": format_datetime(self.now(), usegmt=True)}
        return Answer(answer.status, answer.body, headers=date) if answer else None

    def answer(self, request: Request) -> Answer | None:
        by_id = {variable["id"]: variable for variable in self.by_name.values()}
        match (request.method, *request.path.strip("/").split("/")):
            case ("GET", "admin", "version"):
                return Answer(200, "3.8.8")
            case ("POST", "variables"):
                body = request.json()
                if body["name"] in self.by_name:
                    return Answer(409, {"detail": "A variable with that name exists."})
                self.by_name[body["name"]] = {**body, "id": uuid.uuid4().hex}
                return Answer(201, self.by_name[body["name"]])
            case ("GET", "variables", "name", name) if name in self.by_name:
                return Answer(200, self.by_name[name])
            case ("PATCH", "variables", key) if key in by_id:
                by_id[key].update(request.json())
                return Answer(204)
            case ("DELETE", "variables", key) if key in by_id:
                del self.by_name[by_id[key]["name"]]
                return Answer(204)
        return None

    def hold(self, seconds: float, holder: str = "ben@laptop") -> None:
        """Somebody else holds the lock for so many seconds from now."""
        now = self.now()
        value = {
            "holder": holder,
            "repository": "acme/platform",
            "token": uuid.uuid4().hex,
            "since": now.isoformat(),
            "expires": (now + timedelta(seconds=seconds)).isoformat(),
        }
        name = lock_name("acme/platform")
        self.by_name[name] = {"id": uuid.uuid4().hex, "name": name, "value": json.dumps(value)}
