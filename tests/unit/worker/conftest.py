"""What the unit tests of the worker share."""

from __future__ import annotations

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
