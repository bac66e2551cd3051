"""Compares a workflow as it stands with the one that the configuration asks for.

What a team adds is its own: a step, a variable, another job. What must be there is all that would
be written; and triggers must be the same, as one path more or less is what this is about. The pins
of actions and versions are left alone, since bots raise them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from flowlift.errors import InputError, Position

EXACT = frozenset({"paths", "branches", "types"})
"""Lists that say when a workflow starts: nothing may be added."""

_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PINNED = frozenset({"version", "FLOWLIFT", "image"})
_NAMES = ("name", "local", "if", "job")


@dataclass(frozen=True, slots=True)
class Difference:
    """A line of the file (0: the file as a whole), and what differs there."""

    line: int
    text: str


def compare(wanted: str, there: bytes, file: str) -> list[Difference]:
    """What the file lacks, or starts on besides.

    Raises:
        InputError: what is there is no YAML.
    """
    try:
        found = yaml.compose(there, _LOADER)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise InputError(
            f"This is no YAML: {getattr(error, 'problem', None) or error}",
            remedy="Mend it, or write it again with `flowlift ci write`.",
            at=Position(file, mark.line + 1 if mark else 0),
        ) from None
    asked = yaml.compose(wanted, _LOADER)
    return list(_compare(asked, found, "")) if found is not None else [Difference(0, "it is empty")]


def _compare(wanted: yaml.Node | None, found: yaml.Node, path: str) -> Iterator[Difference]:
    line = found.start_mark.line + 1
    if isinstance(wanted, yaml.MappingNode):
        if not isinstance(found, yaml.MappingNode):
            yield Difference(line, f"{path} is no mapping")
            return
        entries = {key.value: value for key, value in found.value}
        for key, value in wanted.value:
            name = f"{path}.{key.value}".lstrip(".")
            if key.value not in entries:
                yield Difference(line, f"{name} is missing")
            elif key.value not in _PINNED or not isinstance(value, yaml.ScalarNode):
                yield from _compare(value, entries[key.value], name)
    elif isinstance(wanted, yaml.SequenceNode):
        if not isinstance(found, yaml.SequenceNode):
            yield Difference(line, f"{path} is no list")
            return
        yield from _compare_lists(wanted, found, path)
    elif isinstance(wanted, yaml.ScalarNode):
        same = isinstance(found, yaml.ScalarNode) and _text(found, path) == _text(wanted, path)
        if not same:
            yield Difference(line, f"{path} is not {wanted.value!r}")


def _compare_lists(
    wanted: yaml.SequenceNode, found: yaml.SequenceNode, path: str
) -> Iterator[Difference]:
    line = found.start_mark.line + 1
    named = {_identity(node): node for node in found.value}
    for place, node in enumerate(wanted.value):
        identity = _identity(node)
        if identity in named:
            if not isinstance(node, yaml.ScalarNode):
                yield from _compare(node, named[identity], f"{path}[{identity}]")
        elif identity:
            yield Difference(line, f"{path} lacks {identity!r}")
        elif place < len(found.value):
            yield from _compare(node, found.value[place], f"{path}[{place}]")
    if path.rpartition(".")[2] in EXACT:
        asked = {_identity(node) for node in wanted.value}
        for node in found.value:
            if _identity(node) not in asked:
                text = f"{path} has {_identity(node)!r}, which the configuration does not name"
                yield Difference(node.start_mark.line + 1, text)


def _identity(node: yaml.Node) -> str:
    """What an entry of a list is found again by."""
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    if isinstance(node, yaml.MappingNode):
        entries = {key.value: value.value for key, value in node.value}
        return next((str(entries[name]) for name in _NAMES if name in entries), "")
    return ""


def _text(node: yaml.ScalarNode, path: str) -> str:
    text = str(node.value)
    return text.partition("@")[0] if path.endswith(".uses") else text
