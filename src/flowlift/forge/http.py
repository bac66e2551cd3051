"""Requests to a forge's API: few, patient as the forge asks for, with errors that name the right.

Sources: GitHub's "Rate limits for the REST API" (`retry-after`, `x-ratelimit-remaining`,
`x-ratelimit-reset`), GitLab's "User and IP rate limits" (`RateLimit-Reset`, `Retry-After`).
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx

from flowlift import __version__
from flowlift.errors import ForgeError, ForgeRefusedError
from flowlift.network import is_this_machine, retry_after

PATIENCE = 90.0
"""Seconds that are waited for one request, all its attempts together."""

ATTEMPTS = 5
PAGE = 100
_TIMEOUT = httpx.Timeout(20.0, connect=10.0)
_ROOM = 300
_PASSING = frozenset({429, 500, 502, 503, 504})


class ForgeHttp:
    """A forge's API below `base`, with one login. `sleep` and `transport` stand for real ones."""

    def __init__(
        self,
        name: str,
        base: str,
        headers: Mapping[str, str],
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = name
        self.base = base.rstrip("/")
        self._sleep = sleep
        self._http = httpx.Client(
            headers={"User-Agent": f"flowlift/{__version__}", **headers},
            timeout=_TIMEOUT,
            transport=transport,
            # The forge of a test, or one on this machine, stands behind no proxy.
            trust_env=not is_this_machine(base),
        )

    def ask(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        right: str,
        accept: frozenset[int] = frozenset(),
    ) -> httpx.Response:
        """The answer to one request; `right` says what the token needs for it.

        What the forge puts off is asked again when it says, within `PATIENCE`. `accept` are codes
        that are answers, besides those of success.

        Raises:
            ForgeRefusedError: 401, 403 or 404.
            ForgeError: anything else, or the forge asks for more patience than there is.
        """
        what = f"{method} {path.partition('?')[0]}"
        url = path if path.startswith("http") else f"{self.base}{path}"
        waited = 0.0
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = self._http.request(method, url, json=json)
            except httpx.TransportError as error:
                trouble, pause = f"does not answer ({type(error).__name__})", _backoff(attempt)
            else:
                if answer.is_success or answer.status_code in accept:
                    self._check_json(what, answer)
                    return answer
                told = _told_wait(answer)
                if answer.status_code not in _PASSING and told is None:
                    raise self._refusal(what, answer, right)
                trouble = f"answers {answer.status_code} ({_message(answer)})"
                pause = told if told is not None else _backoff(attempt)
            if attempt == ATTEMPTS or waited + pause > PATIENCE:
                asked = f" and asks for {pause:.0f} s of patience" if pause > PATIENCE else ""
                raise ForgeError(
                    f"{self.name} {trouble} to {what}{asked}.",
                    remedy="Run the job again later: it does what is undone, and nothing twice.",
                )
            self._sleep(pause)
            waited += pause
        raise AssertionError("unreachable")

    def pages(self, path: str, *, right: str) -> Iterator[Any]:
        """Every item of a list that comes in pages: by the `Link` header, or GitLab's page."""
        joint = "&" if "?" in path else "?"
        following: str | None = f"{path}{joint}per_page={PAGE}"
        while following:
            answer = self.ask("GET", following, right=right)
            yield from answer.json()
            following = answer.links.get("next", {}).get("url")
            # A forge behind a proxy may name itself by another address; the token goes to no other.
            if following and httpx.URL(following).host != httpx.URL(self.base).host:
                following = f"{path}{joint}{httpx.URL(following).query.decode()}"

    def _check_json(self, what: str, answer: httpx.Response) -> None:
        """Refuse a page for people, such as the login of a proxy that stands before the forge."""
        if not answer.is_success or not answer.content:
            return
        try:
            answer.json()
        except ValueError:
            raise ForgeError(
                f"{self.name} answers {what} with something that is no JSON.",
                remedy=f"Is {self.base} the address of its API, and reached without a login page?",
            ) from None

    def _refusal(self, what: str, answer: httpx.Response, right: str) -> ForgeError:
        status = answer.status_code
        said = f"{self.name} answers {status} ({_message(answer)}) to {what}."
        if status == 401:
            return ForgeRefusedError(said, remedy=f"The token is wrong or expired. {right}")
        if status in {403, 404}:
            hidden = "It is not there, or the token may not see it. " if status == 404 else ""
            return ForgeRefusedError(said, remedy=f"{hidden}{right}")
        return ForgeError(said, remedy="Report it, if nothing above explains it.")


def basic_login(server: str, user: str, token: str) -> tuple[str, str] | None:
    """The address that git gets a token for, and the header with it; None without both."""
    if not server or not token:
        return None
    login = base64.b64encode(f"{user}:{token}".encode()).decode()
    return f"{server.rstrip('/')}/", f"AUTHORIZATION: basic {login}"


def _backoff(attempt: int) -> float:
    return float(2 ** (attempt - 1))


def _told_wait(answer: httpx.Response) -> float | None:
    """The seconds that the forge asks to wait for, None where it asks for none."""
    headers = answer.headers
    if answer.status_code not in {403, *_PASSING}:
        return None
    if (after := retry_after(headers)) is not None:
        return after
    remaining = headers.get("x-ratelimit-remaining") or headers.get("ratelimit-remaining")
    reset = headers.get("x-ratelimit-reset") or headers.get("ratelimit-reset") or ""
    if remaining == "0" and reset.isdecimal():
        return max(0.0, float(reset) - time.time()) + 1
    return None


def _message(answer: httpx.Response) -> str:
    """What the forge says, on one line that no terminal obeys."""
    try:
        said = answer.json()
    except ValueError:
        said = None
    text = said.get("message") or said.get("error") if isinstance(said, dict) else None
    text = str(text or answer.reason_phrase or "without a reason")
    return "".join(c if c.isprintable() else " " for c in text)[:_ROOM]
