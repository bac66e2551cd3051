"""A place of its own for a test, on a server that it shares with others: a prefix for all names."""

from __future__ import annotations

import contextlib
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.parts.servers import Server

PAGE = 200


def new_prefix() -> str:
    """Letters and digits, as every kind of name in Prefect, git and a file system allows them."""
    return f"t{uuid.uuid4().hex[:10]}"


@dataclass(frozen=True)
class Workspace:
    """A server and a prefix. What is named by it, or stands in a pool of it, is the test's own."""

    server: Server
    prefix: str = field(default_factory=new_prefix)

    @property
    def url(self) -> str:
        """The API's address."""
        return self.server.url

    def name(self, what: str) -> str:
        """A name of the test's own."""
        return f"{self.prefix}-{what}"

    def deployments(self) -> list[dict[str, Any]]:
        """The test's deployments: by their own name, their flow's or their pool's."""
        like = {"name": {"like_": self.prefix}}
        pools = [pool["name"] for pool in self.pools()]
        found = self._all("/deployments/filter", {"deployments": like})
        found += self._all("/deployments/filter", {"flows": like})
        if pools:
            found += self._all("/deployments/filter", {"work_pools": {"name": {"any_": pools}}})
        return list({deployment["id"]: deployment for deployment in found}.values())

    def pools(self) -> list[dict[str, Any]]:
        """The test's work pools."""
        return self._own(self._all("/work_pools/filter", {}))

    def variables(self) -> list[dict[str, Any]]:
        """The test's variables."""
        like = {"variables": {"name": {"like_": self.prefix}}}
        return self._own(self._all("/variables/filter", like))

    def flows(self) -> list[dict[str, Any]]:
        """The test's flows."""
        return self._all("/flows/filter", {"flows": {"name": {"like_": self.prefix}}})

    def clean(self) -> None:
        """Delete what is the test's own. What a test has deleted itself is not missed."""
        paths = [f"/deployments/{deployment['id']}" for deployment in self.deployments()]
        paths += [f"/work_pools/{pool['name']}" for pool in self.pools()]
        paths += [f"/variables/{variable['id']}" for variable in self.variables()]
        paths += [f"/flows/{flow['id']}" for flow in self.flows()]
        for path in paths:
            with contextlib.suppress(httpx.HTTPStatusError):
                self.server.request("DELETE", path)

    def _own(self, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [thing for thing in found if thing["name"].startswith(self.prefix)]

    def _all(self, path: str, query: dict[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = self.server.request("POST", path, query | {"limit": PAGE, "offset": len(found)})
            found += page
            if len(page) < PAGE:
                return found
