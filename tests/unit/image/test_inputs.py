"""The digest of an image's inputs: the same for the same inputs, another for any other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flowlift.image.inputs import ImageInputs, InputFile, content_digest

FILE = InputFile("pyproject.toml", "file", content_digest(b"x"))
INPUTS = ImageInputs(
    dockerfile="Dockerfile",
    context=".",
    target="",
    files=(FILE, InputFile("uv.lock", "file", content_digest(b"y"))),
    bases={"docker.io/library/python:3.12": "sha256:1"},
    platforms=("linux/amd64", "linux/arm64"),
    build_args={"A": "1"},
)


def test_the_order_of_files_and_platforms_does_not_matter() -> None:
    other = replace(
        INPUTS,
        files=tuple(reversed(INPUTS.files)),
        platforms=tuple(reversed(INPUTS.platforms)),
    )
    assert other.digest == INPUTS.digest
    assert INPUTS.digest.startswith("sha256:")


@pytest.mark.parametrize(
    "change",
    [
        {"dockerfile": "other"},
        {"context": "docker"},
        {"target": "slim"},
        {"files": (FILE,)},
        {"files": (replace(FILE, mode="executable"), INPUTS.files[1])},
        {"files": (replace(FILE, sha256="0"), INPUTS.files[1])},
        {"files": (replace(FILE, path="a"), INPUTS.files[1])},
        {"platforms": ("linux/amd64",)},
        {"build_args": {}},
        {"build_args": {"A": "2"}},
    ],
)
def test_whatever_the_repository_says_counts(change: dict[str, object]) -> None:
    other = replace(INPUTS, **change)  # type: ignore[arg-type]
    assert other.sources != INPUTS.sources
    assert other.digest != INPUTS.digest


def test_a_base_image_counts_for_the_build_but_not_for_the_sources() -> None:
    other = replace(INPUTS, bases={"docker.io/library/python:3.12": "sha256:2"})
    assert other.sources == INPUTS.sources
    assert other.digest != INPUTS.digest


def test_a_name_that_is_no_text_still_has_a_digest() -> None:
    odd = replace(FILE, path=b"caf\xe9".decode("utf-8", "surrogateescape"))
    assert replace(INPUTS, files=(odd,)).digest


def test_ignored_tables_do_not_count() -> None:
    plain = b'[project]\nversion = "1"\n'
    with_ruff = plain + b"[tool.ruff]\nline-length = 80\n"
    other_ruff = plain + b"[tool.ruff]\nline-length = 90\n[tool.ruff.lint]\nselect = []\n"
    assert content_digest(with_ruff, ["tool.ruff"]) == content_digest(other_ruff, ["tool.ruff"])
    assert content_digest(with_ruff, ["tool.ruff"]) == content_digest(plain, ["tool.ruff"])
    assert content_digest(with_ruff) != content_digest(other_ruff)


def test_other_tables_still_count() -> None:
    one = b'[project]\ndependencies = ["a"]\n'
    two = b'[project]\ndependencies = ["b"]\n'
    assert content_digest(one, ["tool.ruff"]) != content_digest(two, ["tool.ruff"])


def test_a_broken_file_counts_as_it_is() -> None:
    assert content_digest(b"[", ["tool.ruff"]) == content_digest(b"[")
    assert content_digest(b"\xff", ["tool.ruff"]) == content_digest(b"\xff")
