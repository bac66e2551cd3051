"""The image's version: where it stands, and which may come next.

Versions are read as PEP 440 has them, and are valid as tags of registries: `1.4.0`, or a
pre-release as `1.4.0rc1`. The rule is in docs/image.md ("Versions").
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import tomli
from packaging.version import InvalidVersion, Version

from flowlift.errors import Position, VersionError

_PHASES = ("a", "b", "rc")
_FIRST_LINE = 1
_PARTS = 3


@dataclass(frozen=True, slots=True)
class Found:
    """A version as PEP 440 reads it, and where it stands."""

    version: Version
    at: Position

    def __str__(self) -> str:
        """The version as tags have it."""
        return str(self.version)


def read_version(text: str, file: str, pattern: str | None = None) -> Found:
    """The version that `text`, the content of `file`, declares.

    With a `pattern` it is the pattern's first group; in a TOML file [project].version or
    [tool.poetry].version; else the whole text.

    Raises:
        VersionError: there is none, or it cannot be one of an image.
    """
    if pattern is not None:
        written, line = _matched(text, file, pattern)
    elif file.endswith(".toml"):
        written, line = _declared(text, file)
    else:
        written, line = text.strip(), _FIRST_LINE
    at = Position(file, line)
    return Found(_parsed(written, at), at)


def version_before(text: str, file: str, pattern: str | None = None) -> Version | None:
    """The version that an older state of the file declared, None where it declared none.

    Any version will do: it is history, and cannot be corrected any more.
    """
    try:
        if pattern is not None:
            return Version(_matched(text, file, pattern)[0])
        return Version(_declared(text, file)[0] if file.endswith(".toml") else text.strip())
    except (VersionError, InvalidVersion):
        return None


def allowed_next(base: Version) -> tuple[Version, ...]:
    """The versions that may follow `base`: the three that are named to the user.

    After a release the next patch, minor and major; after a pre-release its next number, the first
    of the next phase (a, b, rc), and the release itself.
    """
    major, minor, patch = (*base.release, 0, 0)[:_PARTS]
    if base.is_prerelease and base.pre is not None:
        phase, number = base.pre
        later = _PHASES[_PHASES.index(phase) + 1 :]
        release = base.base_version
        following = [
            f"{release}{phase}{number + 1}",
            *(f"{release}{p}1" for p in later[:1]),
            release,
        ]
        return tuple(Version(text) for text in following)
    if base.is_devrelease:
        return (Version(base.base_version),)
    return (
        Version(f"{major}.{minor}.{patch + 1}"),
        Version(f"{major}.{minor + 1}.0"),
        Version(f"{major + 1}.0.0"),
    )


def may_follow(version: Version, base: Version) -> bool:
    """Whether `version` may be the next one after `base`.

    Besides what `allowed_next` names: the first pre-release (number 0 or 1) of a next release, and
    of any later phase.
    """
    steps = allowed_next(base)
    if version in steps:
        return True
    if version.pre is None or version.pre[1] > 1:
        return False
    if base.pre is not None:
        same = Version(base.base_version) == Version(version.base_version)
        return same and _PHASES.index(version.pre[0]) > _PHASES.index(base.pre[0])
    return Version(version.base_version) in steps


def check_step(found: Found, base: Version | None, since: str) -> None:
    """Make sure that `found` may come after `base`, the version of `since`.

    Raises:
        VersionError: it may not; the message names the versions that may.
    """
    if base is None or may_follow(found.version, base):
        return
    allowed = allowed_next(base)
    choices = ", ".join(str(version) for version in allowed)
    if base.pre is None:
        choices += f" (or a first pre-release of one of them, as {allowed[-1].base_version}rc1)"
    if found.version == base:
        said = f"The image changes, but its version is still {found}, as on {since}."
    elif found.version < base:
        said = f"{found} is older than {base}, the version on {since}."
    else:
        said = f"{found} cannot come after {base}, the version on {since}."
    raise VersionError(
        said,
        remedy=f"Set it to one of {choices}.",
        at=found.at,
    )


def _parsed(written: str, at: Position) -> Version:
    try:
        version = Version(written)
    except InvalidVersion:
        raise VersionError(
            f"{written[:80]!r} is not a version.",
            remedy="Write three numbers, as 1.4.0, or a pre-release, as 1.4.0rc1 (PEP 440).",
            at=at,
        ) from None
    if version.local:
        raise VersionError(
            f"{written} has a local part, and a registry's tag cannot hold a '+'.",
            remedy=f"Leave it out: {version.public}.",
            at=at,
        )
    parts = {
        "an epoch": version.epoch or None,
        "a .dev part": version.dev,
        "a .post part": version.post,
    }
    for part, value in parts.items():
        if value is not None:
            raise VersionError(
                f"{written} has {part}, which an image's version cannot have.",
                remedy=f"Write {version.base_version}: builds before a release have own tags.",
                at=at,
            )
    if len(version.release) > _PARTS:
        raise VersionError(
            f"{written} has more than three numbers.",
            remedy="Write MAJOR.MINOR.PATCH.",
            at=at,
        )
    return version


def _matched(text: str, file: str, pattern: str) -> tuple[str, int]:
    found = re.search(pattern, text, re.MULTILINE)
    if not found or not found[1]:
        raise VersionError(
            f"The pattern {pattern!r} finds no version.",
            remedy="Correct `version-pattern` in [tool.flowlift.image], or the file.",
            at=Position(file),
        )
    return found[1], text.count("\n", 0, found.start(1)) + 1


def _declared(text: str, file: str) -> tuple[str, int]:
    try:
        document = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise VersionError(
            f"This is not TOML: {error}", remedy="Mend the file.", at=Position(file)
        ) from None
    project, poetry = document.get("project", {}), document.get("tool", {}).get("poetry", {})
    for table, name in ((project, "project"), (poetry, "tool.poetry")):
        if isinstance(table, dict) and "version" in table:
            line = _line_of(text, name)
            if not isinstance(table["version"], str):
                raise VersionError(
                    f"The version in [{name}] is no text.",
                    remedy='Quote it: version = "1.4.0".',
                    at=Position(file, line),
                )
            return table["version"], line
    if "version" in (project.get("dynamic") or ()):
        raise VersionError(
            "The version is dynamic: it does not stand in the file.",
            remedy="Name the file that has it with `version-from` in [tool.flowlift.image].",
            at=Position(file, _line_of(text, "project", "dynamic")),
        )
    raise VersionError(
        "There is no version in [project] or [tool.poetry].",
        remedy='Add version = "0.1.0" to [project], or set `version-from`.',
        at=Position(file),
    )


def _line_of(text: str, table: str, key: str = "version") -> int:
    """The line of a key: TOML readers keep no marks, so the table's text is searched."""
    inside = False
    own, dotted = (rf"\s*[\"']?{name}[\"']?\s*=" for name in (key, re.escape(f"{table}.{key}")))
    for number, line in enumerate(text.splitlines(), start=1):
        if opened := re.match(r"\s*\[\s*([^\[\]]+?)\s*\]", line):
            inside = opened[1].replace(" ", "") == table
        elif re.match(own if inside else dotted, line):
            return number
    return 0
