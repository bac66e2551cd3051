"""What the demo needs is looked for before anything is started."""

import importlib.util
import sys
from pathlib import Path

import pytest

from flowlift.demo.story import tell
from flowlift.errors import InputError


def test_without_prefect_the_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'flowlift\[demo\]'"):
        tell(keep=False)


def test_without_git_that_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="needs git"):
        tell(keep=False)


def test_where_it_cannot_run_it_says_where_it_can(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(InputError, match="WSL"):
        tell(keep=False)
