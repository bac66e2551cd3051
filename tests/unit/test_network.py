"""Which address is this machine, and how long a server asks to wait: one answer for every part."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import httpx
import pytest
from requests.structures import CaseInsensitiveDict

from flowlift.network import is_this_machine, retry_after


# There were six rules: of a registry, of the container that imports flows, of a chart's repository,
# of a release's mirror, of a Prefect API, and of a forge. Behind an address stands who erred.
@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("localhost:5000", True),
        ("http://localhost", True),
        ("127.0.0.1:5000", True),
        ("http://user:secret@127.0.0.1:4200/api", True),
        ("127.8.0.1:5000", True),  # all but the registry and the API: loopback is all of 127/8
        ("http://[::1]:4200/api", True),  # the container: it took "[" for the host
        ("[::1]:5000", True),
        ("http://[0:0:0:0:0:0:0:1]/", True),  # all but the API: written out it is the same
        ("http://[::ffff:127.0.0.1]/", True),  # all of them: IPv4, as IPv6 writes it
        ("http://prefect.localhost/api", True),  # all but the API: RFC 6761
        ("registry.localhost:5000", True),
        ("http://LOCALHOST/", True),  # the container: names have no case
        ("http://localhost./", True),  # all of them: with the root's dot it is the same name
        ("127.example.com", False),  # the registry: a stranger's name, who got a login by http
        ("127.0.0.1.example.com:443", False),  # the registry, again
        ("http://localhost@example.com/", False),
        ("localhost.example.com", False),
        ("https://prefect.example.com/api", False),
        ("https://10.0.0.7/api", False),
        ("docker.io", False),
        ("http://[::1", False),
        ("", False),
    ],
)
def test_this_machine_is_told_from_others(address: str, here: bool) -> None:
    assert is_this_machine(address) is here


NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
SOON = format_datetime(NOON + timedelta(seconds=9))


# There were three parsers: of a Prefect API, of a forge and of a registry. Who erred is told.
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": " 7 "}, 7.0),
        # The registry: a date was nothing. The forge: by our clock, so that years were waited for
        # or none, where it and the server's differ.
        ({"retry-after": SOON, "date": format_datetime(NOON)}, 9.0),
        ({"retry-after": SOON.replace("+0000", "-0000"), "date": format_datetime(NOON)}, 9.0),
        ({"retry-after": SOON, "date": format_datetime(NOON + timedelta(minutes=1))}, 0.0),
        ({"retry-after": SOON, "date": ""}, 0.0),  # without the server's clock by ours
        ({"retry-after": "\xb2"}, None),  # the API: a digit for Python, but no number
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait_is_a_number_or_a_date(
    headers: dict[str, str], seconds: float | None
) -> None:
    sent = {name.title(): said for name, said in headers.items()}
    assert (
        retry_after(httpx.Headers([(n.encode(), v.encode("latin-1")) for n, v in sent.items()]))
        == seconds
    )
    assert retry_after(CaseInsensitiveDict(sent)) == seconds
