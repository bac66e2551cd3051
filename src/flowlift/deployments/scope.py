"""Which of the declared deployments a command looks at, and why."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from flowlift.deployments.declared import read_declared_flows, read_manifests
from flowlift.plan.checks.deployments import check_patterns
from flowlift.plan.checks.report import Report
from flowlift.plan.model import Declared, Flow, Policy, Reason
from flowlift.project.project import Project
from flowlift.repo.changes import Modified, Removed, modified
from flowlift.repo.entrypoint import Entrypoint, Unreadable
from flowlift.repo.flows import read_flows
from flowlift.repo.source import source_digests

ScopeKind = Literal["all", "changed"]


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asks of a plan besides the environment.

    `scope` None means what suits: changed deployments where a branch runs, else all.
    """

    scope: ScopeKind | None = None
    names: tuple[str, ...] = ()
    take_over: bool = False
    allow_delete: int | None = None
    gone: frozenset[str] = frozenset()
    """Branches that are merged or deleted although the remote may still have them."""


@dataclass(frozen=True, slots=True)
class Scoped:
    """The declared deployments, and which of them are in scope for what reasons.

    `flows` stand in the order of `declared`. `removed` maps the key of each deployment that the
    branch no longer declares to the reason, `renamed` a new key to the old one.
    """

    kind: str
    declared: Sequence[Declared]
    flows: Sequence[Flow | Unreadable]
    reasons: Mapping[int, tuple[Reason, ...]]
    removed: Mapping[str, Reason] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    complete: bool = True
    sources: Sequence[str] = ()
    """A digest of each entry's code, in the order of `declared`; empty where nobody needs them."""

    def key(self, index: int) -> str | None:
        """`flow/name` of an entry as written, None where its flow is not known."""
        flow = self.flows[index]
        if isinstance(flow, Unreadable):
            return None
        return f"{flow.name}/{self.declared[index].name}"

    @property
    def keys(self) -> frozenset[str]:
        """The keys of everything that is declared."""
        keys = (self.key(index) for index in range(len(self.declared)))
        return frozenset(key for key in keys if key)


def find_scope(project: Project, policy: Policy, options: Options, report: Report) -> Scoped:
    """Read what is declared, and find what is in scope.

    Raises:
        GitError: the scope is "changed" and git knows no common ancestor with the base.
        InputError, ManifestError: a manifest is missing or cannot be read.
    """
    everything = policy.on_default_branch or bool(options.names)
    kind = options.scope or ("all" if everything else "changed")
    files = _files(project)
    declared = read_manifests(project, files, report)
    flows = read_declared_flows(project, declared)
    if kind == "all":
        scoped = Scoped("all", declared, flows, dict.fromkeys(range(len(declared)), ()))
    else:
        scoped = _changed(project, declared, flows)
    if policy.pin == "closure":
        scoped = replace(scoped, sources=_sources(project, declared))
    return _named(scoped, options.names, report) if options.names else scoped


def _sources(project: Project, declared: Sequence[Declared]) -> list[str]:
    """A digest of each entry's code at the commit that would be pinned."""
    repository, commit = project.repository, project.commit
    sources = project.settings.sources
    exported = project.root != repository.root
    if exported or (repository.head() == commit and not repository.is_dirty()):
        return source_digests(repository, project.root, commit, sources, declared)
    # What is checked out is another commit (a pull request, merged on trial), or is not committed.
    with tempfile.TemporaryDirectory(prefix="flowlift-") as folder:
        root = Path(folder)
        repository.export(commit, root)
        return source_digests(repository, root, commit, sources, declared)


def _files(project: Project) -> list[str]:
    if project.root == project.repository.root:
        return project.repository.files()
    return project.repository.files(project.commit)


def _changed(
    project: Project, declared: Sequence[Declared], flows: Sequence[Flow | Unreadable]
) -> Scoped:
    base = project.context.base or project.default_branch
    ancestor = project.repository.merge_base(project.repository.default_ref(base))
    found = modified(project.repository, project.settings, declared, ancestor)
    old_keys = _keys_at(project, ancestor, found)
    reasons = {index: tuple(why) for index, why in found.reasons.items() if why}
    scoped = Scoped("changed", declared, flows, reasons)
    renamed: dict[str, str] = {}
    for new, old in found.renamed:
        flow = flows[new]
        old_key = old_keys.get(old)
        if old_key and not isinstance(flow, Unreadable):
            renamed[f"{flow.name}/{declared[new].name}"] = old_key
    removed = {
        key: Reason(kind="removed", detail=str(entry.at))
        for entry, key in old_keys.items()
        if key and key not in scoped.keys
    }
    return Scoped("changed", declared, flows, reasons, removed, renamed, complete=False)


def _keys_at(project: Project, commit: str, found: Modified) -> dict[Removed, str | None]:
    """The keys of removed deployments: their flows' names stand in the code of the base."""
    if not found.removed:
        return {}
    with tempfile.TemporaryDirectory(prefix="flowlift-") as folder:
        root = Path(folder)
        project.repository.export(commit, root)
        entrypoints = {entry: Entrypoint.of(entry) for entry in found.removed}
        flows = read_flows(root, entrypoints.values(), sources=project.settings.sources)
    keys: dict[Removed, str | None] = {}
    for entry, entrypoint in entrypoints.items():
        flow = flows[entrypoint]
        keys[entry] = None if isinstance(flow, Unreadable) else f"{flow.name}/{entry.name}"
    return keys


def _named(scoped: Scoped, patterns: Sequence[str], report: Report) -> Scoped:
    """Only what a `-n` pattern names: `flow/deployment`, or the deployment alone."""
    matched: set[str] = set()

    def matches(key: str | None, name: str) -> bool:
        hits = [
            pattern
            for pattern in patterns
            if fnmatchcase(name, pattern) or (key and fnmatchcase(key, pattern))
        ]
        matched.update(hits)
        return bool(hits)

    in_scope = {
        index: why or (Reason(kind="named"),)
        for index, why in scoped.reasons.items()
        if matches(scoped.key(index), scoped.declared[index].name)
    }
    removed = {
        key: reason
        for key, reason in scoped.removed.items()
        if matches(key, key.rpartition("/")[2])
    }
    check_patterns(patterns, [p for p in patterns if p not in matched], report)
    return replace(scoped, reasons=in_scope, removed=removed, complete=False)
