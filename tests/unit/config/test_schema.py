"""The published JSON schema of the configuration."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import tomli

from flowlift.config import schema
from flowlift.scaffold import write_platform
from tests.parts.root import ROOT

PUBLISHED = ROOT / "docs/config.schema.json"


def test_the_published_schema_is_current():
    current = json.loads(json.dumps(schema()))
    assert json.loads(PUBLISHED.read_text()) == current, "run `make schema`"


def test_the_schema_accepts_what_init_writes_and_refuses_an_unknown_key(tmp_path: Path):
    write_platform(tmp_path, name="acme", remote_url=None, default_branch="main")
    written = tomli.loads((tmp_path / "pyproject.toml").read_text())["tool"]["flowlift"]
    published = json.loads(PUBLISHED.read_text())
    jsonschema.validate(written, published)
    alone = written | {"worker": {"release": "edp"}}
    jsonschema.validate(alone, published)
    jsonschema.validate(alone | {"worker": [alone["worker"]]}, published)
    with pytest.raises(jsonschema.ValidationError, match="manifest"):
        jsonschema.validate(written | {"manifest": []}, published)
