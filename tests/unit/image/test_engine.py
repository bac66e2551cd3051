"""The words that Docker is called with, and what its refusals are taken to mean."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flowlift.errors import EngineError
from flowlift.image.engine import Builder, BuildOrder, Docker, build_words, engine_error
from flowlift.image.reference import parse

MANY = Builder("many", ("linux/amd64", "linux/arm64"), attests=True)
PLAIN = Builder("default", ("linux/amd64",), attests=False)
ORDER = BuildOrder(
    tag=parse("ghcr.io/acme/flows:1.0.0-pr-1-run-2"),
    dockerfile=Path("/a b/Dockerfile"),
    context=Path("/a b"),
    platforms=("linux/amd64", "linux/arm64"),
    build_args={"A": "$(id); 'x'"},
    secrets={"index": "INDEX_PASSWORD"},
    annotations={"flowlift.inputs": "sha256:1"},
)


def words(order: BuildOrder = ORDER, builder: Builder = MANY) -> list[str]:
    return build_words(order, builder, Path("/m.json"))


def value(option: str, given: list[str]) -> str:
    return given[given.index(option) + 1]


def test_every_word_stands_alone() -> None:
    given = words()
    assert given[-1] == "/a b"
    assert value("--file", given) == "/a b/Dockerfile"
    assert value("--build-arg", given) == "A=$(id); 'x'"
    assert value("--platform", given) == "linux/amd64,linux/arm64"


def test_a_secret_is_named_and_its_value_is_nowhere() -> None:
    assert value("--secret", words()) == "id=index,env=INDEX_PASSWORD"


def test_a_builder_that_can_attests_and_annotates() -> None:
    given = words()
    assert "--provenance=mode=max" in given
    assert "--sbom=true" in given
    assert value("--annotation", given) == "index,manifest:flowlift.inputs=sha256:1"
    assert value("--label", given) == "flowlift.inputs=sha256:1"


def test_an_own_generator_and_no_provenance_can_be_asked_for() -> None:
    given = words(replace(ORDER, provenance="off", sbom="localhost:5000/generator:1"))
    assert "--sbom=generator=localhost:5000/generator:1" in given
    assert not any(word.startswith("--provenance") for word in given)


def test_one_platform_without_attestations_has_no_index_to_annotate() -> None:
    order = replace(ORDER, provenance="off", sbom=False, platforms=("linux/amd64",))
    assert value("--annotation", words(order)) == "manifest:flowlift.inputs=sha256:1"


def test_dockers_own_builder_gets_labels_only() -> None:
    given = words(replace(ORDER, platforms=("linux/amd64",)), PLAIN)
    assert "--annotation" not in given
    assert not any(word.startswith(("--sbom", "--provenance")) for word in given)
    assert value("--label", given) == "flowlift.inputs=sha256:1"


@pytest.mark.parametrize(
    ("stderr", "says", "remedy"),
    [
        ("docker: 'buildx' is not a docker command.", "no buildx", "Install buildx"),
        ("Cannot connect to the Docker daemon at unix:///x.", "No Docker engine", "DOCKER_HOST"),
        ("ERROR: a: pull access denied", "pull access denied", "docker login"),
        ("ERROR: write /x: no space left on device", "no space left", "Make room"),
        ("ERROR: dial tcp 127.0.0.1:40127: connection refused", "40127", "by hand"),
        ("", "it says nothing", "by hand"),
    ],
)
def test_a_refusal_says_what_to_do(stderr: str, says: str, remedy: str) -> None:
    error = engine_error(("buildx", "inspect"), stderr)
    assert says in error.message
    assert remedy in error.remedy


def test_a_machine_without_docker_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="docker is not installed"):
        Docker({"PATH": str(tmp_path)}).ask("version")


def test_without_an_engine_there_are_no_mirrors(tmp_path: Path) -> None:
    assert Docker({"PATH": str(tmp_path)}).mirrors() == ()
