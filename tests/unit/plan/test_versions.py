"""What a workspace's Prefect can do, by its version."""

from __future__ import annotations

import pytest

from flowlift.plan.versions import CLONE_DIRECTORY, GRACE_PERIOD, is_there


@pytest.mark.parametrize(
    ("server", "there"),
    [
        ("3.6.8", False),
        ("3.6.9rc1", False),
        ("3.6.9", True),
        ("3.6.9+7.gabc", True),
        ("3.6.10", True),
        ("3.10.0", True),
        ("4", True),
        ("2.20.1", False),
    ],
)
def test_versions_are_compared_as_numbers(server: str, there: bool) -> None:
    assert is_there(server, CLONE_DIRECTORY) is there


@pytest.mark.parametrize("server", ["", "cloud", "3.6.x", "größe", "3.6.8; rm"])
def test_a_server_of_unknown_version_is_taken_as_new(server: str) -> None:
    assert is_there(server, CLONE_DIRECTORY)


def test_each_ability_has_its_own_version() -> None:
    assert is_there("3.6.6", GRACE_PERIOD)
    assert not is_there("3.6.6", CLONE_DIRECTORY)
