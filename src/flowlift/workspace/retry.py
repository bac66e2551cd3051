"""What goes wrong between here and a Prefect API, and whether to try again.

Every kind of trouble is told with what to do about it; a broken trust in particular, as a private
certificate authority is the usual case in a company.
"""

from __future__ import annotations

import random
import socket
import ssl
from dataclasses import dataclass, field

import httpx

from flowlift.errors import EndpointError, UnreachableError
from flowlift.network import retry_after
from flowlift.workspace.clock import loop_time
from flowlift.workspace.endpoint import Endpoint

PASSING = frozenset({429, 502, 503, 504})
"""Answers of a server that has no time now, or of what stands before a server that is away."""

GREETING_PATIENCE = 2.0
"""Seconds to try to reach a server that has never answered."""

PATIENCE = 60.0
"""Seconds to try again with a server that has answered before."""

PUT_OFF_PATIENCE = 300.0
"""Seconds to wait in all for a server that says when to come back."""

FAILURES = 3
"""How often a request may fail inside the server (500) before that is told."""

FIRST_PAUSE, LONGEST_PAUSE, LONGEST_GREETING_PAUSE = 0.1, 5.0, 0.5


@dataclass(frozen=True, slots=True)
class RequestTrouble:
    """Why a request brought no answer to work with.

    `carried_out` says that the server may have done what was asked all the same; `lasting` that
    trying again is of no use; `wait` is how many seconds the server asked to wait.
    """

    what: str
    remedy: str = ""
    carried_out: bool = True
    lasting: bool = False
    wait: float | None = None


@dataclass(slots=True)
class Attempts:
    """The attempts at one request: how long to pause before the next, or the end of patience."""

    endpoint: Endpoint
    request: str
    repeatable: bool
    begun: float = field(default_factory=loop_time)
    count: int = 0
    failures: int = 0
    put_off: float = 0.0

    def pause(self, trouble: RequestTrouble, *, known: bool) -> float:
        """Seconds to pause before trying again; `known` says that the server has answered before.

        Raises:
            UnreachableError: trying again is of no use, or not safe, or was tried long enough.
        """
        self.count += 1
        if trouble.lasting or (trouble.carried_out and not self.repeatable):
            raise self._given_up(trouble)
        if trouble.wait is not None:
            self.put_off += trouble.wait
            if self.put_off > PUT_OFF_PATIENCE:
                raise self._given_up(trouble)
            self.begun += trouble.wait
            return trouble.wait + random.uniform(0, FIRST_PAUSE)  # noqa: S311 - only spreads
        spent = loop_time() - self.begun
        if spent > (PATIENCE if known else GREETING_PATIENCE):
            raise self._given_up(trouble, spent)
        most = LONGEST_PAUSE if known else LONGEST_GREETING_PAUSE
        longest = min(most, FIRST_PAUSE * 2 ** min(self.count - 1, 10))
        return random.uniform(longest / 2, longest)  # noqa: S311 - only spreads

    def may_fail_again(self) -> bool:
        """Whether a request that failed inside the server is tried again."""
        self.failures += 1
        return self.repeatable and self.failures < FAILURES

    def _given_up(self, trouble: RequestTrouble, spent: float = 0.0) -> UnreachableError:
        tried = f" Tried {self.count} times in {spent:.0f} s." if self.count > 1 else ""
        return UnreachableError(
            f"The Prefect API of {self.endpoint.environment} at {self.endpoint.url}"
            f" {trouble.what} ({self.request}).{tried}",
            remedy=trouble.remedy,
        )


# Certificates ----------------------------------------------------------------------------


def trust(endpoint: Endpoint) -> ssl.SSLContext:
    """Whom to trust: the public authorities, and the private one of `ca_file`.

    Raises:
        EndpointError: `ca_file` holds no certificates.
    """
    if not endpoint.url.startswith("https:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody, and costs nothing to make
    context = httpx.create_ssl_context(trust_env=False)
    if endpoint.ca_file:
        try:
            context.load_verify_locations(cafile=endpoint.ca_file)
        except (ssl.SSLError, OSError) as error:
            raise EndpointError(
                f"{endpoint.ca_file} holds no certificates to trust: {error}",
                remedy="SSL_CERT_FILE (or PREFECT_API_SSL_CERT_FILE) names a PEM file.",
            ) from None
    return context


# What went wrong -------------------------------------------------------------------------


def of_transport(error: httpx.TransportError, endpoint: Endpoint) -> RequestTrouble:
    """What a failed exchange means."""
    causes = list(_causes(error))
    if refused := next((c for c in causes if isinstance(c, ssl.SSLCertVerificationError)), None):
        return _distrust(refused, endpoint)
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return RequestTrouble(
            f"does not speak TLS as expected: {_reason(causes)}",
            "Is it http where the address says https, or the other way round?",
            lasting=True,
        )
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        host = httpx.URL(endpoint.url).host
        return RequestTrouble(
            f"cannot be found: no address is known for {host!r}",
            f"Correct {endpoint.source or 'the address'}, or the network's name server.",
            carried_out=False,
        )
    if isinstance(error, httpx.ProxyError):
        return RequestTrouble(
            f"cannot be reached through the proxy: {error}",
            "Correct HTTPS_PROXY, or list the host in NO_PROXY.",
            carried_out=False,
        )
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)):
        return RequestTrouble(
            f"does not answer: {_reason(causes)}",
            f"Is it running, and is {endpoint.source or 'the address'} right?",
            carried_out=False,
        )
    if isinstance(error, httpx.TimeoutException):
        return RequestTrouble("did not answer in time", "Its own log says what it is busy with.")
    return RequestTrouble(f"broke off the connection: {_reason(causes)}", "Its own log says why.")


def of_answer(answer: httpx.Response) -> RequestTrouble:
    """What an answer with a passing status means."""
    status = answer.status_code
    if status == 429:
        return RequestTrouble(
            "gets more requests than it allows (429)",
            "Run again later, or ask for a higher limit.",
            carried_out=False,
            wait=retry_after(answer.headers),
        )
    return RequestTrouble(
        f"is not available ({status})",
        "Its own log, or that of the proxy before it, says why.",
        wait=retry_after(answer.headers),
    )


def _distrust(error: ssl.SSLCertVerificationError, endpoint: Endpoint) -> RequestTrouble:
    why = error.verify_message or str(error)
    if "hostname" in why.lower() or "ip address" in why.lower():
        remedy = f"Correct {endpoint.source or 'the address'}: the certificate is for another name."
    elif "expired" in why.lower():
        remedy = "The server needs a new certificate (or this machine's clock is wrong)."
    elif endpoint.ca_file:
        remedy = f"Its authority is not in {endpoint.ca_file}: add the certificate there."
    else:
        remedy = "If your company has its own authority, set SSL_CERT_FILE to its certificate."
    return RequestTrouble(f"cannot be trusted: {why}", remedy, carried_out=False, lasting=True)


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def _reason(causes: list[BaseException]) -> str:
    """The innermost words; httpx's own are often empty."""
    return next((str(cause) for cause in reversed(causes) if str(cause)), "no reason is given")
