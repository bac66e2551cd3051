"""A base job template as text: its JSON, its lines, and its variable `image`."""

from __future__ import annotations

import json

import pytest

from flowlift.errors import Position
from flowlift.worker.values.template import Template, read_template, texts
from tests.parts.worker_values import IMAGE, PLACEHOLDER, template

FILE = "template.json"


def sound(text: str, **where: object) -> Template:
    made, findings = read_template(text, FILE, **where)  # type: ignore[arg-type]
    assert findings == []
    assert made is not None
    return made


def broken(text: str, **where: object) -> tuple[str, int, str]:
    made, (only,) = read_template(text, FILE, **where)  # type: ignore[arg-type]
    assert made is None
    return only.check, only.line, only.message


def test_broken_json_is_told_by_the_file_s_line_and_the_json_s_column() -> None:
    text = '{\n  "variables": {},\n  "job_configuration" {}\n}'
    check, line, message = broken(text, start=10)
    assert (check, line) == ("template-json", 12)
    assert "(line 3, column 23 of the JSON)" in message
    # Where the JSON's lines are none of the file, all of it stands on the first.
    assert broken(text, start=10, spread=False)[1] == 10
    assert broken('{\n"a": {"b": 1,}\n}')[:2] == ("template-json", 2)


@pytest.mark.parametrize("text", ["[1]", '"text"', "NaN", '{"a": -Infinity}', "", "[" * 100_000])
def test_what_is_no_json_object_is_an_error(text: str) -> None:
    assert broken(text)[0] == "template-json"


def test_a_key_that_stands_twice_is_told_and_the_later_one_wins() -> None:
    made, (only,) = read_template('{"a": 1,\n "a": 2}', FILE, start=5)
    assert made is not None
    assert made.data == {"a": 2}
    assert (only.check, only.line) == ("duplicate-key", 6)


def test_each_value_has_its_line_and_what_has_none_that_of_the_nearest() -> None:
    text = '{\n\t"variables": {\n\t\t"properties": {\n"image": {}}}\n}'
    made = sound(text, start=3)
    assert made.position("variables") == Position(FILE, 4)
    assert made.position("variables", "properties", "image", "default") == Position(FILE, 6)
    assert made.position("nowhere") == made.position() == Position(FILE, 3)


def test_parts_that_are_no_objects_are_as_if_there_were_none() -> None:
    made = sound('{"variables": [1], "job_configuration": "x"}')
    assert (made.properties, made.configuration, made.image) == ({}, {}, None)
    assert sound('{"variables": {"properties": 1}}').properties == {}


def test_the_image_is_the_default_of_its_variable() -> None:
    made = sound(json.dumps(template()))
    assert made.image == PLACEHOLDER
    changed = made.with_image(IMAGE)
    assert changed is not None
    assert (changed.image, made.image) == (IMAGE, PLACEHOLDER)


@pytest.mark.parametrize("odd", [{}, {"variables": None}, {"variables": {"properties": []}}])
def test_a_template_without_the_variable_takes_none(odd: dict[str, object]) -> None:
    assert Template(odd, FILE).image is None
    assert Template(odd, FILE).with_image(IMAGE) is None


def test_every_text_is_found_with_its_path_keys_included() -> None:
    value = {"a": ["x", {"b": 1}], "c": None}
    assert list(texts(value)) == [
        (("a",), "a"),
        (("a", 0), "x"),
        (("a", 1, "b"), "b"),
        (("c",), "c"),
    ]


def test_a_template_does_not_show_its_lines_in_a_repr() -> None:
    assert "lines" not in repr(sound('{"a": 1}'))
