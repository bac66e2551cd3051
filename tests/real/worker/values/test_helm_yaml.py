"""Values as Helm reads them: each way to write a scalar, through real Helm 3 and 4."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from flowlift.errors import ManifestError
from flowlift.plan.json_diff import same
from flowlift.repo import yaml_lines
from flowlift.worker.values.helm_yaml import HELM, as_json
from flowlift.worker.values.values import read_values
from tests.parts.given import MissingPartError, given, missing
from tests.parts.worker_values import IMAGE, PLACEHOLDER, values_text

pytestmark = pytest.mark.real

SCALARS = """\
y Y n N yes Yes YES yEs no on off ON Off oN true True TRUE tRUE false null Null NULL nULL ~ nil
0 -0 +1 -1 0123 -0123 +0123 0_7 00 007 08 09 0800 0o17 0o8 0O17 0b11 -0b11 0b 0b2 0x1F 0X1f +0x1F
0x 0xdeadbeef 0xdeadbeefdeadbeefdead 1_000 1__0 _1 1_ 9223372036854775807 18446744073709551615
-9223372036854775808 -9223372036854775809 100000000000000000000 1,000 1.2.3 1e3 1E3 1e+3 1e-3 12e03
1e .e1 1.5e3 1.5e-3 0.1e1 1e400 -1e400 .5 -.5 +.5 5. 1. 1.0 1.00 -0.0 0.0 . ... .1e3 1.e3 1_0.5
1_0e1 +1.5 -1.5 = <<x 1:30 190:20:30 1:30.5 2024-01-02 2024-01-02T03:04:05Z 2024-1-2 0.5.5 - --- +
'08' "yes" '1e3' "2024-01-02" !!str 1 !!float 3 !!int 0123 !!binary aGVsbG8= !!bool yes v1.2.3"""
KEYS = "{2: a, 0x10: b, 1.5: c, 2024-01-02: d, yes: e, 1e2: f}"


def scalars() -> list[str]:
    """The scalars; a tag belongs to the word behind it."""
    found: list[str] = []
    words = iter(SCALARS.split())
    for word in words:
        found.append(f"{word} {next(words)}" if word.startswith("!!") else word)
    return [word for word in found if word not in {"-", "---", "..."}]


@pytest.fixture(params=["FLOWLIFT_TEST_HELM_3", "FLOWLIFT_TEST_HELM"], ids=["helm-3", "helm-4"])
def helm(request: pytest.FixtureRequest) -> str:
    try:
        return given(request.param, "cluster")
    except MissingPartError as reason:
        missing(str(reason))


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """A chart that shows its values as Helm has them."""
    (tmp_path / "chart/templates").mkdir(parents=True)
    about = "apiVersion: v2\nname: probe\nversion: 0.0.1\n"
    (tmp_path / "chart/Chart.yaml").write_text(about)
    shown = '{{ omit .Values "global" | toJson | quote }}'
    (tmp_path / "chart/templates/shown.yaml").write_text(f"out: {shown}\n")
    return tmp_path / "chart"


def ask(helm: str, chart: Path, text: str) -> Any:
    """The values that Helm makes of `text`, None where it refuses it."""
    done = subprocess.run(
        [helm, "template", "probe", str(chart), "--values", "-"],
        input=text,
        env={"PATH": os.environ["PATH"], "HOME": str(chart.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return None
    line = next(line for line in done.stdout.splitlines() if line.startswith("out: "))
    return json.loads(yaml.safe_load(line)["out"])


def test_every_way_to_write_a_scalar_means_what_it_means_to_helm(helm: str, chart: Path) -> None:
    listed = scalars()
    text = "".join(f"v{number}: {word}\n" for number, word in enumerate(listed))
    theirs = ask(helm, chart, text + f"keys: {KEYS}\n")
    ours = as_json(yaml_lines.read(text + f"keys: {KEYS}\n", "f", HELM), "f")
    differing = {
        word: (theirs[f"v{number}"], ours[f"v{number}"])
        for number, word in enumerate(listed)
        if not same(theirs.get(f"v{number}"), ours[f"v{number}"], "as doubles")
    }
    assert differing == {}
    assert same(theirs["keys"], ours["keys"])


@pytest.mark.parametrize("text", ["a: .inf\n", "a: -.INF\n", "a: .nan\n", "~: 1\n", "- a\n"])
def test_what_helm_refuses_is_refused(helm: str, chart: Path, text: str) -> None:
    assert ask(helm, chart, text) is None
    with pytest.raises(ManifestError):
        read_values(text, "f", placeholder=PLACEHOLDER, image=None)


def test_helm_gets_the_same_from_our_json_as_from_the_file(helm: str, chart: Path) -> None:
    text = values_text()
    ours = read_values(text, "f", placeholder=PLACEHOLDER, image=IMAGE).data
    from_file = ask(helm, chart, text.replace(PLACEHOLDER, IMAGE))
    assert ask(helm, chart, json.dumps(ours)) == from_file
    assert same(ours, from_file)
