"""The interpreter that runs a repository's code, and what it gets to see."""

from __future__ import annotations

import ast
import os
import sys

import pytest

from flowlift.errors import ConfigError
from flowlift.repo.flows import find_python, interpreter

SECRETS = {
    "FLOWLIFT_DEV_API_URL": "https://api",
    "FLOWLIFT_PROD_API_KEY": "pnu_x",
    "PREFECT_API_KEY": "pnu_x",
    "PREFECT_API_AUTH_STRING": "a:b",
    "PREFECT_API_URL": "https://api",
    "GITHUB_TOKEN": "ghs_x",
    "CI_JOB_TOKEN": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "DB_PASSWORD": "x",
    "DATABASE_URL": "postgres://user:word@host/db",
    "HTTPS_PROXY": "http://user:word@proxy",
}


def test_no_secret_is_handed_on_even_where_the_code_asks_for_it():
    given = {**SECRETS, "PATH": "/bin", "HOME": "/home/a", "REGION": "north", "LC_ALL": "C"}
    seen = interpreter.environment(given, "/tmp/home", [*SECRETS, "REGION"])
    assert not SECRETS.keys() & seen.keys()
    assert not set(SECRETS.values()) & set(seen.values())
    assert (seen["PATH"], seen["REGION"], seen["LC_ALL"]) == ("/bin", "north", "C")
    assert seen["PREFECT_HOME"] == "/tmp/home"
    assert seen["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] == "false"


def test_what_the_code_does_not_ask_for_is_not_handed_on():
    assert "REGION" not in interpreter.environment({"REGION": "north"}, "/tmp/home")


def test_the_variables_that_the_code_names_are_found():
    source = """
import os
from os import environ, getenv
A = os.getenv("A"); B = os.environ["B"]; C = os.environ.get("C", "c"); D = environ["D"]
def f(x=getenv("E", "e")): ...
G = {"not": 1}["not"]; H = os.getenv(A); I = settings.get("I")
"""
    assert interpreter.asked_for(ast.parse(source)) == {"A", "B", "C", "D", "E"}


def make_venv(root, *, prefect: bool) -> None:
    site = root / ".venv" / "lib" / "python3.11" / "site-packages"
    site.mkdir(parents=True)
    (root / ".venv" / "bin").mkdir()
    (root / ".venv" / "bin" / "python").symlink_to(sys.executable)
    if prefect:
        (site / "prefect").mkdir()
        (site / "prefect" / "__init__.py").write_text("")


def test_the_repositorys_own_environment_comes_before_ours(tmp_path):
    make_venv(tmp_path, prefect=True)
    assert find_python(tmp_path) == str(tmp_path / ".venv" / "bin" / "python")


def test_an_environment_without_prefect_is_passed_over(tmp_path):
    make_venv(tmp_path, prefect=False)
    assert find_python(tmp_path) in (sys.executable, None)


def test_the_configured_interpreter_comes_first(tmp_path):
    make_venv(tmp_path, prefect=True)
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "python").symlink_to(sys.executable)
    assert find_python(tmp_path, "env/python") == str(tmp_path / "env" / "python")
    assert find_python(tmp_path, sys.executable) == sys.executable
    with pytest.raises(ConfigError) as raised:
        find_python(tmp_path, "env/pyton")
    assert "`python` in [tool.flowlift]" in raised.value.remedy


def test_an_installed_package_changes_the_fingerprint(tmp_path):
    make_venv(tmp_path, prefect=True)
    python = str(tmp_path / ".venv" / "bin" / "python")
    before = interpreter.fingerprint(python)
    assert interpreter.fingerprint(python) == before
    site = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages"
    (site / "pandas").mkdir()
    os.utime(site, ns=(1, 1))
    assert interpreter.fingerprint(python) != before
    assert interpreter.fingerprint(None) == "none"
