"""What a workspace's Prefect can do, by its version."""

from __future__ import annotations

from packaging.version import InvalidVersion, Version

CLONE_DIRECTORY = Version("3.6.9")
"""`git_clone` takes `clone_directory_name` (PrefectHQ/prefect#20004)."""

GRACE_PERIOD = Version("3.6.6")
"""A deployment's concurrency has `grace_period_seconds` (PrefectHQ/prefect#19489)."""


def is_there(server_version: str, since: Version) -> bool:
    """Whether a server has what came with `since`; one of unknown version is taken as new."""
    try:
        return Version(server_version) >= since
    except InvalidVersion:
        return True
