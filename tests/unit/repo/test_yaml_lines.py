"""YAML with line numbers: the values are those of `yaml.safe_load`, with which Prefect reads."""

from __future__ import annotations

import math
import random
from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from flowlift.errors import ManifestError
from flowlift.repo.yaml_lines import Lines, read
from tests.parts.growth import growth

SCALARS = [
    *("a", "b c", "'x'", '"y\\n"', "1", "0x1f", "017", "1_000", "190:20:30", "12:30", "1.5", "1e3"),
    *(".inf", "-.inf", ".nan", "yes", "No", "on", "true", "~", "null", "", "2024-01-02", "3.8"),
    *("2024-01-02T03:04:05Z", "2024-01-02 03:04:05.5 +01:00", '"{{ x }}"', "0 3 * * *"),
    *("!!str 1", "!!int '3'", "!!float 2", "!!binary aGk=", "!!null ''", "=x", "é", "@daily's"),
]
KEYS = ["a", "b", "name", "1", "true", "'1'", "2024-01-02", "=", "é", "null", ".nan", "1.0"]
PIECES = [
    *(
        "a",
        "b: ",
        "c: 1",
        "- ",
        "  ",
        "\n",
        "\n  ",
        "\n    ",
        "&x ",
        "*x",
        "<<: *x",
        "<<: ",
        "[",
        "]",
    ),
    *(
        "{",
        "}",
        ",",
        " ",
        ": ",
        "? ",
        "'",
        '"',
        "|",
        "|-",
        ">",
        "#",
        " # c",
        "!!str ",
        "!!set ",
        "~",
    ),
    *(
        "---",
        "...",
        "\n- &y ",
        "\n- *y",
        "\n- ",
        "!!omap ",
        "{{ x }}",
        "'{{ x }}'",
        "\t",
        "!",
        "=",
        "%",
    ),
]


def same(left: Any, right: Any) -> bool:
    """Equal, in types too, and with NaN equal to itself."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        pairs = zip(left.items(), right.items(), strict=True)
        return len(left) == len(right) and all(same(a, b) for pair in pairs for a, b in zip(*pair))  # noqa: B905
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right or (isinstance(left, float) and math.isnan(left) and math.isnan(right))


class Writer:
    """Writes random YAML: block and flow, anchors, aliases, merge keys, keys written twice."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 (no secret)
        self.maps: list[str] = []
        self.anchors: list[str] = []

    def document(self) -> str:
        return "".join(f"{line}\n" for line in self.mapping(0))

    def mapping(self, depth: int) -> list[str]:
        lines = []
        for _ in range(self.random.randint(1, 4)):
            if self.maps and self.random.random() < 0.3:
                chosen = [self.random.choice(self.maps) for _ in range(self.random.randint(1, 3))]
                several = ", ".join(f"*{name}" for name in chosen)
                lines.append(f"<<: *{chosen[0]}" if len(chosen) == 1 else f"<<: [{several}]")
            else:
                lines += self.value(f"{self.random.choice(KEYS)}:", depth)
        return lines

    def value(self, before: str, depth: int) -> list[str]:
        kind = self.random.random()
        if self.anchors and kind < 0.2:
            return [f"{before} *{self.random.choice(self.anchors)}"]
        anchor = f"n{len(self.anchors)}" if self.random.random() < 0.4 else ""
        marked = f"{before} &{anchor}" if anchor else before
        if depth > 3 or kind < 0.5:
            lines = [f"{marked} {self.random.choice(SCALARS)}"]
        elif kind < 0.6:
            lines = [f"{marked} {{a: {self.random.choice(SCALARS[:8])}, b: [1, x]}}"]
        elif kind < 0.7:
            lines = [f"{marked} |", "  text # not a comment", "    deeper"]
        elif kind < 0.85:
            lines = [marked, *(f"  {line}" for line in self.mapping(depth + 1))]
        else:
            lines = [marked]
            for _ in range(self.random.randint(1, 3)):
                lines += [f"  {line}" for line in self.value("-", depth + 1)]
        if anchor:
            self.anchors.append(anchor)
            if 0.5 <= kind < 0.6 or 0.7 <= kind < 0.85:
                self.maps.append(anchor)
        return lines


