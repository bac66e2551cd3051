"""Which declared deployments a change is about, and why each."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from flowlift.config import Settings
from flowlift.config.files import OWN, TABLES, own_table
from flowlift.errors import ManifestError, Position
from flowlift.findings import Finding
from flowlift.plan.model import Declared, Reason
from flowlift.repo import manifest
from flowlift.repo.changed import Changed
from flowlift.repo.closure import reached
from flowlift.repo.differences import (
    entry_changes,
    policy_changes,
    project_changes,
    same_but_name,
)
from flowlift.repo.entrypoint import Entrypoint
from flowlift.repo.git import Repository
from flowlift.repo.mentioned import Named, Reader
from flowlift.words import listed

_MOST_KEYS = 6


class Removed(NamedTuple):
    """A deployment that the base declares and the work tree does not, or not under this key.

    Its flow's name stands in the code at the base. An entry that kept its name and got another
    entrypoint is here too, as its flow may be another one; so what is still declared under the
    same `flow/name` is not removed.
    """

    name: str
    entrypoint: str
    root: str
    at: Position


class Renamed(NamedTuple):
    """A declared deployment, by its place in `declared`, and what it was called at the base."""

    new: int
    old: Removed


@dataclass(frozen=True, slots=True)
class Modified:
    """What a change does to what is declared.

    `reasons` has an item for each entry in scope, by its place in `declared`. `removed` holds what
    `renamed` refers to as well. `unread` are manifests that were broken at the base: what they
    declared, and so what was removed from them, is not known.
    """

    reasons: dict[int, list[Reason]] = field(default_factory=dict)
    removed: list[Removed] = field(default_factory=list)
    renamed: list[Renamed] = field(default_factory=list)
    unread: tuple[str, ...] = ()


def modified(
    repository: Repository, settings: Settings, declared: Sequence[Declared], base: str
) -> Modified:
    """Compare what is declared, and the code behind it, with the commit `base`.

    An entry is in scope for what it says (anchors and `definitions` followed; comments, order and
    formatting do not count), for the code that its entrypoint imports, for a file that it names,
    and for a policy that is another one now. What cannot be told counts, with the kind
    "could not tell".

    Args:
        repository: where the work tree holds what is declared.
        settings: the configuration as it stands now; its globs find the base's manifests too.
        declared: every entry of every manifest of the work tree.
        base: the commit to compare with.

    Raises:
        GitError: git fails, or does not know `base`.
    """
    changed = repository.changed_files(base)
    if not changed.paths:
        return Modified()
    files = repository.files()
    before, present = partial(repository.read, base), frozenset(files)

    def now(path: str) -> bytes | None:
        return repository.read(None, path) if path in present else None

    globs = _globs_at_base(changed, settings, before)
    touched = set(manifest.find(changed.paths, {*globs, *settings.manifests}))
    base_files = repository.files(base) if touched or globs != settings.manifests else []
    old_manifests = manifest.find(base_files, globs)
    if globs != settings.manifests:
        # A manifest may come in, or fall out, by configuration alone.
        touched |= set(old_manifests) ^ set(manifest.find(files, settings.manifests))
    old, unread = _declared_at(
        [file for file in old_manifests if file in touched], before, base_files, settings
    )
    found = _compared(declared, touched, old, unread)
    left, policies = _without_configuration(changed.without(touched), before, now)
    code = _reasons(
        repository.root, files, settings.sources, declared=declared, changed=left, now=now
    )
    reasons: dict[int, list[Reason]] = {}
    for index, _ in enumerate(declared):
        why = (*found.reasons.get(index, ()), *policies, *code.get(index, ()))
        if why:
            reasons[index] = list(dict.fromkeys(why))
    return replace(found, reasons=reasons)


def code_changes(
    repository: Repository,
    root: Path,
    settings: Settings,
    declared: Sequence[Declared],
    commits: tuple[str, str],
) -> dict[int, list[Reason]]:
    """What of the code of each entry differs between two commits; the later one is in `root`.

    Raises:
        GitError: git does not know one of the commits.
    """
    since, commit = commits
    changed = repository.changed_files(since, commit)
    files = repository.files(commit)
    before, now = partial(repository.read, since), partial(repository.read, commit)
    left, _ = _without_configuration(changed, before, now)
    return _reasons(root, files, settings.sources, declared=declared, changed=left, now=now)


def _reasons(
    root: Path,
    files: Sequence[str],
    sources: Sequence[str],
    *,
    declared: Sequence[Declared],
    changed: Changed,
    now: Reader,
) -> dict[int, list[Reason]]:
    """Why a change of files matters to each entry: by its code, or as it names one of them."""
    entries = [Entrypoint.of(entry) for entry in declared]
    code = reached(root, files, entries, changed, sources)
    named = Named(changed.paths, now)
    found = {
        index: [*code.get(entries[index], ()), *named.reasons(entry)]
        for index, entry in enumerate(declared)
    }
    return {index: why for index, why in found.items() if why}


def _globs_at_base(changed: Changed, settings: Settings, before: Reader) -> tuple[str, ...]:
    """The globs of manifests as they were configured at the base."""
    if changed.paths.isdisjoint(TABLES):
        return settings.manifests
    for file in TABLES:
        said = (own_table(before(file), file) or {}).get("manifests")
        if isinstance(said, list):
            return tuple(map(str, said))
    return Settings().manifests


def _declared_at(
    manifests: Sequence[str], before: Reader, files: Sequence[str], settings: Settings
) -> tuple[list[Declared], list[str]]:
    """What manifests of the base declare there, and those that cannot be read."""
    declared: list[Declared] = []
    unread: list[str] = []
    for file in manifests:
        try:
            parsed = manifest.read(before(file) or b"", file)
        except ManifestError:
            unread.append(file)
            continue
        root = manifest.working_root(parsed, files, settings.roots)
        declared += parsed.rooted("" if isinstance(root, Finding) else root).declared
    return declared, unread


def _compared(
    declared: Sequence[Declared], touched: set[str], base: Sequence[Declared], unread: Sequence[str]
) -> Modified:
    """What the manifests alone tell: changed, new, removed, moved and renamed entries."""
    found = Modified(unread=tuple(unread))
    new = {index: entry for index, entry in enumerate(declared) if entry.at.file in touched}
    old = {index: entry for index, entry in enumerate(base) if entry.name}
    for index, entry, was in _pairs(new, old):
        reasons = found.reasons.setdefault(index, [])
        keys = entry_changes(was, entry)
        if entry.name != was.name:
            reasons.append(Reason(kind="renamed", detail=f"was {was.name!r}"))
            found.renamed.append(Renamed(index, _removed(was)))
            keys.remove("name")
        if entry.at.file != was.at.file:
            reasons.append(Reason(kind="renamed", detail=f"moved from {was.at.file}"))
        if keys:
            reasons.append(Reason(kind="manifest", detail=listed(keys, _MOST_KEYS)))
        if entry.name != was.name or _code(entry) != _code(was):
            found.removed.append(_removed(was))
    why = f"{', '.join(unread)} could not be read at the base"
    unmatched = Reason(kind="could not tell", detail=why) if unread else Reason(kind="new")
    for index in new:
        found.reasons[index] = [unmatched]
    found.removed.extend(_removed(entry) for entry in old.values())
    return found


def _pairs(
    new: dict[int, Declared], old: dict[int, Declared]
) -> Iterator[tuple[int, Declared, Declared]]:
    """Entries of now with what they were at the base, the surest pairs first.

    Whatever is paired is taken out of `new` and `old`.
    """
    alike: tuple[Callable[[Declared], Hashable], ...] = (
        lambda entry: (entry.at.file, entry.name, entry.entrypoint),
        lambda entry: (entry.at.file, entry.name),
        lambda entry: (entry.name, _code(entry)),
    )
    for key in alike:
        waiting = _grouped(old, key)
        for index, entry in list(new.items()):
            if candidates := waiting.get(key(entry)):
                yield index, new.pop(index), old.pop(candidates.pop(0))
    waiting = _grouped(old, _code)
    for index, entry in list(new.items()):
        for candidate in waiting.get(_code(entry), []):
            if candidate in old and same_but_name(old[candidate], entry):
                yield index, new.pop(index), old.pop(candidate)
                break


def _grouped(
    entries: Mapping[int, Declared], key: Callable[[Declared], Hashable]
) -> dict[Hashable, list[int]]:
    groups: dict[Hashable, list[int]] = {}
    for index, entry in entries.items():
        groups.setdefault(key(entry), []).append(index)
    return groups


def _code(entry: Declared) -> str:
    """The code that an entrypoint names, wherever the manifest lies."""
    path, separator, function = entry.entrypoint.rpartition(":")
    if not path.endswith(".py"):
        return entry.entrypoint
    return posixpath.normpath(posixpath.join(entry.root, path)) + separator + function


def _removed(entry: Declared) -> Removed:
    return Removed(entry.name, entry.entrypoint, entry.root, entry.at)


def _without_configuration(
    changed: Changed, before: Reader, now: Reader
) -> tuple[Changed, list[Reason]]:
    """The change without configuration that running code cannot notice, and changed policies."""
    done: list[str] = []
    policies: list[Reason] = []
    for path in sorted(changed.paths):
        if path not in TABLES and not path.endswith("/pyproject.toml"):
            continue
        old, new = before(path), now(path)
        if path in TABLES:
            keys = policy_changes(own_table(old, path) or {}, own_table(new, path) or {})
            if keys:
                policies.append(Reason(kind="policy", detail=f"{path}: {listed(keys, _MOST_KEYS)}"))
        if path == OWN or project_changes(old, new) == []:
            done.append(path)
    return changed.without(done), policies
