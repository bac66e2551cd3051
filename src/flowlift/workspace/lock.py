"""One writer at a time: a lease, held as a Prefect variable of the workspace.

Creating a variable that exists is refused (409), on every server and on Prefect Cloud, so that of
two writers one wins. The holder renews its lease in the background; when it dies, the lease runs
out and the next one takes over. Leases are told in the server's time (its `Date` headers), as
the clocks of two machines differ.

A lease is only ever changed or deleted by the id of its variable: one that has been taken over
has another id, so neither a late holder nor a second taker can touch the new one.
"""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import hashlib
import json
import socket
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from types import TracebackType

from flowlift.errors import AnswerError, FlowliftError, LockedError, UnreachableError
from flowlift.findings import Json
from flowlift.voice import SILENT, Voice
from flowlift.workspace.client import Client
from flowlift.workspace.clock import loop_time

LEASE = 60.0
"""Seconds that a lease holds when it is not renewed."""

RENEW_EVERY = 20.0
"""Seconds between renewals: two may fail."""

MARGIN = 1 / 12
"""The part of its lease that a holder leaves unused: dates are told to the second only."""

SLACK = timedelta(seconds=2)
"""How long after its end a lease is taken over: several servers' clocks differ a little."""

FIRST_LOOK, LONGEST_LOOK = 0.5, 3.0
"""Seconds between looks at another's lease, growing."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease as its variable says it."""

    variable: str
    holder: str
    token: str
    since: datetime
    expires: datetime

    def describe(self) -> str:
        """Who holds it and since when, for people."""
        return f"{self.holder}, since {self.since:%H:%M:%S} UTC"


class Lock:
    """The right to write one repository's deployments into a workspace, within `async with`.

    `holder` names who holds it (by default user@host), for others to see. Waits up to `wait`
    seconds, and tells `voice` for whom, whenever that changes. `waited` says whether it had to.

    Raises:
        LockedError: another holder did not finish in time.
        RefusedError: this key may not create variables.
    """

    def __init__(
        self,
        client: Client,
        *,
        repository: str,
        holder: str | None = None,
        wait: float = 300.0,
        voice: Voice = SILENT,
        lease: float = LEASE,
        renew_every: float = RENEW_EVERY,
    ) -> None:
        self.name = lock_name(repository)
        self.waited = False
        self._client = client
        self._repository = repository
        self._holder = holder or user_at_host()
        self._wait = wait
        self._voice = voice
        self._lease = lease
        self._renew_every = renew_every
        self._token = uuid.uuid4().hex
        self._since: datetime | None = None
        self._variable = ""
        self._valid_until = 0.0
        self._lost = ""
        self._renewing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Lock:
        try:
            await self._acquire()
        except asyncio.CancelledError:
            with contextlib.suppress(FlowliftError):
                await self._give_back()
            raise
        self._renewing = asyncio.create_task(self._renew())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        ending = asyncio.ensure_future(self._end())
        try:
            await asyncio.shield(ending)
        except asyncio.CancelledError:
            await ending  # else the next run would wait until the lease has run out
            raise

    async def _end(self) -> None:
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.gather(self._renewing, return_exceptions=True)
        # What was done matters more than a lease that cannot be given back: it runs out by itself.
        with contextlib.suppress(FlowliftError):
            await self._client.delete(f"/variables/{self._variable}")

    async def _give_back(self) -> None:
        """Delete the lease if it is ours, when we were interrupted and do not know."""
        lease = await self._read()
        if lease is not None and lease.token == self._token:
            await self._client.delete(f"/variables/{lease.variable}")

    def check(self) -> None:
        """Make sure that the lease still holds.

        Raises:
            LockedError: somebody else may be writing by now.
        """
        if not self._lost and loop_time() > self._valid_until - MARGIN * self._lease:
            self._lost = "its lease could not be renewed in time"
        if self._lost:
            raise LockedError(
                f"The lock on {self._client.endpoint.environment} was lost: {self._lost}.",
                remedy="Run the same command again: it does what is left.",
            )

    # Taking ------------------------------------------------------------------------------

    async def _acquire(self) -> None:
        deadline = loop_time() + self._wait
        told, pause = "", FIRST_LOOK
        while not await self._create():
            other = await self._read()
            if other is None:
                continue  # given back just now
            now = self._client.server_time()
            if other.expires + SLACK < now:
                # Of several takers one deletes it, and one creates the next.
                await self._client.delete(f"/variables/{other.variable}")
                continue
            if loop_time() > deadline:
                raise self._locked(other)
            if told != other.token:
                told, pause = other.token, FIRST_LOOK
                self.waited = True
                self._voice.waiting(other.describe())
            await asyncio.sleep(min(pause, max(0.1, deadline - loop_time())))
            pause = min(LONGEST_LOOK, pause * 1.5)

    async def _create(self) -> bool:
        """Whether the lease is ours now."""
        await self._client.server_version()  # its answer tells the server's time
        begun = loop_time()
        body = {"name": self.name, "value": self._value(), "tags": ["flowlift"]}
        try:
            made = await self._client.post("/variables/", body)
        except AnswerError as error:
            if error.status != 409:
                raise
            return False
        except UnreachableError:
            # It may have been made all the same; if so, it carries our token.
            lease = await self._read()
            if lease is None or lease.token != self._token:
                return False
            self._variable = lease.variable
        else:
            self._variable = str(made["id"])
        self._valid_until = begun + self._lease
        return True

    async def _read(self) -> Lease | None:
        variable = await self._client.find(f"/variables/name/{self.name}")
        return None if variable is None else read_lease(variable)

    def _locked(self, other: Lease) -> LockedError:
        return LockedError(
            f"{self._client.endpoint.environment} is being written by {other.describe()}.",
            remedy="Wait for it to finish. If it is gone, its lease runs out at"
            f" {other.expires:%H:%M:%S} UTC, and the next run takes over.",
        )

    # Keeping -----------------------------------------------------------------------------

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._renew_every)
            begun = loop_time()
            try:
                path = f"/variables/{self._variable}"
                await self._client.patch(path, {"value": self._value()})
            except AnswerError as error:
                if error.status == 404:
                    self._lost = "somebody else has taken it over"
                    return
            except FlowliftError:
                continue  # `check` tells when the lease has run out
            else:
                self._valid_until = begun + self._lease

    def _value(self) -> str:
        now = self._client.server_time()
        self._since = self._since or now
        return json.dumps(
            {
                "holder": self._holder,
                "repository": self._repository,
                "token": self._token,
                "since": self._since.isoformat(),
                "expires": (now + timedelta(seconds=self._lease)).isoformat(),
            }
        )


def lock_name(repository: str) -> str:
    """The variable's name: lower case letters, digits and `_`, which is all that 3.4.0 takes."""
    return f"flowlift_lock_{hashlib.sha256(repository.encode()).hexdigest()[:12]}"


def read_lease(variable: Json) -> Lease:
    """The lease that a variable says; one that says none has run out, so that it can be taken."""
    past = datetime(2000, 1, 1, tzinfo=timezone.utc)
    try:
        value = variable["value"]
        said = json.loads(value) if isinstance(value, str) else dict(value)
        return Lease(
            variable=variable["id"],
            holder=str(said["holder"]),
            token=str(said["token"]),
            since=datetime.fromisoformat(said["since"]),
            expires=datetime.fromisoformat(said["expires"]),
        )
    except (KeyError, TypeError, ValueError):
        return Lease(variable["id"], "an unknown holder", "", past, past)


def user_at_host() -> str:
    """Who runs this, where no CI run says so."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user often has no name
        user = "somebody"
    return f"{user}@{socket.gethostname()}"
