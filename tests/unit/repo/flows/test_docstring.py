"""The parameters' descriptions; tests/real compares them with those that Prefect finds."""

from __future__ import annotations

import pytest

from flowlift.repo.flows.docstring import descriptions


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        (None, {}),
        ("", {}),
        ("Title.", {}),
        (
            "Title.\n\nArgs:\n    x: one\n    y (int): two\n        lines",
            {"x": "one", "y": "two\nlines"},
        ),
        ("Parameters:\n  x: one\n\n  y: two\n\nReturns:\n  z: no", {"x": "one", "y": "two"}),
        ("Title.\nArgs:\n    x: no blank line above", {}),
        ("Args:\n    x: one\n\nArgs:\n    y: two", {"y": "two"}),
        ("```\n\nArgs:\n    x: fenced\n```", {}),
        ("Parameters\n----------\nx : int\n    numpy", {}),
        (":param x: sphinx", {}),
    ],
)
def test_the_args_section_describes_the_parameters(docstring, expected):
    assert descriptions(docstring) == expected
