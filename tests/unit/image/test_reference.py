"""Names of images: what Docker takes them to mean, and tags that every registry accepts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlift.errors import InputError
from flowlift.image.reference import (
    DevTag,
    branch_tag,
    inputs_tag,
    is_inputs_tag,
    mirrored,
    parse,
    pull_request_tag,
    read_dev_tag,
)
from tests.parts.texts import ANY

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("python", "docker.io/library/python"),
        ("python:3.11-slim", "docker.io/library/python:3.11-slim"),
        ("index.docker.io/library/python", "docker.io/library/python"),
        ("acme/flows:1", "docker.io/acme/flows:1"),
        ("localhost/flows", "localhost/flows"),
        ("localhost:5000/flows", "localhost:5000/flows"),
        ("ghcr.io/acme/edp-flows:1.2.3", "ghcr.io/acme/edp-flows:1.2.3"),
        (f"ghcr.io/acme/flows:1@{DIGEST}", f"ghcr.io/acme/flows:1@{DIGEST}"),
        (f"ghcr.io/acme/flows@{DIGEST}", f"ghcr.io/acme/flows@{DIGEST}"),
        ("registry:5000/a/b_c/d--e", "registry:5000/a/b_c/d--e"),
    ],
)
def test_a_name_means_what_it_means_to_docker(text: str, means: str) -> None:
    assert str(parse(text)) == means


NO_NAMES = [
    *("", "ghcr.io/Acme/flows", "a b", "flows:", "flows:a b", "flows@sha256:12", "a//b", "-v"),
    *("https://ghcr.io/acme/flows", "flows:$(id)", "flows:" + "a" * 129),
]


@pytest.mark.parametrize("text", NO_NAMES)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse(text)


def test_a_digest_is_asked_for_before_a_tag() -> None:
    assert parse(f"a/b:1@{DIGEST}").at == DIGEST
    assert parse("a/b:1").at == "1"
    assert parse("a/b").at == "latest"


def test_a_mirror_may_have_a_path() -> None:
    base = parse("python:3.11")
    assert str(mirrored(base, "http://localhost:5000/")) == "localhost:5000/library/python:3.11"
    assert str(mirrored(base, "mirror.io/hub")) == "mirror.io/hub/library/python:3.11"


def test_the_tag_of_a_pull_request_reads_back() -> None:
    tag = pull_request_tag("1.4.0rc1", 12, "345")
    assert tag == "1.4.0rc1-pr-12-run-345"
    assert read_dev_tag(tag) == DevTag("1.4.0rc1", "12", "", "345")


def test_the_tag_of_a_branch_reads_back() -> None:
    assert branch_tag("1.4.0", "main", "7") == "1.4.0-branch-main-run-7"
    assert read_dev_tag("1.4.0-branch-main-run-7") == DevTag("1.4.0", "", "main", "7")


@pytest.mark.parametrize("tag", ["1.4.0", "latest", "inputs-0123456789abcdef", "1.4.0-pr-12"])
def test_other_tags_are_no_dev_tags(tag: str) -> None:
    assert read_dev_tag(tag) is None


def test_a_branch_with_shell_in_it_makes_a_harmless_tag() -> None:
    tag = branch_tag("1.0.0", "feat/$(touch${IFS}pwned);x", "1")
    assert parse(f"r.example/flows:{tag}").tag == tag
    assert not set("$();/{}") & set(tag)
    assert tag != branch_tag("1.0.0", "feat--touch-IFS-pwned--x", "1")


@given(st.text(ANY, min_size=1), st.text(ANY, min_size=1))
def test_any_numbers_of_a_ci_make_a_tag_that_reads_back(pull_request: str, run: str) -> None:
    tag = pull_request_tag("1.2.3", pull_request, run)
    assert parse(f"r.example/flows:{tag}").tag == tag
    read = read_dev_tag(tag)
    assert read is not None
    assert read.version == "1.2.3"


@given(st.text(ANY, min_size=1), st.text(ANY, min_size=1))
def test_any_branch_makes_a_tag_that_only_it_has(one: str, other: str) -> None:
    tags = {branch_tag("1.2.3", branch, "1") for branch in (one, other)}
    assert {parse(f"r.example/flows:{tag}").tag for tag in tags} == tags
    assert len(tags) == len({one, other})


def test_the_tag_of_inputs_is_recognised() -> None:
    assert inputs_tag(DIGEST) == "inputs-" + "a" * 16
    assert is_inputs_tag(inputs_tag(DIGEST))
    assert not is_inputs_tag("inputs-latest")
