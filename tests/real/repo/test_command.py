from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from flowlift.repo.command import environment, has_login, logged_in, run

pytestmark = pytest.mark.real

LOGIN = ("https://github.com/", "AUTHORIZATION: basic abc")
KEY = "http.https://github.com/.extraheader"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    return tmp_path


def header(clone: Path, address: str) -> str:
    asked = ("config", "--get-urlmatch", "http.extraheader", address)
    return run(clone, *asked, ok=(0, 1)).stdout.decode().strip()


def test_git_has_a_login_for_its_server_alone_and_only_for_a_while(clone: Path) -> None:
    with logged_in(LOGIN):
        assert header(clone, "https://github.com/acme/a.git") == LOGIN[1]
        assert header(clone, "https://evil.example.com/acme/a.git") == ""
        with logged_in(None):
            assert header(clone, "https://github.com/acme/a.git") == LOGIN[1]
    assert header(clone, "https://github.com/acme/a.git") == ""
    assert "GIT_CONFIG_COUNT" not in environment()


def test_what_the_environment_configures_stays(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.name")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "Asha")
    with logged_in(LOGIN):
        assert run(clone, "config", "user.name").stdout == b"Asha\n"
        assert header(clone, "https://github.com/a") == LOGIN[1]


def test_a_login_that_a_checkout_left_is_seen(clone: Path) -> None:
    assert not has_login(clone)
    run(clone, "config", KEY, "AUTHORIZATION: basic other")
    assert has_login(clone)
