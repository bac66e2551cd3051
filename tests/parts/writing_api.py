"""The writing part of a fake API: deployments are put there and deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flowlift.plan.model import Change
from flowlift.workspace.write import Written, write
from tests.parts.fake_api import ask, fake_api
from tests.parts.proxy import Answer, Proxy, Request

Special = Callable[[Request], "Answer | None"]


class Workspace:
    """The writing part of an API: remembers what was written, and answers as a server does."""

    def __init__(self, special: Special = lambda request: None, version: str = "3.8.8") -> None:
        self.special = special
        self.version = version
        self.deployments: dict[str, Any] = {}
        self.automations: list[Any] = []

    def __call__(self, request: Request) -> Answer | None:
        if request.path == "/admin/version":
            return Answer(200, self.version)
        if (found := self.special(request)) is not None:
            return found
        body = request.json() if request.body else {}
        match (request.method, *request.path.strip("/").split("/")):
            case ("POST", "flows"):
                return Answer(201, {"id": f"id-{body['name']}"})
            case ("POST", "flows", "filter"):
                return Answer(200, [])
            case ("POST", "deployments"):
                return Answer(201, self.upsert(body))
            case ("GET", "deployments", key):
                return Answer(200, self.deployments[key.removeprefix("id-")])
            case ("PATCH", "deployments", _):
                return Answer(204)
            case ("POST", "automations"):
                self.automations.append(body)
                return Answer(201, {})
            case ("GET", "automations", "related-to", _):
                return Answer(200, self.automations)
            case ("DELETE", _, *_):
                return Answer(202)
        return None

    def upsert(self, body: Any) -> Any:
        key = body["name"]
        before = self.deployments.get(key, {})
        self.deployments[key] = {"id": f"id-{key}", "schedules": [], **before, **body}
        return self.deployments[key]


def run(workspace: Workspace, *changes: Change, **options: Any) -> tuple[Written, Proxy]:
    with fake_api(workspace) as api:
        return ask(api.url, lambda c: write(c, changes, **options)), api


def names(changes: list[Change]) -> list[str]:
    return [change.deployment for change in changes]


def refusing(name: str, text: str = "No.") -> Special:
    def answer(request: Request) -> Answer | None:
        if request.path == "/deployments/" and request.json()["name"] == name:
            return Answer(409, {"detail": text})
        return None

    return answer
