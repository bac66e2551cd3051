from __future__ import annotations

from typing import Any

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from flowlift.scaffold.ci.document import Folded, Noted, write

texts = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=30).filter(
    lambda text: text != "on"
)
values = st.recursive(
    texts | st.booleans() | st.integers(-999, 999),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(texts.filter(bool), inner, max_size=3)
    ),
    max_leaves=8,
)


def _without_lists_in_lists(value: Any, inside: bool = False) -> bool:
    """Whether no list stands directly in a list, and no mapping without keys in one."""
    if isinstance(value, list):
        return not inside and all(_without_lists_in_lists(item, True) for item in value)
    if isinstance(value, dict):
        return not (inside and not value) and all(map(_without_lists_in_lists, value.values()))
    return True


@example({"a": [{"\xa0": ""}]})
@given(st.dictionaries(texts.filter(bool), values.filter(_without_lists_in_lists), max_size=4))
def test_what_is_written_reads_the_same(document: dict[str, Any]) -> None:
    assert yaml.safe_load(write(document) or "{}") == (document or None)


def test_comments_stand_where_they_explain() -> None:
    text = write(
        {
            "permissions": {"contents": Noted("read", "the clone")},
            "if": Folded(("a ||", "b")),
            "delete": None,
        },
        ("Written by a tool.",),
    )
    assert text == (
        "# Written by a tool.\npermissions:\n  contents: read # the clone\n\n"
        "if: >-\n  a ||\n  b\n\ndelete:\n"
    )
