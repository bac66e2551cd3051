from __future__ import annotations

import pytest

from flowlift.errors import InputError
from flowlift.scaffold.ci.compare import compare

WANTED = """\
on:
  push:
    paths:
      - prefect.yaml
      - src/**
jobs:
  dev:
    runs-on: ubuntu-latest
    steps:
      - name: Check out
        uses: actions/checkout@1111111111111111111111111111111111111111 # v7.0.1
        with:
          fetch-depth: 0
      - name: Deliver
        run: flowlift deliver
        env:
          FLOWLIFT: flowlift==1.0.0
"""


def differences(before: str, after: str) -> list[str]:
    there = WANTED.replace(before, after)
    assert there != WANTED
    return [f"{d.line}: {d.text}" for d in compare(WANTED, there.encode(), "x.yml")]


def test_the_same_is_the_same() -> None:
    assert compare(WANTED, WANTED.encode(), "x.yml") == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("@1111111111111111111111111111111111111111 # v7.0.1", "@" + "2" * 40 + " # v8"),
        ("flowlift==1.0.0", "flowlift==2.0.0"),
        (
            "      - name: Deliver",
            "      - name: Own\n        run: echo own\n      - name: Deliver",
        ),
        ("        env:\n", "        env:\n          OWN: value\n"),
        ("jobs:\n", "jobs:\n  own:\n    runs-on: ubuntu-latest\n"),
        ("on:\n", "# a comment\non:\n"),
    ],
)
def test_what_a_team_or_a_bot_may_change(before: str, after: str) -> None:
    assert differences(before, after) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("      - src/**\n", "", "4: on.push.paths lacks 'src/**'"),
        (
            "      - src/**\n",
            "      - src/**\n      - docs/**\n",
            "6: on.push.paths has 'docs/**', which the configuration does not name",
        ),
        ("fetch-depth: 0", "fetch-depth: 1", "13: jobs.dev.steps[Check out].with.fetch-depth"),
        ("actions/checkout@", "evil/checkout@", "11: jobs.dev.steps[Check out].uses is not"),
        ("run: flowlift deliver", "run: echo no", "15: jobs.dev.steps[Deliver].run is not"),
        ("name: Deliver", "name: Other", "10: jobs.dev.steps lacks 'Deliver'"),
        ("    runs-on: ubuntu-latest\n", "", "jobs.dev.runs-on is missing"),
    ],
)
def test_what_must_be_there(before: str, after: str, said: str) -> None:
    (found,) = differences(before, after)
    assert said in found


def test_what_is_no_yaml_is_said_with_its_line() -> None:
    with pytest.raises(InputError) as caught:
        compare(WANTED, b"on: [push\njobs: {}\n", "x.yml")
    assert str(caught.value.at) == "x.yml:2"
    assert [d.text for d in compare(WANTED, b"", "x.yml")] == ["it is empty"]
