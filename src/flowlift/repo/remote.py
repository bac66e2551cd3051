"""Names that a repository and its branches go by, on this machine and on others."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from flowlift.errors import InputError
from flowlift.repo.command import run

_LOCAL = "local"
_PLAIN_BRANCH = re.compile(r"(?!HEAD$)[A-Za-z0-9_]+(?:[-/][A-Za-z0-9_]+)*", re.ASCII)
_SCP = re.compile(r"(?:[^@/\\]+@)?(?P<host>\[[^\]]+\]|[^:/\\\[\]]{2,}):(?P<path>(?!//).+)")


def normalize_remote(url: str) -> str:
    """One name for a repository, however its address is written: `github.com/acme/platform`.

    User, password, port and `.git` are dropped, the host is in lower case. A repository on this
    machine is `local/NAME`: its folder differs from machine to machine, its name does not.
    """
    url = url.strip()
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", url):
        parts = urlsplit(url)
        host, path = parts.hostname or "", unquote(parts.path)
        if parts.scheme.lower() == "file":
            host = ""
    elif found := _SCP.fullmatch(url):
        host, path = found["host"].strip("[]"), found["path"]
    else:
        host, path = "", url
    path = "/".join(part for part in re.split(r"[/\\]+", path) if part).removesuffix(".git")
    if host:
        return f"{host.lower()}/{path}"
    return f"{_LOCAL}/{_last(url)}"


def _last(url: str) -> str:
    tidy = re.sub(r"[?#].*$", "", url.strip()).rstrip("/\\")
    last = re.split(r"[/\\:]", tidy)[-1]
    return last.removesuffix(".git")


def check_branch(name: str) -> None:
    """Make sure that `name` can be a branch.

    Raises:
        InputError: git does not allow it, or it would be read as an option.
    """
    if _PLAIN_BRANCH.fullmatch(name):  # what git need not be asked about
        return
    anywhere = Path(__file__).parent
    allowed = bool(name) and not name.startswith("-") and "\0" not in name
    if allowed:
        # `--branch` alone takes "@{-1}", which means another branch, and the plain form "HEAD".
        checks = (["--branch", name], [f"refs/heads/{name}"])
        allowed = all(
            run(anywhere, "check-ref-format", *check, ok=None).returncode == 0 for check in checks
        )
    if not allowed:
        raise InputError(
            f"{name!r} cannot be the name of a branch.",
            remedy="Give a branch that exists; `git branch --all` lists them.",
        )
