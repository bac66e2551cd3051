"""Every forge answers what is asked of one, by the same names and in the same order."""

from __future__ import annotations

import inspect

import pytest

from flowlift.forge.gitea import Gitea
from flowlift.forge.github import GitHub
from flowlift.forge.gitlab import GitLab
from flowlift.forge.model import Forge
from flowlift.forge.none import NoForge

ASKED = [name for name, member in vars(Forge).items() if inspect.isfunction(member)]


@pytest.mark.parametrize("kind", [GitHub, Gitea, GitLab, NoForge])
def test_a_forge_takes_and_gives_what_is_asked_of_one(kind: type[Forge]) -> None:
    public = [name for name in ASKED if not name.startswith("_")]
    assert "release" in public
    for name in public:
        wanted, own = (inspect.signature(getattr(one, name)) for one in (Forge, kind))
        assert list(own.parameters) == list(wanted.parameters), name
        assert own.return_annotation == wanted.return_annotation, name
    assert isinstance(kind.name, str)
    assert isinstance(kind.writes_notes, bool)
