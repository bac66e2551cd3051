"""Which Python has the flows' packages, and in what environment it is run."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from flowlift.errors import ConfigError

_KEPT = re.compile(
    r"""PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP|PYTHONPATH|PYTHONHOME
    |LD_LIBRARY_PATH|DYLD_\w+|VIRTUAL_ENV|CONDA_PREFIX|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC
    |PATHEXT|USERPROFILE|APPDATA|LOCALAPPDATA|JAVA_HOME|SPARK_HOME""",
    re.VERBOSE,
)
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASS|PWD|CREDENTIAL|AUTH|PRIVATE|COOKIE|SIGNATURE|CERT")
_OURS = re.compile(r"FLOWLIFT_|PREFECT_")
_LOGIN = re.compile(r"://[^/\s]*@")
_NAME = re.compile(r"[A-Za-z_]\w*")


def find_python(root: Path, python: str | None = None) -> str | None:
    """The interpreter that runs a repository's code: one that has Prefect, None where none has.

    It is the one that `python` names (a program on the PATH, or a path seen from `root`), else
    that of the repository's `.venv`, else our own.

    Raises:
        ConfigError: `python` names no program.
    """
    if python is not None:
        found = shutil.which(python) or shutil.which(str(root / python))
        if found is None:
            raise ConfigError(
                f"There is no interpreter {python!r}.",
                remedy="Set `python` in [tool.flowlift] to one that has the flows' packages.",
            )
        # A relative path would mean something else in the folder that the code is run in.
        return str(Path(found).absolute())
    for program in (".venv/bin/python", ".venv/Scripts/python.exe"):
        if (root / program).is_file() and _has_prefect(root / ".venv"):
            return str((root / program).absolute())
    return sys.executable if importlib.util.find_spec("prefect") else None


def fingerprint(python: str | None) -> str:
    """What changes when an interpreter, or a package that it has, is installed or removed."""
    if python is None:
        return "none"
    prefix = Path(python).parent.parent
    marks = [python, *(f"{site}:{site.stat().st_mtime_ns}" for site in _sites(prefix))]
    return hashlib.blake2b("\0".join(marks).encode(), digest_size=16).hexdigest()


def environment(given: Mapping[str, str], home: str, asked: Iterable[str] = ()) -> dict[str, str]:
    """The environment that a repository's code is run in: no secret is in it.

    Only what Python needs is handed on, and the variables `asked` for by the code of a flow, as
    its name may depend on them; never one whose name or value looks like a secret.
    """
    kept = {name: value for name, value in given.items() if _KEPT.fullmatch(name.upper())}
    kept |= {name: given[name] for name in asked if name in given and not _is_secret(name, given)}
    return {
        **kept,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
        "PREFECT_HOME": home,
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }


def asked_for(tree: ast.AST) -> frozenset[str]:
    """The environment variables that a file's code names: `os.getenv("X")`, `os.environ["X"]`."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            owner, key = node.func, node.args[0]
        elif isinstance(node, ast.Subscript):
            owner, key = node.value, node.slice
        else:
            continue
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            text = ast.unparse(owner)
            if ("environ" in text or "getenv" in text) and _NAME.fullmatch(key.value):
                found.add(key.value)
    return frozenset(found)


def _is_secret(name: str, given: Mapping[str, str]) -> bool:
    upper = name.upper()
    return bool(_SECRET.search(upper) or _OURS.match(upper) or _LOGIN.search(given[name]))


def _has_prefect(prefix: Path) -> bool:
    return any((site / "prefect" / "__init__.py").is_file() for site in _sites(prefix))


def _sites(prefix: Path) -> list[Path]:
    """The folders in which an interpreter's packages are installed."""
    patterns = ("lib/python3*/site-packages", "lib/python3*/dist-packages", "Lib/site-packages")
    return sorted(site for pattern in patterns for site in prefix.glob(pattern) if site.is_dir())


def is_our_own(python: str | None) -> bool:
    """Whether `python` is the interpreter that runs flowlift."""
    return python is not None and os.path.realpath(python) == os.path.realpath(sys.executable)
