from __future__ import annotations

import pytest

from tests.parts.commands import Here


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Here:
    """Surroundings without any repository or workspace."""
    return Here(monkeypatch)
