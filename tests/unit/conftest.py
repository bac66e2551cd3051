"""What several folders of quick tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlift.deployments import declared
from flowlift.workspace import client
from tests.parts.small_platform import SmallPlatform


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallPlatform:
    """A small platform in memory."""
    monkeypatch.setattr(declared, "default_cache", lambda: None)  # not the developer's own
    # The fakes are near, so they get one write at a time, however busy this machine is.
    monkeypatch.setattr(client, "NEAR", 60.0)
    return SmallPlatform.begun(tmp_path / "platform")


@pytest.fixture
def no_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is asked over TLS, and reading all authorities anew for each request takes long."""
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
