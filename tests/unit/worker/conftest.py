"""What the unit tests of the worker share."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlift.worker.cluster import program
from tests.parts.stand_in_kubernetes import StandInKubernetes


@pytest.fixture
def kubernetes(monkeypatch: pytest.MonkeyPatch) -> StandInKubernetes:
    """kubectl, helm and the cluster, in memory: no program is started."""
    made = StandInKubernetes()
    monkeypatch.setattr(program, "run", made.run)
    monkeypatch.setattr(program, "start", made.start)
    return made


@pytest.fixture
def no_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is asked over TLS, and reading all authorities anew for each request takes long."""
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
