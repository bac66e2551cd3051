"""Where the configuration is read from, and what a mistake in it looks like."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import tomli

from flowlift.config.files import OWN, SHARED, TABLES
from flowlift.config.mistakes import find_mistake
from flowlift.config.settings import Settings
from flowlift.config.worker import Worker
from flowlift.errors import ConfigError, Position


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and where they were read from (None: nowhere, all is default)."""

    settings: Settings
    file: str | None


def schema() -> dict[str, Any]:
    """The JSON schema of `[tool.flowlift]`, as published in docs/config.schema.json."""
    (_, components) = msgspec.json.schema_components([Settings])
    for component in components.values():
        # Only Python 3.13 takes the indentation out of a docstring by itself.
        component["description"] = inspect.cleandoc(component["description"])
    document = components.pop(Settings.__name__)
    # A table alone stands for a list of one.
    worker = document["properties"]["worker"]
    worker["anyOf"] = [
        {key: worker.pop(key) for key in ("type", "items")},
        {"$ref": f"#/$defs/{Worker.__name__}"},
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **document,
        "title": "flowlift",
        "$defs": components,
    }


def load(root: Path) -> Loaded:
    """Read the configuration of the repository at `root`.

    `flowlift.toml` wins over `[tool.flowlift]`; both at once is an error, as one would be ignored.

    Raises:
        ConfigError: broken TOML, an unknown key (the nearest known one is named), a wrong value.
    """
    own, shared = root / OWN, root / SHARED
    table: dict[str, Any] | None = None
    if shared.is_file():
        table = _table_in(shared)
    if own.is_file():
        if table is not None:
            raise ConfigError(
                "flowlift.toml and [tool.flowlift] in pyproject.toml both exist.",
                remedy="Keep one of the two, so that nothing is ignored.",
                at=Position(OWN),
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


def _table_in(file: Path) -> dict[str, Any] | None:
    """`[tool.flowlift]` of a pyproject.toml, None where it has none.

    Raises:
        ConfigError: something else stands there.
    """
    table: dict[str, Any] | None = _read(file)
    path: list[str] = []
    for key in TABLES[SHARED]:
        table = table.get(key) if table else None
        path.append(key)
        if table is not None and not isinstance(table, dict):
            lines = file.read_text(encoding="utf-8").splitlines()
            raise ConfigError(
                f"{'.'.join(path)}: a table is expected.",
                remedy=f"Write [{'.'.join(path)}] once. See docs/configuration.md.",
                at=Position(file.name, _line_at(lines, path) or _line_at(lines, [*path, "0"])),
            )
    return table


def read_settings(table: Mapping[str, Any]) -> Settings:
    """The settings that a table `[tool.flowlift]` holds.

    Raises:
        msgspec.ValidationError: it holds something else.
    """
    return msgspec.convert(_with_a_list_of_workers(table), Settings)


def _with_a_list_of_workers(table: Mapping[str, Any]) -> dict[str, Any]:
    """One worker alone is a list of one."""
    alone = isinstance(table.get("worker"), Mapping)
    return {**table, "worker": [table["worker"]]} if alone else dict(table)


def _settings(table: dict[str, Any], file: Path) -> Settings:
    try:
        return read_settings(table)
    except msgspec.ValidationError:
        mistake = find_mistake(_with_a_list_of_workers(table), Settings)
        raise ConfigError(
            mistake.message,
            remedy=mistake.remedy,
            at=Position(file.name, _line_of(file, list(mistake.path))),
        ) from None


def _line_of(file: Path, path: list[str]) -> int:
    """The line of a key, or of the nearest thing around it; 0 where nothing is found.

    TOML readers keep no marks, so the text is searched within its table.
    """
    lines = file.read_text(encoding="utf-8").splitlines()
    while path:
        # One table may stand for a list of one: then its name has no number.
        for wanted in (path, [part for part in path if not part.isdigit()]):
            if line := _line_at(lines, [*TABLES[file.name], *wanted]):
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
