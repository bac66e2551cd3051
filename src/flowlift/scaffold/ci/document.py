"""Writes YAML for people: keys in the given order, comments where they explain, lists in lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flowlift.scaffold.rendering import yaml_scalar


@dataclass(frozen=True, slots=True)
class Noted:
    """A value with a comment behind it, or, for a mapping or list, in a line of its own before."""

    value: Any
    note: str


@dataclass(frozen=True, slots=True)
class Folded:
    """A long text whose line breaks mean no more than a space."""

    lines: tuple[str, ...]


def write(document: Mapping[str, Any], header: Sequence[str] = ()) -> str:
    """The document as YAML, with `header` as comments above it; its top keys stand apart."""
    comments = [f"# {line}".rstrip() for line in header]
    blocks = ["\n".join(_mapping({key: value}, 0)) for key, value in document.items()]
    return "\n".join(comments) + ("\n" if comments else "") + "\n\n".join(blocks) + "\n"


def _mapping(mapping: Mapping[str, Any], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for name, value in mapping.items():
        yield from _entry(f"{indent}{_key(name)}:", value, depth)


def _sequence(values: Sequence[Any], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for value in values:
        if isinstance(value, Mapping):
            first, *rest = _mapping(value, depth + 1)
            # Only what indents it: a key may begin with another kind of space.
            yield f"{indent}- {first.removeprefix(indent + '  ')}"
            yield from rest
        else:
            yield from _entry(f"{indent}-", value, depth)


def _entry(start: str, value: Any, depth: int) -> Iterator[str]:
    note = ""
    if isinstance(value, Noted):
        value, note = value.value, value.note
    if isinstance(value, (Mapping, list, tuple)):
        if note:
            yield f"{'  ' * depth}# {note}"
        if not value:
            yield f"{start} {'{}' if isinstance(value, Mapping) else '[]'}"
            return
        yield start
        yield from (
            _mapping(value, depth + 1)
            if isinstance(value, Mapping)
            else _sequence(value, depth + 1)
        )
    elif isinstance(value, Folded):
        yield f"{start} >-"
        yield from (f"{'  ' * (depth + 1)}{line}" for line in value.lines)
    elif value is None:
        yield start
    else:
        yield f"{start} {_scalar(value)}" + (f" # {note}" if note else "")


def _key(name: str) -> str:
    # A word of YAML 1.1 only: every forge reads it as a key.
    return name if name == "on" else yaml_scalar(name)


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else yaml_scalar(value)
