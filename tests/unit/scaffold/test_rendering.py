from __future__ import annotations

from importlib.resources import files

import pytest
import tomli
import yaml
from hypothesis import given
from hypothesis import strategies as st

from flowlift.scaffold.rendering import markdown_text, render, toml_string, yaml_scalar
from tests.parts.texts import ANY

printable = st.text(ANY, min_size=1).filter(str.isprintable)


@given(printable)
def test_any_printable_text_survives_yaml_and_toml(text: str) -> None:
    assert yaml.safe_load(f"a:\n  b: {yaml_scalar(text)}\n  c: 1\n") == {"a": {"b": text, "c": 1}}
    assert tomli.loads(f"a = {toml_string(text)} # b\n") == {"a": text}


def test_plain_text_stays_plain_and_a_long_one_in_one_line() -> None:
    assert yaml_scalar("etc/docker/Dockerfile") == "etc/docker/Dockerfile"
    assert yaml_scalar("on") == "'on'"
    assert "\n" not in yaml_scalar("a word " * 100)


def test_markdown_shows_signs_instead_of_obeying_them() -> None:
    assert markdown_text("a *b* | [c](d) <e>") == r"a \*b\* \| \[c\]\(d\) \<e\>"
    assert markdown_text("Wetter 天気, 1.5") == "Wetter 天気, 1.5"


def test_a_template_s_own_dollars_and_braces_stay() -> None:
    values = {"markdown_name": "acme", "pool": "acme-pool"}
    template = (files("flowlift.scaffold") / "templates" / "README.md").read_text(encoding="utf-8")
    written = render("README.md", values)
    assert written.startswith("# acme\n")
    assert "@@" not in written
    assert written.count("$") == template.count("$")


def test_a_value_that_is_missing_is_no_gap_in_the_file() -> None:
    with pytest.raises(KeyError, match="pool"):
        render("README.md", {"markdown_name": "acme"})
