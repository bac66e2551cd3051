"""Where the configuration is read from, and what a mistake in it looks like."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import tomli
from pydantic import BaseModel, ValidationError

from flowlift.config.section import Section
from flowlift.config.settings import Settings
from flowlift.errors import ConfigError, Position


class Loaded(BaseModel):
    """Settings, and where they were read from (None: nowhere, all is default)."""

    settings: Settings
    file: str | None


def schema() -> dict[str, Any]:
    """The JSON schema of `[tool.flowlift]`, as published in docs/config.schema.json."""
    document = Settings.model_json_schema(by_alias=True)
    document["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    document["title"] = "flowlift"
    return document


def load(root: Path) -> Loaded:
    """Read the configuration of the repository at `root`.

    `flowlift.toml` wins over `[tool.flowlift]`; both at once is an error, as one would be ignored.

    Raises:
        ConfigError: broken TOML, an unknown key (the nearest known one is named), a wrong value.
    """
    own, shared = root / "flowlift.toml", root / "pyproject.toml"
    table: dict[str, Any] | None = None
    if shared.is_file():
        table = _read(shared).get("tool", {}).get("flowlift")
    if own.is_file():
        if table is not None:
            raise ConfigError(
                "flowlift.toml and [tool.flowlift] in pyproject.toml both exist.",
                remedy="Keep one of the two, so that nothing is ignored.",
                at=Position("flowlift.toml"),
            )
        return Loaded(settings=_settings(_read(own), own), file=own.name)
    if table is None:
        return Loaded(settings=Settings(), file=None)
    return Loaded(settings=_settings(table, shared), file=shared.name)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomli.loads(file.read_text(encoding="utf-8"))
    except (tomli.TOMLDecodeError, UnicodeDecodeError) as error:
        found = re.search(r"line (\d+)", str(error))
        raise ConfigError(
            f"This is not TOML: {error}",
            remedy="Mend the file; everything after this place is unread.",
            at=Position(file.name, int(found[1]) if found else 0),
        ) from None


def _settings(table: dict[str, Any], file: Path) -> Settings:
    try:
        return Settings.model_validate(table)
    except ValidationError as error:
        problem = error.errors()[0]
        path = [str(part) for part in problem["loc"]]
        at = Position(file.name, _line_of(file, path))
        if problem["type"] == "extra_forbidden":
            known = _known_keys(path[:-1])
            near = difflib.get_close_matches(path[-1], known, n=1, cutoff=0.5)
            raise ConfigError(
                f"Unknown key {'.'.join(path)!r}"
                + (f": is {near[0]!r} meant?" if near else f" in {_table(path[:-1])}."),
                remedy=f"Known keys of {_table(path[:-1])}: {', '.join(known)}.",
                at=at,
            ) from None
        raise ConfigError(
            f"{'.'.join(path)}: {problem['msg'][0].lower()}{problem['msg'][1:]}.",
            remedy=f"Found {problem['input']!r}. See docs/configuration.md.",
            at=at,
        ) from None


def _table(path: list[str]) -> str:
    return "[" + ".".join(["tool", "flowlift", *path]) + "]"


def _known_keys(path: list[str]) -> list[str]:
    model: type[Section] = Settings
    for part in path:
        field = next((f for n, f in model.model_fields.items() if part in {f.alias, n}), None)
        model = (_section_in(field.annotation) if field else None) or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _section_in(annotation: Any) -> type[Section] | None:
    """The table that a field holds: alone, or in a list or a dictionary."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    found = (_section_in(inner) for inner in get_args(annotation))
    return next((section for section in found if section), None)


def _line_of(file: Path, path: list[str]) -> int:
    """The line of a key, or of the nearest thing around it; 0 where nothing is found.

    TOML readers keep no marks, so the text is searched within its table.
    """
    lines = file.read_text(encoding="utf-8").splitlines()
    top = [] if file.name == "flowlift.toml" else ["tool", "flowlift"]
    while path:
        # One table may stand for a list of one: then its name has no number.
        for wanted in (path, [part for part in path if not part.isdigit()]):
            if line := _line_at(lines, [*top, *wanted]):
                return line
        path = path[:-1]
    return 0


def _line_at(lines: list[str], path: list[str]) -> int:
    header: list[str] = []
    seen: Counter[str] = Counter()
    for number, line in enumerate(lines, start=1):
        if opened := re.match(r"\s*(\[+)\s*([^\]]+?)\s*\]+", line):
            name = opened[2].replace('"', "").replace("'", "")
            header = name.split(".")
            if opened[1] == "[[":
                header.append(str(seen[name]))
                seen[name] += 1
            if header == path:
                return number
        elif (key := re.match(r"""\s*["']?([\w.\-]+)["']?\s*=""", line)) and (
            [*header, *key[1].split(".")] == path
        ):
            return number
    return 0
