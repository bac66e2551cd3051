"""What a docstring says of each parameter, as Prefect shows it beside the parameter's field.

Prefect reads docstrings in Google's style only, with griffe. Importing griffe takes longer than
reading two hundred flows, so the part of its rules that concerns parameters is followed here;
tests/real/repo/flows/test_signature.py holds the two side by side.
"""

from __future__ import annotations

import inspect
import re

_HEADING = re.compile(r"(\w[\s\w-]*):(?:\s+\S.*)?\s*")
_PARAMETERS = frozenset({"args", "arguments", "params", "parameters"})
_SECTIONS = _PARAMETERS | {
    *(f"{kind} {word}" for kind in ("other", "type") for word in sorted(_PARAMETERS)),
    "keyword args",
    "keyword arguments",
    "raises",
    "exceptions",
    "returns",
    "yields",
    "receives",
    "attributes",
    "functions",
    "methods",
    "classes",
    "type aliases",
    "modules",
    "warns",
    "warnings",
}
_CLEAN = re.compile(r"\S[^\t]*\n\S[^\t]*\Z")
"""What cleaning once more, as griffe does, leaves as it is."""
_MAY_DESCRIBE = re.compile(r"^\s*(?:arg|param)", re.IGNORECASE | re.MULTILINE)


def descriptions(docstring: str | None) -> dict[str, str]:
    """The description of each parameter that `docstring` (cleaned, as `inspect.getdoc`) names."""
    if not docstring or not _MAY_DESCRIBE.search(docstring):
        return {}
    if not _CLEAN.match(docstring):
        docstring = inspect.cleandoc(docstring.rstrip())
    lines = docstring.rstrip().split("\n")
    found: dict[str, str] = {}
    number, fenced = 0, False
    while number < len(lines):
        line = lines[number]
        if line.lstrip(" ").startswith("```"):
            fenced = not fenced
        elif (
            not fenced and (heading := _HEADING.fullmatch(line)) and _opens_a_section(lines, number)
        ):
            kind = heading[1].lower()
            if kind in _SECTIONS:
                items, number = _items(lines, number + 1)
                if kind in _PARAMETERS:
                    # The last section that says anything wins, as in Prefect.
                    found = dict(filter(None, map(_parameter, items))) or found
            else:
                number = _end_of_block(lines, number + 1)
            continue
        number += 1
    return found


def _opens_a_section(lines: list[str], number: int) -> bool:
    """Whether a heading stands free above, and has indented text right below."""
    if number and not _blank(lines[number - 1]):
        return False
    below = lines[number + 1 : number + 3]
    indented = [line.startswith(" ") and not _blank(line) for line in below]
    return any(indented) and (not _blank(below[0]) or not any(indented[1:]))


def _items(lines: list[str], number: int) -> tuple[list[list[str]], int]:
    """The items of a section that starts at `number`, and the line after it.

    An item starts at the section's indentation, and goes on in what is indented further.
    """
    number = _skip_blank(lines, number)
    indent = _indentation(lines[number])
    if indent == 0:
        return [], number
    items = [[lines[number][indent:]]]
    for end in range(number + 1, len(lines)):
        line = lines[end]
        if _blank(line):
            items[-1].append("")
        elif line.startswith(" " * (indent * 2)):
            items[-1].append(line[indent * 2 :])
        elif line.startswith(" " * (indent + 1)):
            items[-1].append(line.lstrip())
        elif line.startswith(" " * indent):
            items.append([line[indent:]])
        else:
            return items, end
    return items, len(lines)


def _end_of_block(lines: list[str], number: int) -> int:
    """The line after an indented block that may start at `number`."""
    first = _skip_blank(lines, number)
    indent = _indentation(lines[first])
    if indent == 0:
        return number
    end = first + 1
    while end < len(lines) and (_blank(lines[end]) or lines[end].startswith(" " * indent)):
        end += 1
    return end


def _parameter(item: list[str]) -> tuple[str, str] | None:
    """Name and description of one item, None where it has no colon."""
    name, colon, start = item[0].partition(":")
    if not colon:
        return None
    if "(" in name and name.endswith(")"):
        name = name.partition("(")[0].strip()
    return name, "\n".join([start.lstrip(), *item[1:]]).rstrip("\n")


def _skip_blank(lines: list[str], number: int) -> int:
    while _blank(lines[number]):
        number += 1
    return number


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


def _blank(line: str) -> bool:
    return not line or line.isspace()
