"""Globs over a repository's paths: `*` and `?` stay within a folder, `**` spans folders."""

from __future__ import annotations

import re
from collections.abc import Iterable


class Matcher:
    """Tells whether a path, relative to the repository's root, matches one of some globs."""

    def __init__(self, globs: Iterable[str]) -> None:
        patterns = [_translate(_tidy(glob)) for glob in globs]
        self._pattern = re.compile("|".join(patterns) if patterns else r"(?!)", re.DOTALL)

    def matches(self, path: str) -> bool:
        """Whether `path` as a whole matches."""
        return self._pattern.fullmatch(path) is not None


def exact(path: str) -> str:
    """A glob for exactly this path."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in path)


def _tidy(glob: str) -> str:
    glob = glob.strip()
    while glob.startswith("./"):
        glob = glob[2:]
    return "" if glob == "." else glob.rstrip("/")


def _translate(glob: str) -> str:
    pattern, at = "", 0
    while at < len(glob):
        rest = glob[at:]
        if rest.startswith("**/") and (at == 0 or glob[at - 1] == "/"):
            pattern, at = pattern + "(?:[^/]+/)*", at + 3
        elif rest == "**" and (at == 0 or glob[at - 1] == "/"):
            pattern, at = pattern + ".+", at + 2
        elif rest[0] == "*":
            pattern, at = pattern + "[^/]*", at + 1
        elif rest[0] == "?":
            pattern, at = pattern + "[^/]", at + 1
        elif rest[0] == "[" and (found := re.match(r"\[(!?)(\]?[^\]/]*)\]", rest)):
            inside = found[2].replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^")
            pattern, at = pattern + f"[{'^/' if found[1] else ''}{inside}]", at + found.end()
        else:
            pattern, at = pattern + re.escape(rest[0]), at + 1
    return pattern
