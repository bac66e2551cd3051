"""Paths and globs as forges write them.

Each forge has its own dialect of globs, and none has ours. What one of them would read differently
becomes `*`, which fits more: a run too many finds nothing to do, a run too few is a change lost.
"""

from __future__ import annotations

import re

# Signs that GitHub, Gitea or GitLab give a meaning which ours does not have.
_SPECIAL = re.compile(r"[?+!\\{}()|@]")


def github(glob: str) -> str:
    """A glob in the language of GitHub's and Gitea's filters (`*` within a folder, `**` any)."""
    return _common(glob)


def gitlab(glob: str) -> str:
    """A glob in the language of GitLab's `changes` (Ruby's fnmatch: `**/` spans folders)."""
    common = _common(glob)
    if common == "**" or common.endswith("/**"):
        return f"{common}/*"
    return common


def branch(name: str) -> str:
    """A branch's name in GitHub's filter of branches: only this one."""
    return re.sub(r"([*?+\[\]!\\])", r"\\\1", name)


def _common(glob: str) -> str:
    folders = []
    for part in glob.removeprefix("./").rstrip("/").split("/"):
        if part == "**":
            folders.append(part)
            continue
        plain = re.sub(r"\[[^\]]*\]", _one_sign, part)
        # Two stars would span folders, where ours within a name do not.
        folders.append(re.sub(r"\*+", "*", _SPECIAL.sub("*", plain)))
    return "/".join(folders)


def _one_sign(found: re.Match[str]) -> str:
    inside = found[0][1:-1]
    harmless = len(inside) == 1 and inside not in "*?[" and not _SPECIAL.match(inside)
    return inside if harmless else "*"
