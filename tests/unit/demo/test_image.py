"""The chapter of the image is left out where a part of it is missing, and says which."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlift.demo.image import REGISTRY, missing_part


def test_without_a_registry_it_says_how_to_have_one() -> None:
    assert "docker run -d -p 5000:5000 registry:3" in missing_part({})


def test_without_docker_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert missing_part({REGISTRY: "localhost:9"}) == "Docker is not installed"


def test_a_builder_that_does_not_work_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With a docker on PATH that fails."""
    (tmp_path / "docker").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "builder does not work" in missing_part({REGISTRY: "localhost:9"})


def test_a_registry_that_does_not_answer_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With a docker on PATH that succeeds."""
    (tmp_path / "docker").write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "localhost:9 does not answer" in missing_part({REGISTRY: "localhost:9"})
