"""What is wrong in a configuration, and where: the innermost value that its table refuses.

msgspec names a path as well, but not the keys of a dictionary in it, as an environment's name.
"""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from flowlift.config.section import Section, WrongValueError

Path = tuple[str, ...]

_NAMES = {
    "`array`": "a list",
    "`float`": "a number",
    "`int`": "a whole number",
    "Object missing required field": "it lacks the key",
}
"""What msgspec says of a value, in the words of TOML."""

_KINDS = {
    bool: "true or false",
    str: "a text",
    int: "a whole number",
    float: "a number",
    dict: "a table",
    tuple: "a list",
}


@dataclass(frozen=True, slots=True)
class Mistake:
    """A value that is refused: the keys that lead to it, what is wrong, and what to do."""

    path: Path
    message: str
    remedy: str


def find_mistake(value: Any, kind: Any, path: Path = ()) -> Mistake:
    """The innermost mistake in `value`, which is none of `kind`."""
    for key, part, wanted in _parts(value, kind):
        if wanted is None:
            return _unknown(key, kind, path)
        try:
            msgspec.convert(part, wanted)
        except msgspec.ValidationError:
            return find_mistake(part, wanted, (*path, key))
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        reason = error.__cause__
        if isinstance(reason, WrongValueError):
            path = (*path, *reason.path)
            for key in reason.path:
                value = value[key]
        return _wrong(str(error).partition(" - at `$")[0], value, kind, path)
    raise AssertionError("the caller has seen it refused")


def _parts(value: Any, kind: Any) -> Iterator[tuple[str, Any, Any]]:
    """What `value` holds: the key, the value there, and its kind (None: an unknown key)."""
    for arm in _arms(kind):
        origin, words = get_origin(arm), get_args(arm)
        if _is_section(arm) and isinstance(value, Mapping):
            fields = _fields(arm)
            yield from ((key, part, fields.get(key)) for key, part in value.items())
        elif origin is dict and isinstance(value, Mapping):
            yield from ((key, part, words[1]) for key, part in value.items())
        elif origin is tuple and isinstance(value, list):
            yield from ((str(number), part, words[0]) for number, part in enumerate(value))


def _arms(kind: Any) -> tuple[Any, ...]:
    """The kinds that a value may be of, without what is only said of them."""
    if get_origin(kind) is Annotated:
        return _arms(get_args(kind)[0])
    if get_origin(kind) in {Union, types.UnionType}:
        return tuple(arm for word in get_args(kind) for arm in _arms(word))
    return (kind,)


def _fields(section: type[Section]) -> dict[str, Any]:
    """The keys of a table, and the kind of each."""
    kinds = get_type_hints(section, include_extras=True)
    return {one.encode_name: kinds[one.name] for one in msgspec.structs.fields(section)}


def _unknown(key: str, kind: Any, path: Path) -> Mistake:
    known = [name for arm in _arms(kind) if _is_section(arm) for name in _fields(arm)]
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return Mistake(
        (*path, key),
        f"Unknown key {'.'.join((*path, key))!r}"
        + (f": is {near[0]!r} meant?" if near else f" in {_table(path)}."),
        f"Known keys of {_table(path)}: {', '.join(known)}.",
    )


def _wrong(said: str, value: Any, kind: Any, path: Path) -> Mistake:
    if ", got `" in said or said.startswith("Invalid enum value"):
        wanted = [word for arm in _arms(kind) for word in _words(arm)]
        said = f"{' or '.join(wanted)} is expected"
    for name, here in _NAMES.items():
        said = said.replace(name, here)
    said = said[0].lower() + said[1:]
    return Mistake(
        path,
        f"{_printable('.'.join(path))}: {_printable(said)}.",
        f"Found {value!r}. See docs/configuration.md.",
    )


def _words(kind: Any) -> tuple[str, ...]:
    """What a value of this kind is called; nothing where no value can be given."""
    if get_origin(kind) is Literal:
        return tuple(map(repr, get_args(kind)))
    word = "a table" if _is_section(kind) else _KINDS.get(get_origin(kind) or kind)
    return (word,) if word else ()


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Section)


def _table(path: Path) -> str:
    return "[" + _printable(".".join(["tool", "flowlift", *path])) + "]"


def _printable(text: str) -> str:
    """`text` with nothing in it that a screen obeys: a branch may name a table as it likes."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
