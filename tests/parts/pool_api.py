"""A fake workspace with one work pool, for what several writers do to its template."""

from __future__ import annotations

import copy
from typing import Any

from tests.parts.proxy import Answer, Request
from tests.parts.variables import Variables


class PoolApi(Variables):
    """The API of a workspace whose only work pool is called `name`.

    `asked` are the requests that concern the pool and its lock, but not the server's version.
    """

    def __init__(self, template: dict[str, Any], name: str = "k8s") -> None:
        super().__init__()
        self.name = name
        self.template = template
        self.asked: list[str] = []

    def answer(self, request: Request) -> Answer | None:
        kind, *rest = request.path.strip("/").split("/")
        if kind != "admin":
            self.asked.append(f"{request.method} {kind}")
        match (request.method, kind, *rest):
            case ("GET", "work_pools", name) if name == self.name:
                template = copy.deepcopy(self.template)
                return Answer(200, {"name": name, "base_job_template": template})
            case ("PATCH", "work_pools", name) if name == self.name:
                return self.write(request.json()["base_job_template"])
        return super().answer(request)

    def write(self, template: dict[str, Any]) -> Answer:
        """Take a template, as a server does that changes nothing in it."""
        self.template = template
        return Answer(204)
