"""What is said of a value that the configuration refuses, and where it stands."""

from __future__ import annotations

from typing import Any

import pytest
import tomli

from flowlift.config.mistakes import Mistake, find_mistake
from flowlift.config.settings import Settings


def mistake(toml: str) -> Mistake:
    return find_mistake(tomli.loads(toml), Settings)


@pytest.mark.parametrize(
    ("toml", "path", "meant"),
    [
        ("manifest = []", ("manifest",), "manifests"),
        ("env.dev.prunes = true", ("env", "dev", "prunes"), "prune"),
        ("env.image.shedules = 'on'", ("env", "image", "shedules"), "schedules"),
        (
            "env.dev.overrides.'a/*'.work_pol = {}",
            ("env", "dev", "overrides", "a/*", "work_pol"),
            "work_pool",
        ),
        ("verify.timeouts = 5", ("verify", "timeouts"), "timeout"),
        ("worker = [{}, { relese = 'x' }]", ("worker", "1", "relese"), "release"),
        ("worker = [{ host = { k3 = 'v1' } }]", ("worker", "0", "host", "k3"), "k3s"),
    ],
)
def test_an_unknown_key_names_the_nearest_one(toml: str, path: tuple[str, ...], meant: str):
    found = mistake(toml)
    assert found.path == path
    assert found.message == f"Unknown key {'.'.join(path)!r}: is {meant!r} meant?"


def test_an_unknown_key_that_is_near_none_names_its_table_and_all_that_are_known():
    found = mistake("verify.zzz = 5")
    assert found.message == "Unknown key 'verify.zzz' in [tool.flowlift.verify]."
    assert found.remedy == (
        "Known keys of [tool.flowlift.verify]: timeout, start-timeout, parameters, skip."
    )


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("env.dev.prune = 'x'", "env.dev.prune: true or false is expected."),
        ("env.dev.ref = 'x'", "env.dev.ref: 'branch' or 'default' is expected."),
        ("env = 3", "env: a table is expected."),
        ("manifests = 'a'", "manifests: a list is expected."),
        ("python = 3.12", "python: a text is expected."),
        ("ci.timeout = 1.5", "ci.timeout: a whole number is expected."),
        ("verify.timeout = 0", "verify.timeout: expected a number > 0.0."),
        ("checks.x = 'info'", "checks.x: 'error' or 'warning' or 'off' is expected."),
        ("image = {}", "image: it lacks the key `name`."),
        (
            "image = { name = 'ghcr.io/a/b', sbom = 3 }",
            "image.sbom: true or false or a text is expected.",
        ),
        (
            "env.dev.overrides.'a/*'.concurrency_limit = 'x'",
            "env.dev.overrides.a/*.concurrency_limit: a whole number or a table is expected.",
        ),
        ("worker = [{ secrets = [{ name = 'a', key = 3 }] }]", "worker.0.secrets.0.key: a text is"),
        ("sources = ['src', 3]", "sources.1: a text is expected."),
    ],
)
def test_a_wrong_value_is_told_in_the_words_of_toml(toml: str, said: str):
    assert mistake(toml).message.startswith(said)


def test_what_a_table_itself_refuses_is_found_at_the_key_that_it_names():
    found = mistake("ci = { runners = { dev = '${{ x }}' } }")
    assert found.path == ("ci", "runners", "dev")
    assert found.remedy == "Found '${{ x }}'. See docs/configuration.md."


def test_of_several_mistakes_the_first_in_the_file_is_told():
    assert mistake("python = 3\nmanifest = []").path == ("python",)
    assert mistake("manifest = []\npython = 3").path == ("manifest",)


@pytest.mark.parametrize("key", ["", ".", "größe", "a\x1b[2Jb", "'", "k" * 5_000])
def test_a_hostile_key_is_data(key: str):
    found = find_mistake({"verify": {key: 1}}, Settings)
    assert found.path == ("verify", key)
    assert found.message.isprintable()


@pytest.mark.parametrize("value", [{"prune": "x"}, {"prunes": True}])
def test_a_hostile_name_of_a_table_never_reaches_the_screen(value: dict[str, Any]):
    found = find_mistake({"env": {"a\x1b[2J\n::error::\u202e": value}}, Settings)
    assert found.path[1] == "a\x1b[2J\n::error::\u202e"
    assert found.message.isprintable()
    assert found.remedy.isprintable()


def test_a_hostile_pattern_never_reaches_the_screen():
    pattern = {"image": {"name": "ghcr.io/a/b", "version-pattern": "(?\x1b"}}
    assert find_mistake(pattern, Settings).message == (
        "image.version-pattern: no regular expression: unknown extension ?\\x1b at position 1."
    )


def test_a_value_that_fits_is_nobodys_mistake():
    fitting: dict[str, Any] = {"manifests": ["a.yaml"]}
    with pytest.raises(AssertionError):
        find_mistake(fitting, Settings)
