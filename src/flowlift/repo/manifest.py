"""Finds a repository's manifests and reads what they declare, line by line."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flowlift.errors import ManifestError, Position
from flowlift.findings import Finding, Json, Level
from flowlift.plan.model import Declared, Steps
from flowlift.repo import yaml_lines
from flowlift.repo.garbage import uncollected
from flowlift.repo.globs import Matcher
from flowlift.repo.yaml_lines import Lines, Mark

_IGNORE = re.compile(r"(?:^|\s)#[^#\n]*?flowlift:\s*ignore\[([^\]\n]*)\]")
_ANCHOR = re.compile(r"(?:^|[\s:,\[{-])&[\w-]+")
_NOWHERE = Mark(0, {})
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Manifest:
    """A `prefect.yaml` as it stands at one ref.

    `data` is the whole document, {} where the file is empty, `lines` has the line of each of its
    keys, and `anchored` are those that hold an anchor. `findings` are what is wrong with it as
    YAML; what Prefect makes of it is checked elsewhere.
    """

    file: str
    data: Mapping[str, Json]
    lines: Mapping[str, int]
    declared: tuple[Declared, ...]
    findings: tuple[Finding, ...] = ()
    anchored: frozenset[str] = frozenset()

    def rooted(self, root: str) -> Manifest:
        """The same, with entrypoints relative to the folder `root` ("" is the repository's)."""
        declared = tuple(replace(entry, root=root) for entry in self.declared)
        return replace(self, declared=declared)


def find(files: Iterable[str], globs: Iterable[str]) -> list[str]:
    """The manifests among `files`, sorted.

    A path with `{{` in a folder's or the file's name is a template of a repository to be, and
    never taken.
    """
    wanted = Matcher(globs)
    return sorted(path for path in set(files) if "{{" not in path and wanted.matches(path))


def elsewhere(files: Iterable[str]) -> list[str]:
    """Files that look like manifests by their names, those nearest to the root first."""
    likely = find(files, ("**/prefect.yaml", "**/prefect.*.yaml", "**/prefect[-_]*.yaml"))
    return sorted(likely, key=lambda path: (path.count("/"), path))


@uncollected()
def read(text: str | bytes, file: str) -> Manifest:
    """Read a manifest.

    Args:
        text: the content; bytes are taken as UTF-8, as Prefect takes them.
        file: its path in the repository, for positions.

    Raises:
        ManifestError: it is not YAML, or not a mapping; see `yaml_lines.read` for more.
    """
    if isinstance(text, bytes):
        text = _decoded(text, file)
    document = yaml_lines.read(text, file)
    data = {} if document.value is None else document.value
    if not isinstance(data, dict):
        raise ManifestError(
            f"This is {_kind(data)}, not a mapping with `deployments`.",
            remedy="Start the file with `deployments:` and list the deployments below it.",
            at=Position(file, document.mark.line),
        )
    ignored = _ignored(text)
    findings = [
        Finding(
            check="duplicate-key",
            level=Level.ERROR,
            message=f"`{twice.key}` stands here and on line {twice.first}: only this one counts.",
            remedy="Remove one of the two, or merge them.",
            file=file,
            line=twice.line,
        )
        for twice in document.duplicates
        if "duplicate-key" not in ignored.get(twice.line, ())
    ]
    entries = data.get("deployments")
    marked = document.mark.inside.get("deployments", _NOWHERE)
    shared = _Shared(data, document.mark)
    declared = []
    for at, entry in enumerate(entries if isinstance(entries, list) else ()):
        mark = marked.inside.get(at, _NOWHERE)
        if isinstance(entry, dict):
            declared.append(shared.declare(entry, mark, file, ignored))
        else:
            findings.append(
                Finding(
                    check="wrong-type",
                    level=Level.ERROR,
                    message=f"This entry of `deployments` is {_kind(entry)}, not a mapping.",
                    remedy="Write `- name: ...` with the other keys below it, or remove it.",
                    file=file,
                    line=mark.line,
                )
            )
    lines = {key: mark.line for key, mark in document.mark.inside.items()}
    return Manifest(
        file=file,
        data=data,
        lines=lines,
        anchored=_anchored(text, lines),
        declared=tuple(declared),
        findings=tuple(findings),
    )


def working_root(
    manifest: Manifest, files: Collection[str], configured: Mapping[str, str]
) -> str | Finding:
    """The folder that a manifest's entrypoints are relative to; "" is the repository's root.

    It is the configured one, else the folder, from the repository's root down to the manifest's,
    in which most of its files exist. Where several have all of them, a finding names these, and
    the repository's root is to be taken. Where none has any, it is the repository's root.

    Args:
        manifest: what was read.
        files: every path of the repository.
        configured: from a glob of manifests to a folder, as in `[tool.flowlift.roots]`.
    """
    for glob, folder in configured.items():
        if Matcher([glob]).matches(manifest.file):
            tidy = posixpath.normpath(folder.strip().strip("/") or ".")
            return "" if tidy == "." else tidy
    wanted = {path for entry in manifest.declared if (path := _file_of(entry.entrypoint))}
    parts = manifest.file.split("/")[:-1]
    candidates = ["/".join(parts[:end]) for end in range(len(parts) + 1)]
    if not wanted or len(candidates) == 1:
        return ""
    known = frozenset(files)
    found = {
        folder: sum(posixpath.normpath(posixpath.join(folder, path)) in known for path in wanted)
        for folder in candidates
    }
    best = max(found.values())
    if best == 0:
        return ""
    likely = [folder for folder in candidates if found[folder] == best]
    if len(likely) == 1:
        return likely[0]
    if best < len(wanted):
        return "" if "" in likely else likely[0]
    names = ", ".join(folder or "the repository's root" for folder in likely)
    return Finding(
        check="ambiguous-root",
        level=Level.WARNING,
        message=f"The entrypoints exist relative to each of: {names}."
        " The repository's root is taken.",
        remedy=f'Say which: [tool.flowlift.roots] "{manifest.file}" = "{likely[-1]}".',
        file=manifest.file,
    )


class _Shared:
    """What a manifest's entries have in common: the steps of its top level."""

    def __init__(self, data: Mapping[str, Json], mark: Mark) -> None:
        self._steps = {key: _wrapped(data.get(key)) for key in ("build", "push", "pull")}
        self._marks = {key: _step_marks(data.get(key), mark.inside.get(key)) for key in self._steps}

    def declare(
        self,
        data: dict[str, Any],
        mark: Mark,
        file: str,
        ignored: Mapping[int, frozenset[str]],
    ) -> Declared:
        inside = dict(mark.inside)
        steps = {}
        for key in self._steps:
            own = _wrapped(data.get(key, _ABSENT))
            taken = self._takes_shared(key, own)
            steps[key] = self._steps[key] if taken else own
            where = self._marks[key] if taken else _step_marks(data.get(key), inside.get(key))
            if where is not None:
                inside[key] = where
        return Declared(
            data=data,
            at=Position(file, mark.line),
            lines=Lines(Mark(mark.line, inside)),
            build=_steps(steps["build"]) or (),
            push=_steps(steps["push"]) or (),
            pull=_steps(steps["pull"]),
            ignored=ignored,
        )

    def _takes_shared(self, key: str, own: Any) -> bool:
        """Whether an entry gets the top level's steps, as `prefect deploy` 3.8 decides it.

        Its own build steps always win, even none at all. Its own push steps win unless they are
        empty. Its own pull steps win unless they are null or `{}`; `[]` means none at all.
        """
        if own is _ABSENT:
            return True
        if key == "build":
            return False
        return not own if key == "push" else not own and own != []


def _wrapped(value: Any) -> Any:
    """A single step that is not in a list counts as a list of one."""
    return [value] if isinstance(value, dict) and value else value


def _steps(value: Any) -> Steps | None:
    """The steps in a list; None for null, `{}` and what is no list at all."""
    if not isinstance(value, list):
        return None
    return tuple(step for step in value if isinstance(step, dict))


def _step_marks(value: Any, mark: Mark | None) -> Mark | None:
    """The marks of steps by their place among the steps, as `_wrapped` and `_steps` leave them."""
    if mark is None:
        return None
    if isinstance(value, dict) and value:
        return Mark(mark.line, {0: mark})
    if isinstance(value, list):
        steps = [mark.inside[at] for at, step in enumerate(value) if isinstance(step, dict)]
        return Mark(mark.line, dict(enumerate(steps)))
    return mark


def _decoded(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ManifestError(
            f"This is not text in UTF-8: byte {error.object[error.start]:#04x}.",
            remedy="Save the file as UTF-8.",
            at=Position(file, content.count(b"\n", 0, error.start) + 1),
        ) from None


def _ignored(text: str) -> dict[int, frozenset[str]]:
    """The checks that comments silence, by line."""
    if "flowlift:" not in text:
        return {}
    found = {}
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        if match := _IGNORE.search(line):
            found[number] = frozenset(name.strip() for name in match[1].split(",") if name.strip())
    return found


def _file_of(entrypoint: str) -> str | None:
    """The file that an entrypoint names; None for a module, a template or nothing."""
    path, separator, _ = entrypoint.rpartition(":")
    return path if separator and path.endswith(".py") and "{{" not in path else None


def _kind(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else f"the value {str(value)[:60]!r}"


def _anchored(text: str, lines: Mapping[str, int]) -> frozenset[str]:
    """The top-level keys below which an anchor stands."""
    written = text.splitlines()
    begins = sorted((line, key) for key, line in lines.items())
    ends = [line for line, _ in begins[1:]] + [len(written) + 1]
    return frozenset(
        key
        for (line, key), end in zip(begins, ends, strict=False)
        if any(_ANCHOR.search(one) for one in written[line - 1 : end - 1])
    )
