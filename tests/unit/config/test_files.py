"""flowlift's table in either file, as another commit had it."""

from __future__ import annotations

import pytest

from flowlift.config.files import OWN, SHARED, own_table


@pytest.mark.parametrize(
    ("content", "own", "shared"),
    [
        (b"sources = ['a']", {"sources": ["a"]}, {}),
        (b"tool.flowlift.pin = 1", {"tool": {"flowlift": {"pin": 1}}}, {"pin": 1}),
        (b"tool = 1", {"tool": 1}, {}),
        (None, {}, {}),
        (b"a = ", None, None),
        (b"a = '\xff'", None, None),
    ],
)
def test_the_table_stands_at_the_top_of_the_one_and_deep_in_the_other(
    content: bytes | None, own: object, shared: object
) -> None:
    assert own_table(content, OWN) == own
    assert own_table(content, SHARED) == shared
