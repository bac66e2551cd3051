"""Versions: where they stand, and which may come next."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from flowlift.errors import VersionError
from flowlift.image.version import (
    allowed_next,
    check_step,
    may_follow,
    read_version,
    version_before,
)

PROJECT = '[project]\nname = "flows"\nversion = "1.4.0"\n'


def test_the_version_of_a_project_has_its_line() -> None:
    found = read_version(PROJECT, "pyproject.toml")
    assert (str(found), str(found.at)) == ("1.4.0", "pyproject.toml:3")


def test_the_version_of_a_poetry_project_is_found() -> None:
    text = '[tool.black]\nversion = "9"\n[tool.poetry]\nversion = "0.3.1"\n'
    found = read_version(text, "pyproject.toml")
    assert (str(found), found.at.line) == ("0.3.1", 4)


@pytest.mark.parametrize(
    ("text", "line"),
    [('project.version = "1.0.0"\n', 1), ('[ project ]\n"version" = "1.0.0"\n', 2)],
)
def test_other_ways_to_write_the_same_toml_have_their_line_too(text: str, line: int) -> None:
    assert read_version(text, "pyproject.toml").at.line == line


def test_a_pattern_finds_the_version_in_any_file() -> None:
    text = 'import x\n__version__ = "2.0.1"\n'
    found = read_version(text, "src/a/__init__.py", r'^__version__ = "([^"]+)"')
    assert (str(found), found.at.line) == ("2.0.1", 2)


def test_a_file_may_hold_nothing_but_the_version() -> None:
    assert str(read_version("1.2.3\n", "VERSION")) == "1.2.3"


@pytest.mark.parametrize(
    ("text", "file", "says"),
    [
        ('[project]\nversion = "one"\n', "pyproject.toml", "'one' is not a version"),
        ('[project]\nversion = "1.0.0+local.1"\n', "pyproject.toml", "cannot hold a '+'"),
        ('[project]\nversion = "1!1.0.0"\n', "pyproject.toml", "an epoch"),
        ('[project]\nversion = "1.0.0.dev3"\n', "pyproject.toml", "a .dev part"),
        ('[project]\nversion = "1.0.0.post1"\n', "pyproject.toml", "a .post part"),
        ('[project]\nversion = "1.0.0.0"\n', "pyproject.toml", "more than three numbers"),
        ("[project]\nversion = 1.0\n", "pyproject.toml", "is no text"),
        ('[project]\ndynamic = ["version"]\n', "pyproject.toml", "is dynamic"),
        ("[project\n", "pyproject.toml", "not TOML"),
        ("[tool.ruff]\n", "pyproject.toml", "no version in [project]"),
        ("hello world", "VERSION", "'hello world' is not a version"),
        ("", "VERSION", "'' is not a version"),
    ],
)
def test_what_is_no_version_of_an_image_is_refused_with_its_place(
    text: str, file: str, says: str
) -> None:
    with pytest.raises(VersionError, match=says.replace("[", r"\[").replace("+", r"\+")) as caught:
        read_version(text, file)
    assert caught.value.exit_code == 2
    assert caught.value.at is not None
    assert caught.value.at.file == file
    assert caught.value.remedy


def test_a_pattern_that_finds_nothing_is_said() -> None:
    with pytest.raises(VersionError, match="finds no version"):
        read_version("x = 1\n", "a.py", r'version = "(.+)"')


@pytest.mark.parametrize(
    ("base", "allowed"),
    [
        ("1.4.0", ["1.4.1", "1.5.0", "2.0.0"]),
        ("1.4", ["1.4.1", "1.5.0", "2.0.0"]),
        ("2024.11.3", ["2024.11.4", "2024.12.0", "2025.0.0"]),
        ("0.0.0", ["0.0.1", "0.1.0", "1.0.0"]),
        ("1.5.0a1", ["1.5.0a2", "1.5.0b1", "1.5.0"]),
        ("1.5.0b2", ["1.5.0b3", "1.5.0rc1", "1.5.0"]),
        ("1.5.0rc1", ["1.5.0rc2", "1.5.0"]),
        ("1.4.0.post2", ["1.4.1", "1.5.0", "2.0.0"]),
        ("1.5.0.dev0", ["1.5.0"]),
    ],
)
def test_exactly_the_next_versions_are_allowed(base: str, allowed: list[str]) -> None:
    assert [str(version) for version in allowed_next(Version(base))] == allowed


@pytest.mark.parametrize(
    ("version", "base", "may"),
    [
        ("1.5.0", "1.4.7", True),
        ("1.5", "1.4.7", True),
        ("1.6.0", "1.4.7", False),
        ("1.4.9", "1.4.7", False),
        ("1.5.1", "1.4.7", False),
        ("1.4.7", "1.4.7", False),
        ("1.4.6", "1.4.7", False),
        ("1.5.0rc1", "1.4.7", True),
        ("2.0.0a0", "1.4.7", True),
        ("1.5.0rc2", "1.4.7", False),
        ("1.6.0rc1", "1.4.7", False),
        ("1.5.0rc1", "1.5.0a3", True),
        ("1.5.0a5", "1.5.0a3", False),
        ("1.5.0a2", "1.5.0a3", False),
        ("1.5.0b1", "1.5.0rc1", False),
        ("1.6.0", "1.5.0rc1", False),
        ("1.6.0rc1", "1.5.0rc1", False),
    ],
)
def test_whether_a_version_may_follow(version: str, base: str, may: bool) -> None:
    assert may_follow(Version(version), Version(base)) is may


def test_a_refusal_names_the_three_versions_and_the_line() -> None:
    found = read_version('[project]\nversion = "1.9.0"\n', "pyproject.toml")
    with pytest.raises(VersionError) as caught:
        check_step(found, Version("1.4.0"), "main")
    assert str(caught.value.at) == "pyproject.toml:2"
    assert "1.9.0 cannot come after 1.4.0, the version on main" in caught.value.message
    assert "1.4.1, 1.5.0, 2.0.0" in caught.value.remedy


def test_a_version_that_stayed_says_so() -> None:
    found = read_version(PROJECT, "pyproject.toml")
    with pytest.raises(VersionError, match=r"its version is still 1\.4\.0"):
        check_step(found, Version("1.4.0"), "main")


def test_the_first_version_may_be_any() -> None:
    check_step(read_version(PROJECT, "pyproject.toml"), None, "main")


def test_an_older_state_without_a_version_had_none() -> None:
    assert version_before("[project]\n", "pyproject.toml") is None
    assert version_before("nonsense", "VERSION") is None
    assert version_before("1.0.0+local", "VERSION") == Version("1.0.0+local")


_NUMBER = st.integers(min_value=0, max_value=3000)


@given(_NUMBER, _NUMBER, _NUMBER, st.sampled_from(["", "a1", "b2", "rc9"]))
def test_every_allowed_version_is_newer_and_may_follow(x: int, y: int, z: int, pre: str) -> None:
    base = Version(f"{x}.{y}.{z}{pre}")
    for version in allowed_next(base):
        assert version > base
        assert may_follow(version, base)
