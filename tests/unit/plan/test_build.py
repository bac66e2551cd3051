"""The builder: ownership, safety and order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flowlift.findings import Action
from flowlift.plan import stamps
from flowlift.plan.build import InScope, PlanInputs, build
from flowlift.plan.checks.report import Report
from flowlift.plan.diff import create
from flowlift.plan.model import Live, Plan, Policy, Reason
from tests.parts.plans import declared, desired, live_after, policy, provenance


def live(name: str, branch: str = "main", pull_request: int | None = None, **data: Any) -> Live:
    wish = policy("dev", branch)
    change = create(
        desired(declared(name, **data), wish), provenance(branch, pull_request), "0.1.0"
    )
    return live_after(change, identifier=f"id-{name}")


def plan(
    names: list[str],
    present: list[Live],
    wish: Policy | None = None,
    **changes: Any,
) -> Plan:
    wish = wish or policy()
    wanted = [InScope(desired(declared(name), wish), wish) for name in names]
    inputs: dict[str, Any] = {
        "policy": wish,
        "provenance": provenance(wish.branch),
        "tool_version": "0.1.0",
        "scope": "all",
        "wanted": wanted,
        "declared": frozenset(item.desired.key for item in wanted),
        "live": {item.key: item for item in present},
    }
    return build(PlanInputs(**{**inputs, **changes}), Report())


def actions(result: Plan) -> Mapping[str, str]:
    return {change.deployment: change.action.value for change in result.changes}


def checks(result: Plan) -> list[str]:
    return [finding.check for finding in result.findings]


def test_what_is_declared_no_longer_is_deleted() -> None:
    result = plan(["a", "b", "c"], [live("a"), live("b"), live("c"), live("d")])
    assert actions(result)["ingest/d"] == "delete"
    assert result.errors == ()


def test_what_others_own_or_nobody_owns_is_never_deleted() -> None:
    theirs = replace(live("theirs"), labels={stamps.REPOSITORY: "github.com/acme/other"})
    plain = replace(live("plain"), labels={})
    result = plan(["a"], [live("a"), theirs, plain])
    assert actions(result) == {"ingest/a": "none"}


def test_nothing_is_deleted_where_the_policy_does_not_prune() -> None:
    result = plan(["a", "b", "c"], [live(n) for n in "abcd"], policy(prune=False))
    assert result.count(Action.DELETE) == 0


def test_an_empty_manifest_deletes_nothing() -> None:
    result = plan([], [live("a")])
    assert checks(result) == ["empty-manifest"]
    assert plan([], [live("a")], allow_delete=1).errors == ()


def test_more_than_a_third_is_refused_without_a_number() -> None:
    present = [live(name) for name in "abcdef"]
    assert plan(list("abcd"), present).errors == ()
    refused = plan(list("abc"), present)
    assert checks(refused) == ["prune-guard"]
    assert "3 of 6" in refused.findings[0].message
    assert plan(list("abc"), present, allow_delete=3).errors == ()
    assert checks(plan(list("abc"), present, allow_delete=2)) == ["prune-guard"]


def test_a_branch_removes_only_what_it_knows_to_be_removed() -> None:
    wish = policy("dev", "feat/x")
    present = [live("a"), live("gone"), live("mine", "feat/x"), live("newer-on-main")]
    result = plan(
        ["a", "b", "c", "d"],
        present,
        wish,
        removed={"ingest/gone": Reason(kind="removed")},
        complete=False,
    )
    deleted = {name for name, action in actions(result).items() if action == "delete"}
    assert deleted == {"ingest/gone", "ingest/mine"}


def test_the_second_branch_on_a_deployment_is_told_whose_it_is() -> None:
    held = live("a", "feat/one", pull_request=7)
    result = plan(["a"], [held], policy("dev", "feat/two"), open_branches=frozenset({"feat/one"}))
    assert checks(result) == ["held-by-branch"]
    assert "'feat/one' (pull request #7)" in result.findings[0].message
    taken = plan(
        ["a"],
        [held],
        policy("dev", "feat/two"),
        open_branches=frozenset({"feat/one"}),
        take_over=True,
    )
    assert taken.errors == ()
    assert actions(taken) == {"ingest/a": "update"}


def test_a_branch_that_is_merged_or_gone_holds_nothing() -> None:
    result = plan(["a"], [live("a", "feat/one")], policy("dev", "feat/two"))
    assert result.errors == ()


def test_the_way_back_leaves_what_open_branches_hold() -> None:
    wish = policy("dev")
    present = [live("a", "feat/open"), live("b", "feat/gone"), live("new", "feat/gone")]
    result = plan(
        ["a", "b"],
        present,
        wish,
        open_branches=frozenset({"feat/open"}),
        yield_to_branches=True,
    )
    assert actions(result) == {
        "ingest/a": "none",
        "ingest/b": "update",
        "ingest/new": "delete",
    }
    deletion = next(c for c in result.changes if c.action is Action.DELETE)
    assert str(deletion.reasons[0]) == "branch gone: feat/gone"


def test_what_another_repository_owns_is_refused() -> None:
    theirs = live("a")
    theirs = replace(theirs, labels={**theirs.labels, stamps.REPOSITORY: "github.com/acme/other"})
    result = plan(["a"], [theirs])
    assert checks(result) == ["owned-elsewhere"]
    assert plan(["a"], [theirs], take_over=True).errors == ()


def test_a_renamed_deployment_says_so_on_both_sides() -> None:
    result = plan(
        ["new", "b", "c"],
        [live("old"), live("b"), live("c")],
        renamed={"ingest/new": "ingest/old"},
    )
    said = {c.deployment: [str(r) for r in c.reasons] for c in result.writes}
    assert said == {
        "ingest/new": ["renamed: was ingest/old"],
        "ingest/old": ["renamed: now ingest/new"],
    }


@given(st.permutations(list("abcdef")), st.permutations(list("abcxyz")))
def test_a_plan_does_not_depend_on_the_order(names: list[str], present: list[str]) -> None:
    ordered = plan(sorted(names), [live(name) for name in sorted(present)], allow_delete=9)
    shuffled = plan(names, [live(name) for name in present], allow_delete=9)
    assert shuffled == ordered


@given(
    st.sets(st.sampled_from("abcdef")),
    st.dictionaries(st.sampled_from("abcdefxyz"), st.sampled_from(["ours", "theirs", "nobody"])),
    st.sampled_from(["main", "feat/x"]),
)
def test_only_what_is_owned_is_ever_deleted(
    names: set[str], present: dict[str, str], branch: str
) -> None:
    found = []
    for name, owner in present.items():
        item = live(name)
        if owner == "theirs":
            item = replace(item, labels={stamps.REPOSITORY: "elsewhere"})
        elif owner == "nobody":
            item = replace(item, labels={})
        found.append(item)
    result = plan(sorted(names), found, policy("dev", branch), allow_delete=99)
    for change in result.changes:
        if change.action is Action.DELETE:
            assert present[change.deployment.partition("/")[2]] == "ours"
            assert change.deployment.partition("/")[2] not in names


def test_what_goes_back_to_the_default_branch_is_stamped_as_its() -> None:
    branch, default = policy("dev", "feat/a"), policy("dev")
    back = InScope(desired(declared("a", tags=["new"]), default), default)
    held = live("a", "feat/a", pull_request=7)
    result = plan(
        [],
        [held],
        branch,
        wanted=[back],
        declared=frozenset({"ingest/a"}),
        provenance=provenance("feat/a", 7),
    )
    (change,) = result.writes
    assert change.labels[stamps.BRANCH] == "main"
    assert stamps.PULL_REQUEST not in change.labels
