"""`[tool.flowlift.ci]`: names of variables and labels that a forge reads as they stand."""

from __future__ import annotations

from typing import Any

import pytest

from flowlift.config.ci import Ci
from flowlift.config.section import WrongValueError


def test_what_is_not_said_fits_the_usual_forge():
    ci = Ci()
    assert (ci.runner, ci.python, ci.preview, ci.timeout) == ("ubuntu-latest", "3.12", True, 60)


@pytest.mark.parametrize("key", ["variables", "secrets"])
@pytest.mark.parametrize(
    "name", ["", "1A", "A-B", "GRÖSSE", "A B", "GITHUB_X", "gitea_x", "CI_X", "Runner_X", "A\n"]
)
def test_a_name_that_no_forge_takes_is_refused_at_its_key(key: str, name: str):
    said: dict[str, Any] = {key: ("FINE", name)}
    with pytest.raises(WrongValueError, match="no variable of yours can be called") as refused:
        Ci(**said)
    assert refused.value.path == (key,)


def test_names_that_only_resemble_the_forges_own_are_taken_once_and_in_order():
    ci = Ci(variables=("_b", "GITHUB", "CIX", "_b"), secrets=("Z", "A", "Z"))
    assert ci.variables == ("_b", "GITHUB", "CIX")
    assert ci.secrets == ("Z", "A")


@pytest.mark.parametrize("key", ["runner", "python", "requirement"])
@pytest.mark.parametrize("text", ["", " ", "a\nb", "a\x1b[2J", "${{ secrets.KEY }}", "$[[ a ]]"])
def test_what_a_forge_would_read_as_an_expression_is_refused(key: str, text: str):
    said: dict[str, Any] = {key: text}
    with pytest.raises(WrongValueError) as refused:
        Ci(**said)
    assert refused.value.path == (key,)


def test_a_runners_label_is_refused_at_its_environment():
    with pytest.raises(WrongValueError) as refused:
        Ci(runners={"prod": "k3s", "dev": "${{ x }}"})
    assert refused.value.path == ("runners", "dev")


def test_plain_texts_of_any_script_are_labels():
    assert Ci(runner="größe-東京", runners={"dev": "$HOME {x}"}).runners == {"dev": "$HOME {x}"}