@given(st.integers(0, 10**9))
def test_generated_documents_as_safe_load_reads_them(seed: int):
    text = Writer(seed).document()
    try:
        expected = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, IndexError):
        return
    found = read(text, "prefect.yaml")
    assert same(found.value, expected), text


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@example("a: &x {b: 1}\n<<: *x\n<<: {c: 2}")
@example("a: !\n")
@example("{a: 1, a: 2, 1: x, true: y, 1.0: z}")
@example("!!set {a, b}")
@example("!!omap [a: 1, b: 2]")
@example("? a\n: b")
@example("--- a\n...")
@example("\ufeffa: 1")
@example("a: 'x\n\n  y'\nb: \"x\\\n  y\"")
@example("a: |#\n")
@example("a:\t1")
def test_any_text_that_safe_load_takes_reads_the_same(text: str):
    try:
        expected = yaml.safe_load(text)
        repr(expected)
    except RecursionError:
        return
    except Exception:
        # Whatever it refuses: ours then ends with an error of ours, or knows better.
        with suppress(ManifestError):
            read(text, "f")
        return
    if "*" in text and "[...]" in repr(expected) + str(expected).replace("{...}", "[...]"):
        with pytest.raises(ManifestError, match="refers to the value"):
            read(text, "f")
        return
    assert same(read(text, "f").value, expected)


MANIFEST = """\
# the platform
definitions:
  nightly: &nightly
    cron: "0 3 * * *"
    timezone: Europe/Berlin

deployments:
  - name: a
    schedules:
      - <<: *nightly
        active: no
    parameters: {rows: 1,
                 since: 2024-01-01}
    work_pool: &pool
      name: k8s
  -
    name: b
    work_pool: *pool
    script: |
      one
      two
    tags: [x,
      y]
"""


def test_each_key_and_value_has_its_line():
    lines = Lines(read(MANIFEST, "prefect.yaml").mark)
    expected = {
        ("definitions",): 2,
        ("definitions", "nightly", "timezone"): 5,
        ("deployments",): 7,
        ("deployments", 0): 8,
        ("deployments", 0, "name"): 8,
        ("deployments", 0, "schedules"): 9,
        ("deployments", 0, "schedules", 0): 10,
        ("deployments", 0, "schedules", 0, "active"): 11,
        ("deployments", 0, "schedules", 0, "cron"): 4,
        ("deployments", 0, "parameters", "since"): 13,
        ("deployments", 0, "work_pool", "name"): 15,
        ("deployments", 1): 17,
        ("deployments", 1, "work_pool"): 18,
        ("deployments", 1, "work_pool", "name"): 15,
        ("deployments", 1, "script"): 19,
        ("deployments", 1, "tags"): 22,
        ("deployments", 1, "tags", 1): 23,
    }
    assert {path: lines[path] for path in expected} == expected
    assert len(lines) == len(list(lines)) == len(set(lines))
    assert ("deployments", 2) not in lines
    assert lines.get(("deployments", 0, "nothing")) is None


