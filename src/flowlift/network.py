"""What everybody asks who speaks to a server: whether it is on this machine, and how long to wait.

No HTTP library is needed for it, so that each part may speak by its own.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import datetime, timezone
from urllib.parse import urlsplit


def is_this_machine(address: str) -> bool:
    """Whether a URL, or a `host:port`, is one of this machine, so that nobody listens on the way
    there, and no proxy stands on it.

    Told by the name alone: `localhost` and what is below it (RFC 6761), and loopback addresses.
    """
    try:
        host = urlsplit(address if "//" in address else f"//{address}").hostname or ""
    except ValueError:
        return False  # half an IPv6 address
    host = host.rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        known = ipaddress.ip_address(host)
    except ValueError:
        return False
    return (getattr(known, "ipv4_mapped", None) or known).is_loopback


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that a server asks to wait, given as a number or as a date (RFC 9110, 10.2.3);
    None where it does not, or nobody can read it. `headers` are found in capitals or without.

    A date is read by the server's own clock where it tells it, as ours may differ.
    """
    from email.utils import parsedate_to_datetime

    def moment(name: str) -> datetime | None:
        try:
            read = parsedate_to_datetime(headers.get(name, ""))
        except (TypeError, ValueError):
            return None
        return read.replace(tzinfo=read.tzinfo or timezone.utc)

    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return float(said)
    then = moment("retry-after")
    if then is None:
        return None
    return max(0.0, (then - (moment("date") or datetime.now(timezone.utc))).total_seconds())
