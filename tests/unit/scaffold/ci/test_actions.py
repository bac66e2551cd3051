from __future__ import annotations

import re

import pytest

from flowlift.scaffold.ci import actions
from flowlift.scaffold.ci.actions import PinnedAction


@pytest.mark.parametrize("action", actions.ALL, ids=lambda action: action.name)
def test_an_action_is_used_by_the_commit_of_a_release(action: PinnedAction) -> None:
    assert re.fullmatch(r"[a-z-]+/[a-z-]+@[0-9a-f]{40}", action.pinned)
    assert re.fullmatch(r"v\d+\.\d+\.\d+", action.version)


def test_the_test_of_the_written_workflows_knows_all_actions() -> None:
    known = {value for value in vars(actions).values() if isinstance(value, PinnedAction)}
    assert known == set(actions.ALL)


def test_what_gets_all_rights_and_what_installs_are_of_one_version() -> None:
    assert re.fullmatch(r"docker\.io/\S+:qemu-v\d+\.\d+\.\d+", actions.BINFMT)
    assert re.fullmatch(r"\d+\.\d+\.\d+", actions.UV)
