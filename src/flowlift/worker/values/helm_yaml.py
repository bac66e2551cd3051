"""YAML as Helm reads it, which is neither YAML 1.1 as PyYAML has it nor 1.2.

Helm 3 and 4 resolve scalars by goyaml v2: `y` is true, `1e3` and `08` are numbers, dates and `1:30`
are texts. Every rule here was seen on both (tests/real/worker/values/test_helm_yaml.py runs them).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import yaml

from flowlift.errors import ManifestError, Position
from flowlift.findings import Json
from flowlift.repo.yaml_lines import Dialect, Lines, Marked

_TAG = "tag:yaml.org,2002:"
_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_TRUE = frozenset(["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"])
_FALSE = frozenset(["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"])
_BOOL = re.compile("|".join(sorted(_TRUE | _FALSE)))
_NULL = re.compile(r"~|null|Null|NULL|")
_INT = re.compile(
    r"[-+]?(?:0[xX][0-9a-fA-F][0-9a-fA-F_]*|0[bB][01][01_]*|0[oO][0-7][0-7_]*|0[0-7_]*|[1-9][0-9_]*)"
)
_FLOAT = re.compile(r"(?:[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?|[-+]?\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_ENDLESS = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_BASES = {"x": 16, "b": 2, "o": 8}


class _Constructor(yaml.constructor.SafeConstructor):
    """Makes values of scalars as Helm does."""


def _bool(_: Any, node: yaml.ScalarNode) -> bool:
    return str(node.value) in _TRUE


def _int(_: Any, node: yaml.ScalarNode) -> int | float | str:
    text = str(node.value).replace("_", "")
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-").lower()
    base = _BASES.get(digits[1:2], 8) if digits.startswith("0") and len(digits) > 1 else 10
    value = sign * int(digits, base)
    if -(2**63) <= value < 2**64:
        return value
    return float(text) if base == 10 else str(node.value)


def _float(_: Any, node: yaml.ScalarNode) -> float | int | str:
    value = float(str(node.value).replace("_", ""))
    if math.isinf(value):
        return str(node.value)
    # 5.0 and 5 are one number to JSON, and Helm gives it back as 5.
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _endless(_: Any, node: yaml.ScalarNode) -> float:
    return float(str(node.value).replace(".", ""))


def _text(_: Any, node: yaml.ScalarNode) -> str:
    return str(node.value)


class _Loader(_LOADER):  # type: ignore[misc]
    """Tells the kinds of plain scalars as Helm does."""

    yaml_implicit_resolvers: Mapping[str, Any] = {}


for _kind, _pattern, _first in (
    ("bool", _BOOL, "yYnNtTfFoO"),
    ("null", _NULL, ["~", "n", "N", ""]),
    ("int", _INT, "-+0123456789"),
    ("float", _FLOAT, "-+.0123456789"),
    ("inf", _ENDLESS, "-+."),
    ("merge", re.compile("<<"), "<"),
):
    _Loader.add_implicit_resolver(
        f"{_TAG}{_kind}", re.compile(f"(?:{_pattern.pattern})\\Z"), list(_first)
    )

for _kind, _make in (
    ("bool", _bool),
    ("int", _int),
    ("float", _float),
    ("inf", _endless),
    ("timestamp", _text),
    ("merge", _text),
):
    _Constructor.add_constructor(f"{_TAG}{_kind}", _make)

HELM = Dialect(_Loader, _Constructor)
"""How Helm reads a values file."""


def as_json(document: Marked, file: str) -> Json:
    """The document's value as Helm turns it into JSON.

    Raises:
        ManifestError: something in it has no place in JSON: an endless number, a key that is null.
    """
    return _plain(document.value, (), Lines(document.mark), file)


def _plain(value: Any, path: tuple[Any, ...], lines: Lines, file: str) -> Json:
    if isinstance(value, Mapping):
        return {
            _key(key, (*path, key), lines, file): _plain(item, (*path, key), lines, file)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_plain(item, (*path, at), lines, file) for at, item in enumerate(value)]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, set):
        return dict.fromkeys(sorted(map(str, value)))
    if isinstance(value, float) and not math.isfinite(value):
        raise _unfit(f"{value} is no number of JSON, so Helm refuses it.", path, lines, file)
    return value


def _key(key: Any, path: tuple[Any, ...], lines: Lines, file: str) -> str:
    if key is None or isinstance(key, tuple):
        raise _unfit("This key is no text, so Helm refuses it.", path, lines, file)
    if isinstance(key, bool):
        return "true" if key else "false"
    return str(key)


def _unfit(message: str, path: tuple[Any, ...], lines: Lines, file: str) -> ManifestError:
    line = next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), 0)
    return ManifestError(message, remedy="Put it in quotes.", at=Position(file, line))
