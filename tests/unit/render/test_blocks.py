"""Which changes and which findings are told together."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flowlift.findings import Action, Finding, Level
from flowlift.plan.model import Change, Kept, Reason
from flowlift.render.blocks import blocks_of, remarks_of
from tests.parts.example_plans import field, large

ORDER = (Action.CREATE, Action.UPDATE, Action.DELETE, Action.NONE)
PAUSED = Kept(field="paused", live=True, desired=False, note="paused by hand")


def change(name: str, action: Action = Action.UPDATE, **more: Any) -> Change:
    return Change(action=action, deployment=f"a/{name}", **more)


def told(*changes: Change, order: tuple[Action, ...] = ORDER) -> list[str]:
    """The names of the deployments that stand together, block by block."""
    return [
        "".join(one.deployment.removeprefix("a/") for one in block.changes)
        for block in blocks_of(changes, order)
    ]


def test_changes_that_are_alike_stand_together_at_the_place_of_the_first() -> None:
    rows, tags = (field("parameters.rows", 1, 2),), (field("tags", ["a"], ["b"]),)
    assert told(
        change("a", fields=rows),
        change("b", fields=tags),
        change("c", fields=rows, file="other.yaml", line=7),
    ) == ["ac", "b"]


def test_what_is_told_otherwise_is_not_alike() -> None:
    because = [Reason(kind="source", detail="x.py"), Reason(kind="source", detail="y.py")]
    assert told(
        change("a"),
        change("b", reasons=(because[0],)),
        change("c", reasons=(because[1],)),
        change("d", reasons=tuple(because)),
        change("e", fields=(field("tags", [], ["a"]),)),
        change("f", fields=(field("tags", [], ["a"]), field("version", None, "1"))),
        change("g", kept=(PAUSED,)),
        change("h", Action.CREATE),
    ) == ["h", "a", "b", "c", "d", "e", "f", "g"]


def test_a_reason_twice_is_one_reason() -> None:
    twice = (Reason(kind="manifest"), Reason(kind="manifest"))
    assert told(change("a", reasons=twice), change("b", reasons=twice[:1])) == ["ab"]


def test_what_is_not_shown_parts_nothing() -> None:
    plain = change("a", Action.CREATE)
    usual = change("b", Action.CREATE, fields=(field("paused", None, False),))
    assert told(plain, usual) == ["ab"]


def test_actions_stand_in_the_order_that_is_asked_for() -> None:
    changes = [change(action.value[0], action) for action in ORDER if action is not Action.NONE]
    assert told(*changes) == ["c", "u", "d"]
    assert told(*changes, order=ORDER[::-1]) == ["d", "u", "c"]


def test_a_deployment_that_nothing_is_done_to_is_told_only_where_something_is_kept() -> None:
    assert told(change("a", Action.NONE)) == []
    (block,) = blocks_of([change("a", Action.NONE, kept=(PAUSED,))], ORDER)
    assert block.kept == ("stays paused: paused by hand",)
    assert told() == []


@given(st.permutations(large(12).changes))
def test_each_change_is_told_once(changes: list[Change]) -> None:
    names = [one.deployment for block in blocks_of(changes, ORDER) for one in block.changes]
    assert sorted(names) == sorted(one.deployment for one in changes)


def finding(
    message: str, line: int, *, check: str = "tags", level: Level = Level.ERROR, **more: Any
) -> Finding:
    return Finding(check, level, message, line=line, **more)


def test_findings_that_say_the_same_are_gathered_at_the_first() -> None:
    first, other, again = finding("x", 1), finding("y", 2), finding("x", 3, file="b.yaml")
    remarks = remarks_of([first, other, again])
    assert [(remark.first, remark.others) for remark in remarks] == [(first, (again,)), (other, ())]
    assert remarks_of([]) == []


def test_another_check_level_or_remedy_is_another_remark() -> None:
    plain = finding("x", 1)
    assert len(remarks_of([plain, finding("x", 2, remedy="mend it")])) == 2
    assert len(remarks_of([plain, finding("x", 2, check="sla")])) == 2
    assert len(remarks_of([plain, finding("x", 2, level=Level.WARNING)])) == 2
