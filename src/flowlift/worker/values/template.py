"""A base job template as a file has it: its JSON, and the line that each part of it stands on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from flowlift.errors import FlowliftError, Position
from flowlift.findings import Finding, Json, finding, value_at
from flowlift.repo import yaml_lines
from flowlift.workspace.pools import default_image, takes_image, with_image

PLACEHOLDER = re.compile(r"{{\s*([\w.\-\[\]$]+)\s*}}")
"""A variable as Prefect's server finds it in a job configuration (3.8.8)."""

POD = ("job_configuration", "job_manifest", "spec", "template", "spec")
"""Where a template of Kubernetes has the pod of a run."""

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A base job template with its places.

    `start` is the line of the file on which the JSON's own first line stands. `spread` says that
    the lines of the JSON are lines of the file; else all of it stands on `start`.
    """

    data: Mapping[str, Json]
    file: str
    start: int = 1
    spread: bool = True
    lines: Mapping[Path, int] = field(default_factory=dict, repr=False)

    def position(self, *path: str | int) -> Position:
        """Where the value at `path` stands: the nearest line known, at worst the template's own."""
        line = nearest(self.lines, path)
        return self.at(line) if line else Position(self.file, self.start)

    def at(self, line: int) -> Position:
        """The place of a line of the JSON, which counts from 1."""
        return Position(self.file, self.start + (line - 1 if self.spread else 0))

    @property
    def properties(self) -> Mapping[str, Json]:
        """The declared variables; none where they are not even an object."""
        return declared(self.data)

    @property
    def configuration(self) -> Mapping[str, Json]:
        """The job configuration; empty where it is not even an object."""
        found = self.data.get("job_configuration")
        return found if isinstance(found, Mapping) else {}

    @property
    def image(self) -> str | None:
        """The default of the variable `image`; None where there is no such variable or default."""
        return default_image(self.data)

    def with_image(self, image: str) -> Template | None:
        """The same with `image` as that default; None where there is no variable `image`."""
        if not takes_image(self.data):
            return None
        return replace(self, data=with_image(self.data, image))


def declared(template: Mapping[str, Json]) -> Mapping[str, Json]:
    """The variables that a template declares, none where they are not even an object."""
    found = value_at(template, "variables", "properties")
    return found if isinstance(found, Mapping) else {}


def nearest(lines: Mapping[Path, int], path: Path) -> int:
    """The line of the value at `path`, or of the nearest around it that is known; else 0."""
    return next((line for end in range(len(path), 0, -1) if (line := lines.get(path[:end]))), 0)


def read_template(
    text: str, file: str, *, start: int = 1, spread: bool = True
) -> tuple[Template | None, list[Finding]]:
    """The template in `text`, None where it is no JSON object; and what is wrong with its JSON."""
    place = Template({}, file, start, spread)
    try:
        data = json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno} of the JSON"
        return None, [
            _broken(f"is not JSON: {error.msg} ({where}).", place.at(error.lineno)),
        ]
    except (ValueError, RecursionError) as error:
        return None, [_broken(f"is not JSON: {error}.", place.at(1))]
    if not isinstance(data, dict):
        return None, [_broken("is no JSON object.", place.at(1))]
    try:
        # JSON is YAML but for tabs between values.
        marked = yaml_lines.read(text.replace("\t", " "), file)
    except FlowliftError:
        return replace(place, data=data), []
    findings = [
        finding(
            "duplicate-key",
            f"The key {twice.key!r} stands twice in one object, first on line {twice.first} of the"
            " JSON: the later one wins without a word.",
            "Keep one of the two.",
            place.at(twice.line),
        )
        for twice in marked.duplicates
    ]
    return replace(place, data=data, lines=yaml_lines.Lines(marked.mark)), findings


def _broken(what: str, at: Position) -> Finding:
    return finding(
        "template-json",
        f"The base job template {what}",
        "Correct it: Helm would take it, and the worker's pod would fail at its start.",
        at,
    )


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def texts(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text within `value`, keys included, with the path that it stands at."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield (*path, key), str(key)
            yield from texts(item, (*path, key))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from texts(item, (*path, index))
