"""A plan as JSON."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

import jsonschema
import pytest

from flowlift.errors import InputError
from flowlift.plan.model import Plan
from flowlift.render.data import plan_json, plan_schema, read_plan
from tests.parts import example_plans as examples
from tests.parts import golden

EXAMPLES = [
    examples.pull_request(),
    examples.broken(),
    examples.merge(),
    examples.nothing_to_do(),
    examples.large(30),
    *map(examples.hostile, examples.HOSTILE),
]


@pytest.mark.parametrize("plan", EXAMPLES)
def test_a_saved_plan_reads_back_as_it_was(plan: Plan) -> None:
    text = plan_json(plan)
    assert read_plan(text) == plan
    assert plan_json(read_plan(text)) == text


@pytest.mark.parametrize("plan", EXAMPLES)
def test_every_plan_fits_the_published_schema(plan: Plan) -> None:
    jsonschema.validate(
        json.loads(plan_json(plan)), plan_schema(), cls=jsonschema.Draft202012Validator
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": "flowlift.plan/2"},
        {"extra": 1},
        {"changes": [{"action": "explode", "deployment": "a/b"}]},
        {"provenance": {"repository": "r", "commit": "c"}},
    ],
)
def test_the_published_schema_refuses_what_is_no_plan(wrong: dict[str, Any]) -> None:
    document = {**json.loads(plan_json(examples.nothing_to_do())), **wrong}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, plan_schema(), cls=jsonschema.Draft202012Validator)


def test_the_published_schema_is_current() -> None:
    text = json.dumps(plan_schema(), indent=2) + "\n"
    golden.check(text, golden.DOCS / "plan.schema.json")


def test_what_is_needed_to_write_is_never_saved() -> None:
    document = json.loads(plan_json(examples.merge()))
    for change in document["changes"]:
        assert not {"desired", "live", "labels"} & change.keys()


def test_the_json_is_plain_text_that_is_the_same_for_equal_plans() -> None:
    change = examples.field("parameters", None, {"b": 1, "a": {"d": "ü\x1b", "c": 2}})
    other = examples.field(
        "parameters", None, MappingProxyType({"a": {"c": 2, "d": "ü\x1b"}, "b": 1})
    )
    texts = [
        plan_json(
            examples.merge().model_copy(
                update={"changes": (examples.STOCK.model_copy(update={"fields": (field,)}),)}
            )
        )
        for field in (change, other)
    ]
    assert texts[0] == texts[1]
    assert texts[0].isascii()
    assert texts[0].startswith('{\n  "format": "flowlift.plan/1",\n  "environment": "prod",')
    assert texts[0].endswith("}\n")


def test_numbers_that_json_does_not_have_stand_as_text() -> None:
    field = examples.field("parameters.limit", float("inf"), float("nan"))
    plan = examples.merge().model_copy(
        update={"changes": (examples.ORDERS.model_copy(update={"fields": (field,)}),)}
    )
    shown = json.loads(plan_json(plan), parse_constant=pytest.fail)["changes"][0]["fields"][0]
    assert (shown["before"], shown["after"]) == ("inf", "nan")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "This is not JSON: Expecting value in line 1"),
        ('{\n  "format": "flowlift.plan/1",\n  oops', "in line 3"),
        ("[" * 100_000, "This"),
        ("[1, 2]", "This JSON is no plan"),
        ('{"resource_changes": []}', "This JSON is no plan"),
        ('{"format": 1}', "This JSON is no plan"),
        ('{"format": "flowlift.plan/2"}', "has format 2, and flowlift .* reads format 1"),
        ('{"format": "flowlift.plan/x\\u001b[31m"}', "does not read"),
        ('{"format": "flowlift.plan/1"}', "environment: Field required"),
        ('{"format": "flowlift.plan/1", "\\u001b[31m": 1}', "cannot be read"),
    ],
)
def test_what_is_no_plan_is_refused_with_a_remedy(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_plan(text, file="plan.json")
    assert caught.value.exit_code == 2
    assert "flowlift" in caught.value.remedy
    assert caught.value.at is not None and caught.value.at.file == "plan.json"
    assert "\x1b" not in str(caught.value)


def test_a_newer_plan_says_what_to_upgrade() -> None:
    with pytest.raises(InputError) as caught:
        read_plan('{"format": "flowlift.plan/12"}')
    assert caught.value.remedy.startswith("Upgrade flowlift")
