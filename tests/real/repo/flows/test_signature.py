"""What is read from a flow's source is what Prefect itself says of the flow: name, description,
and the schema of its parameters, key by key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flowlift.repo.entrypoint import Entrypoint, Unreadable
from flowlift.repo.flows import read_flows, reading
from tests.parts.flow_cases import (
    BESIDE,
    DOCSTRINGS,
    DOCUMENTED,
    FILES,
    HEADER,
    PARAMETERS,
    TO_BE_RUN,
)

pytest.importorskip("prefect")
pytestmark = pytest.mark.real

POSTPONED = "from __future__ import annotations\n"

READER = """
import json, sys
from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema
answers = []
for text in json.load(sys.stdin):
    try:
        flow = load_flow_from_entrypoint(text, use_placeholder_flow=False)
        schema = parameter_schema(flow).model_dump(exclude_unset=True)
        answers.append([flow.name, flow.description, schema])
    except BaseException as error:
        answers.append([type(error).__name__, str(error), None])
with open(sys.argv[1], "w") as file:
    json.dump(answers, file)
"""


def prefect_says(root: Path, texts: list[str]) -> dict[str, Any]:
    """Name, description and schema of each entrypoint, by Prefect in a process of its own."""
    answers = root / "answers.json"
    environment = {
        "PATH": os.environ["PATH"],
        "PREFECT_HOME": str(root / "home"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READER, str(answers)],
        input=json.dumps(texts),
        text=True,
        cwd=root,
        env=environment,
        check=True,
        capture_output=True,
    )
    return dict(zip(texts, json.loads(answers.read_text()), strict=True))


def write(root: Path, sources: dict[str, str]) -> list[str]:
    """A file for each source; its last line may name the flow in a comment."""
    texts = []
    for number, (key, source) in enumerate(sources.items()):
        file = root / f"case_{number}_{''.join(c if c.isalnum() else '_' for c in key[:30])}.py"
        file.write_text(source, encoding="utf-8")
        last = source.rstrip("\n").rpartition("\n")[2]
        texts.append(f"{file.name}:{last[1:] if last.startswith('#') else 'f'}")
    (root / "beside.py").write_text(BESIDE)
    return texts


def differences(root: Path, sources: dict[str, str]) -> list[str]:
    """What is not as Prefect says, in words; empty where all is the same."""
    texts = write(root, sources)
    said = prefect_says(root, texts)
    read = read_flows(root, [Entrypoint(text) for text in texts])
    found = []
    for key, text in zip(sources, texts, strict=True):
        flow = read[Entrypoint(text)]
        name, description, schema = said[text]
        if isinstance(flow, Unreadable):
            found.append(f"{key}: {flow} where Prefect has {said[text]}")
        elif schema is None:
            found.append(f"{key}: {flow} where Prefect fails: {said[text]}")
        # The one difference that is meant: an empty docstring is no description.
        elif (flow.name, flow.description, flow.schema) != (name, description or None, schema):
            found.append(f"{key}: {flow} where Prefect has {said[text]}")
    return found


@pytest.fixture
def never_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(python: str, root: Path, wanted: list[Any], **options: Any) -> Any:
        raise AssertionError(f"not read from its source: {[str(one.entrypoint) for one in wanted]}")

    monkeypatch.setattr(reading, "run", refuse)


@pytest.mark.usefixtures("never_run")
@pytest.mark.parametrize("first_line", ["", POSTPONED], ids=["evaluated", "postponed"])
def test_parameters_are_read_from_the_source_as_prefect_has_them(tmp_path, first_line):
    sources = {}
    for parameters in PARAMETERS:
        if first_line and "'" in parameters and ": '" in parameters:
            continue  # A text within a text: only running it tells.
        sources[parameters] = f"{first_line}{HEADER}\n@flow\ndef f({parameters}): ...\n"
    assert differences(tmp_path, sources) == []


@pytest.mark.usefixtures("never_run")
def test_docstrings_are_read_from_the_source_as_prefect_has_them(tmp_path):
    sources = {doc: f"from prefect import flow\n{DOCUMENTED.format(doc)}" for doc in DOCSTRINGS}
    assert differences(tmp_path, sources) == []


@pytest.mark.usefixtures("never_run")
def test_every_form_of_a_flow_is_read_from_the_source_as_prefect_has_it(tmp_path):
    assert differences(tmp_path, FILES) == []


def test_what_the_source_does_not_tell_is_read_by_running_it(tmp_path):
    assert differences(tmp_path, TO_BE_RUN) == []
