"""Templates, and how a value is written so that the reader of the file gets the same value."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Mapping
from importlib.resources import files

import yaml


class _Template(string.Template):
    """`@@name` is replaced. Neither YAML, TOML, Docker nor Prefect's templates use that."""

    delimiter = "@@"


def render(template: str, values: Mapping[str, str]) -> str:
    """A template with its values, which are written as the file's format wants them."""
    text = (files(__package__) / "templates" / template).read_text(encoding="utf-8")
    return _Template(text).substitute(values)


def yaml_scalar(value: str) -> str:
    """A string as it stands behind a key in a block of YAML: plain where it can be."""
    plain = yaml.safe_dump(value, width=float("inf"), allow_unicode=True)
    return plain.removesuffix("...\n").removesuffix("\n")


def toml_string(value: str) -> str:
    """A string in TOML, whose basic strings escape as JSON does."""
    return json.dumps(value, ensure_ascii=False)


def markdown_text(value: str) -> str:
    """A string in Markdown that is shown as it is."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~&$-])", r"\\\1", value)