def test_keys_written_twice_are_reported_once_each():
    text = "a: 1\nb: &b {x: 1, x: 2}\nc: *b\na: 3\nd:\n  <<: *b\n  <<: {y: 1}\n  x: 4\n"
    found = read(text, "f")
    assert [(twice.key, twice.line, twice.first) for twice in found.duplicates] == [
        ("x", 2, 2),
        ("a", 4, 1),
    ]
    assert found.value["a"] == 3


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", 3, "flow sequence"),
        ("a: 1\n\tb: 2\n", 2, "Indent with spaces"),
        ("a:\n  b: 1\n c: 2\n", 3, "indentation"),
        ("a: 1\nb: {{ x }}\n", 2, "in quotes"),
        ("a: 1\nb: {{ x }}/y\n", 2, "in quotes"),
        ("a: 1\nb: *nowhere\n", 2, "undefined alias"),
        ("a: 1\nb: !!python/object:os.system x\n", 2, "could not determine a constructor"),
        ("a: 1\nb: 2024-13-45\n", 2, "in quotes if it is a text"),
        ("a: 1\nb: !!int x\n", 2, "in quotes if it is a text"),
        ("a: 1\n<<: 3\n", 2, "takes a mapping"),
        ("a: 1\n--- \nb: 2\n", 2, "another document"),
        # Where it begins: the end of the file says nothing.
        ("a: 'x\nb: 1\n", 1, "never closed"),
        ("a: 1\nb: [x,\n  y\n", 2, "never closed"),
        ("x: 1\na: &a\n  b: *a\n", 2, "refers to the value itself"),
        ("x: 1\na: &a\n  <<: *a\n", 2, "refers to the value itself"),
        ("a: \x00\n", 0, "UTF-8"),
        ("a: \ud800\n", 0, "UTF-8"),
    ],
)
def test_what_cannot_be_read_says_where_and_what_to_do(text: str, line: int, words: str):
    with pytest.raises(ManifestError) as caught:
        read(text, "prefect.yaml")
    assert caught.value.at == ("prefect.yaml", line)
    assert words in f"{caught.value} {caught.value.remedy}"
    assert caught.value.remedy


LEVELS = 40
LAUGHS = "a0: &a0 [x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, LEVELS)
)
MERGED_LAUGHS = "a0: &a0 {x: 1}\n" + "".join(
    f"a{n}: &a{n}\n  <<: [{', '.join([f'*a{n - 1}'] * 9)}]\n  k{n}: *a{n - 1}\n"
    for n in range(1, LEVELS)
)
TAGGED_LAUGHS = LAUGHS.replace(": &a", ": &a").replace("[*", "!!seq [*") + "z: !!omap [a: *a39]\n"


@pytest.mark.parametrize(
    "text", [LAUGHS, MERGED_LAUGHS, TAGGED_LAUGHS], ids=["list", "merge", "tag"]
)
def test_aliases_that_multiply_beyond_all_use(text: str):
    # Without the limit it would take longer than the universe is old.
    with pytest.raises(ManifestError, match="unfold into more than"):
        read(text, "prefect.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        "- " * 200_000 + "x",
        "? " * 200_000 + "x",
        "a: " + "{a: " * 100_000,
        "\n".join(" " * n + "a:" for n in range(300)),
    ],
    ids=["brackets", "dashes", "questions", "braces", "indentation"],
)
def test_nesting_that_would_end_the_process(text: str):
    with pytest.raises(ManifestError, match="nested more than 100 levels"):
        read(text, "prefect.yaml")


def test_brackets_in_texts_are_not_nesting():
    text = "a: '" + "[" * 500 + "'\nb: |\n" + " " * 200 + "x\n"
    assert read(text, "f").value["a"] == "[" * 500


def test_an_empty_document_is_nothing():
    assert read("", "f").value is None
    assert read("# only a comment\n", "f").value is None


def test_deployments_with_anchors_are_read_faster_than_by_pyyaml_s_own_loader():
    entry = "- name: d{n}\n  entrypoint: f.py:f\n  tags: *tags\n  parameters: {{rows: {n}}}\n"
    text = "x: &tags [a, b]\ndeployments:\n" + "".join(entry.format(n=n) for n in range(500))
    assert len(read(text, "f").value["deployments"]) == 500
    # Three times as fast on a quiet machine.
    assert growth(lambda: yaml.safe_load(text), lambda: read(text, "f")) < 0.8
