"""Which commit a deployment's runs check out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flowlift.findings import Action
from flowlift.plan import stamps
from flowlift.plan.desired import Resolution, resolve
from flowlift.plan.diff import compare, create
from flowlift.plan.model import Live
from flowlift.plan.pins import keep_pin, moves
from flowlift.plan.templates import TemplateValues
from tests.parts.plans import CLONE, declared, flow, live_after, policy, provenance

OLD, NEW = "a" * 40, "b" * 40
CLOSURE = policy(pin="closure", commit=NEW)


def resolution(source: str = "s2", **changes: Any) -> Resolution:
    wanted = replace(CLOSURE, **changes)
    return resolve(declared(pull=[CLONE]), flow(), TemplateValues(), wanted, source)


def applied(code: str = OLD, source: str = "s1") -> Live:
    """What a plan for `code` has written, as it is live then."""
    then = policy(pin="closure" if code == OLD else "branch", commit=code)
    made = resolve(declared(pull=[CLONE]), flow(), TemplateValues(), then, source).desired
    change = create(made, provenance(), "0.1.0")
    return live_after(change)


def commit(one: Resolution) -> str:
    step = one.desired.body["pull_steps"][0]["prefect.deployments.steps.git_clone"]
    return str(step.get("commit_sha") or step.get("branch"))


def test_the_same_code_keeps_its_commit() -> None:
    found = keep_pin(resolution("s1"), applied(), CLOSURE, ())
    assert (commit(found), found.desired.code) == (OLD, OLD)
    assert moves(found, applied()) is None
    change = compare(found.desired, applied(), CLOSURE, provenance(), "0.1.0")
    assert change.action is Action.NONE


def test_other_code_moves_it_and_the_source_is_the_reason() -> None:
    found = keep_pin(resolution("s2"), applied(), CLOSURE, ())
    assert (commit(found), found.desired.code) == (NEW, NEW)
    assert moves(found, applied()) == OLD
    change = compare(found.desired, applied(), CLOSURE, provenance(), "0.1.0")
    assert [str(reason) for reason in change.reasons] == ["source"]
    assert change.labels[stamps.CODE] == NEW
    assert change.labels[stamps.SOURCE] == "s2"


@pytest.mark.parametrize(
    ("source", "lost"), [("", ()), ("s1", (OLD,))], ids=["code not told", "commit gone"]
)
def test_what_cannot_be_told_or_cloned_gets_the_commit_that_is_applied(
    source: str, lost: tuple[str, ...]
) -> None:
    assert commit(keep_pin(resolution(source), applied(), CLOSURE, lost)) == NEW


def test_a_deployment_that_has_no_pin_gets_the_commit_that_is_applied() -> None:
    assert commit(keep_pin(resolution("s1"), None, CLOSURE, ())) == NEW
    followed = applied(code="branch main", source="s1")
    assert commit(keep_pin(resolution("s1"), followed, CLOSURE, ())) == NEW


def test_with_commit_all_get_the_one_that_is_applied() -> None:
    wanted = replace(CLOSURE, pin="commit")
    assert commit(keep_pin(resolution("s1", pin="commit"), applied(), wanted, ())) == NEW


def test_back_to_the_branch_is_the_policys_doing() -> None:
    wanted = replace(CLOSURE, pin="branch")
    found = keep_pin(resolution("", pin="branch"), applied(), wanted, ())
    change = compare(found.desired, applied(), wanted, provenance(), "0.1.0")
    assert [str(reason) for reason in change.reasons] == ["policy"]
    assert change.labels[stamps.CODE] == "branch main"


@pytest.mark.parametrize("code", ["", "branch main", "v1", "abc123", "A" * 40, "g" * 40])
def test_only_a_whole_commit_is_a_pin(code: str) -> None:
    one = applied()
    assert stamps.pin(replace(one, labels={**one.labels, stamps.CODE: code})) is None
