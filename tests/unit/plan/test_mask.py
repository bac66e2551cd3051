"""What a plan never shows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlift.plan.mask import HIDDEN, dotted, mask
from tests.parts.texts import ANY

TOKEN = "ghp_" + "a" * 36


def test_what_stands_at_a_secret_path_is_hidden_with_all_below_it() -> None:
    value = {"A": "x", "B": ["y", {"C": 1}], "D": None}
    assert mask(value, "job_variables.env", {"job_variables.env.B"}) == {
        "A": "x",
        "B": [HIDDEN, {"C": HIDDEN}],
        "D": None,
    }
    assert mask("x", "env", {"env"}) == HIDDEN
    assert mask(5, "env.port", {"env"}) == HIDDEN


def test_a_path_that_only_begins_like_a_secret_one_is_shown() -> None:
    assert mask({"environment": "x"}, "job", {"job.env"}) == {"environment": "x"}
    assert mask(["x"] * 11, "a", {"a[1]"}) == ["x", HIDDEN, *["x"] * 9]


@pytest.mark.parametrize(
    "key",
    ["password", "API_TOKEN", "db-password", "aws.secret", "key", "AUTH", "token2", "credentials"],
)
def test_a_text_under_the_name_of_a_secret_is_hidden(key: str) -> None:
    assert mask({"deep": {key: "größe"}}, "parameters", ()) == {"deep": {key: HIDDEN}}
    assert mask("x", f"job_variables.env.{key}", ()) == HIDDEN
    assert mask({key: ["x", ["y", 5]]}, "parameters", ()) == {key: [HIDDEN, [HIDDEN, 5]]}


@pytest.mark.parametrize("key", ["TOKEN_URL", "key_name", "monkey", "tokens", "password_file"])
def test_a_name_that_only_says_where_a_secret_is_hides_nothing(key: str) -> None:
    assert mask({key: "x"}, "parameters", ()) == {key: "x"}


@pytest.mark.parametrize(
    "text",
    [
        TOKEN,
        f"git+https://{TOKEN}@host",
        "postgresql://me:hunter2@db.acme.example/x",
        "-----BEGIN RSA PRIVATE KEY-----\nMII",
        "AKIA" + "A" * 16,
    ],
)
def test_a_text_shaped_like_a_secret_is_hidden_under_any_name(text: str) -> None:
    assert mask({"harmless": [text]}, "parameters", ()) == {"harmless": [HIDDEN]}


@pytest.mark.parametrize(
    "value", ["{{ prefect.blocks.secret.pw }}", "{{ $DB_PASSWORD }}", "", None, 5, True]
)
def test_a_reference_and_what_is_no_text_stay_readable(value: Any) -> None:
    assert mask({"password": value}, "env", ()) == {"password": value}


def test_a_reference_at_a_secret_path_is_hidden_all_the_same() -> None:
    assert mask("{{ x }}", "a", {"a"}) == HIDDEN


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(ANY, max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("ab.[", max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(JSON)
def test_hiding_twice_hides_no_more_and_keeps_the_shape(value: Any) -> None:
    once = mask(value, "parameters", {"parameters.a"})
    assert mask(once, "parameters", {"parameters.a"}) == once

    def shape(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: shape(inner) for key, inner in part.items()}
        return [shape(inner) for inner in part] if isinstance(part, list) else 0

    assert shape(once) == shape(value)


@given(JSON)
def test_nothing_of_a_secret_is_ever_left(value: Any) -> None:
    def leaves(part: Any) -> list[Any]:
        if isinstance(part, dict):
            return [leaf for inner in part.values() for leaf in leaves(inner)]
        if isinstance(part, list):
            return [leaf for inner in part for leaf in leaves(inner)]
        return [part]

    assert set(leaves(mask(value, "a.b", {"a"}))) <= {HIDDEN}


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ((), ""),
        (("tags",), "tags"),
        (("pull_steps", 0, "branch"), "pull_steps[0].branch"),
        (("a", 0, 1, "größe"), "a[0][1].größe"),
        ((0, "a"), "[0].a"),
    ],
)
def test_a_path_is_shown_as_one_reads_it(path: tuple[str | int, ...], shown: str) -> None:
    assert dotted(path) == shown
