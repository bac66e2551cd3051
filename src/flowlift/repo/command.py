"""Runs git: with lists, without prompts, in a fixed language, and never in another repository."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import CompletedProcess

from flowlift.errors import GitError, InputError

# A hook or a wrapper may point git elsewhere; the folder that the user named is what counts.
_FOREIGN_VARIABLES = frozenset(
    {
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_COMMON_DIR",
        "GIT_PREFIX",
        "GIT_NAMESPACE",
        "GIT_LITERAL_PATHSPECS",
        "GIT_GLOB_PATHSPECS",
        "GIT_NOGLOB_PATHSPECS",
        "GIT_ICASE_PATHSPECS",
        "GIT_EXTERNAL_DIFF",
        "GIT_DIFF_OPTS",
    }
)

_logins: list[tuple[str, str]] = []
"""The logins in force, the last one counts. Threads that ask git share it."""


@contextmanager
def logged_in(login: tuple[str, str] | None) -> Iterator[None]:
    """Give git a header for all addresses that begin with a server's, while the block lasts.

    It goes to git alone, by its environment: neither into an argument nor into a file, nor to the
    code of flows and build steps. None changes nothing.
    """
    if login is None:
        yield
        return
    _logins.append(login)
    try:
        yield
    finally:
        _logins.pop()


def has_login(directory: Path) -> bool:
    """Whether a checkout has left a login of its own in the clone: that one is meant to be used."""
    asked = ("config", "--get-regexp", r"^http\..*extraheader$")
    return run(directory, *asked, ok=(0, 1)).returncode == 0


def command(*arguments: str) -> list[str]:
    """The words that call git with `arguments`."""
    return ["git", "-c", "core.quotepath=off", *arguments]


def environment() -> dict[str, str]:
    """The environment that git runs in: nothing asks for a password, messages are in English."""
    kept = {name: value for name, value in os.environ.items() if name not in _FOREIGN_VARIABLES}
    if _logins:
        server, header = _logins[-1]
        count = kept.get("GIT_CONFIG_COUNT", "")
        position = int(count) if count.isdecimal() else 0
        kept[f"GIT_CONFIG_KEY_{position}"] = f"http.{server}.extraheader"
        kept[f"GIT_CONFIG_VALUE_{position}"] = header
        kept["GIT_CONFIG_COUNT"] = str(position + 1)
    return kept | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}


def run(
    directory: Path,
    *arguments: str,
    ok: tuple[int, ...] | None = (0,),
    timeout: float | None = None,
) -> CompletedProcess[bytes]:
    """Run git in `directory` and give what it wrote.

    Args:
        directory: where git runs.
        arguments: git's own, the subcommand first.
        ok: the exit codes that are answers; None takes any.
        timeout: seconds until git is stopped.

    Raises:
        GitError: git is not installed, fails, or takes too long.
        InputError: an argument holds a character that no program can be given.
    """
    try:
        done = subprocess.run(
            command(*arguments),
            cwd=directory,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError:
        if not directory.is_dir():
            raise GitError(
                f"{directory} is not there any more.", remedy="Run flowlift in a folder that is."
            ) from None
        raise GitError("git is not installed.", remedy="Install git 2.30 or newer.") from None
    except (ValueError, UnicodeEncodeError):
        raise InputError(
            f"git cannot be given {arguments!r}.", remedy="Use names without control characters."
        ) from None
    except subprocess.TimeoutExpired:
        raise GitError(
            f"git {arguments[0]} did not answer within {timeout:.0f} s.",
            remedy="Check that the remote can be reached from here.",
        ) from None
    if ok is not None and done.returncode not in ok:
        raise failure(arguments[0], done.stderr)
    return done


def failure(subcommand: str, stderr: bytes) -> GitError:
    """The error for a call that git refused, in git's own words but without any password."""
    said = hide_credentials(stderr.decode(errors="replace").strip())
    remedy = "Run the same git command by hand to see more."
    if re.search(r"uthentication failed|could not read Username|Permission denied|403", said):
        remedy = "The remote refuses the login: check the token or key that git uses here."
    elif re.search(r"ould not resolve host|unable to access|Could not read from remote", said):
        remedy = "The remote cannot be reached: check its address and the network."
    return GitError(f"git {subcommand} failed: {said}", remedy=remedy)


def hide_credentials(text: str) -> str:
    """`text` with the user and password of every address in it replaced by `***`."""
    return re.sub(r"(?<=://)[^/\s'\"]+@", "***@", text)


def split(output: bytes) -> list[str]:
    """The parts of an output that is separated by NUL."""
    return output.decode(errors="surrogateescape").split("\0")[:-1]
