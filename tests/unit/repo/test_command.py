"""What is said of a git call that failed, never with a login."""

from __future__ import annotations

import pytest

from flowlift.repo.command import failure, hide_credentials


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "fatal: 'https://me:hunter2@host/x.git' not found",
            "fatal: 'https://***@host/x.git' not found",
        ),
        ("https://hunter2@host", "https://***@host"),
        ("https://me:hunt@er2@host/x", "https://***@host/x"),
        ("http://a:b@x and http://c:d@y", "http://***@x and http://***@y"),
        ("https://host/a@b", "https://host/a@b"),
        ("'https://host' 'me@there'", "'https://host' 'me@there'"),
        ("git@github.com:acme/x.git", "git@github.com:acme/x.git"),
        ("", ""),
    ],
)
def test_an_address_is_shown_without_its_login(text: str, shown: str) -> None:
    assert hide_credentials(text) == shown


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        (b"remote: HTTP 403", "check the token or key"),
        (b"fatal: Authentication failed for 'https://me:hunter2@host'", "check the token or key"),
        (b"fatal: Could not resolve host: gone", "check its address and the network"),
        (b"fatal: bad revision \xff", "Run the same git command by hand"),
        (b"", "Run the same git command by hand"),
    ],
)
def test_a_refused_call_has_gits_own_words_and_a_remedy(said: bytes, remedy: str) -> None:
    error = failure("fetch", said)
    assert error.message.startswith("git fetch failed: ")
    assert remedy in error.remedy
    assert "hunter2" not in str(error)
