"""What a project declares: every entry of every manifest, and the flow behind each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from flowlift.errors import InputError, ManifestError, Position
from flowlift.findings import Finding
from flowlift.plan.checks.report import Report
from flowlift.plan.checks.shape import check_manifest
from flowlift.plan.model import Declared, Flow
from flowlift.plan.templates import Resolver, TemplateValues
from flowlift.project.project import Project
from flowlift.repo import manifest
from flowlift.repo.entrypoint import Entrypoint, Unreadable
from flowlift.repo.flows import default_cache, read_flows
from flowlift.repo.manifest import Manifest
from flowlift.words import listed

SHOWN = 3
"""So many manifests that nothing matches are named."""


def read_manifests(project: Project, files: Sequence[str], report: Report) -> list[Declared]:
    """Every entry of every manifest; what is wrong with a manifest as a whole is reported.

    Raises:
        InputError: no manifest is there.
        ManifestError: one cannot be read at all.
    """
    found = manifest.find(files, project.settings.manifests)
    if not found:
        raise _no_manifest(project, files)
    declared: list[Declared] = []
    for file in found:
        parsed = _located(manifest.read(_content(project, file), file), project.environ)
        root = manifest.working_root(parsed, files, project.settings.roots)
        if isinstance(root, Finding):
            report.adopt(root)
            root = ""
        report.adopt(*parsed.findings)
        check_manifest(parsed.data, file, parsed.lines, report, anchored=parsed.anchored)
        for entry in parsed.declared:
            declared.append(replace(entry, root=root))
    return declared


def _content(project: Project, file: str) -> bytes:
    """A manifest as it stands; never what lies outside of the repository, which a log would show.

    Raises:
        InputError: it is a link that leads out of the repository.
        ManifestError: it cannot be read.
    """
    try:
        if project.root == project.repository.root:
            content = project.repository.read(None, file)
        else:  # an export, which has no link that leads out
            content = (project.root / file).read_bytes()
    except (OSError, RuntimeError) as error:  # of a link to itself, before Python 3.13
        why = getattr(error, "strerror", None) or error
        raise ManifestError(
            f"It cannot be read: {why}.",
            remedy="Make it a file that may be read.",
            at=Position(file),
        ) from None
    if content is None:
        raise ManifestError(
            "It is not a file.", remedy="Make it a file, or mend `manifests`.", at=Position(file)
        )
    return content


def _no_manifest(project: Project, files: Sequence[str]) -> InputError:
    """That nothing matches, and which manifests there are that `manifests` could name."""
    globs = ", ".join(project.settings.manifests)
    remedy = "Write one with `flowlift init`, or set `manifests` in [tool.flowlift]."
    if likely := manifest.elsewhere(files):
        glob = likely[0] if len(likely) == 1 else f"**/{PurePosixPath(likely[0]).name}"
        remedy = (
            f"There is {listed(likely, SHOWN)}. In [tool.flowlift] of pyproject.toml:"
            f" manifests = {json.dumps([glob], ensure_ascii=False)}"
        )
    return InputError(
        f"No manifest is here: nothing matches {globs}.",
        remedy=remedy,
        at=Position(project.root.name),
    )


def _located(parsed: Manifest, environ: Mapping[str, str]) -> Manifest:
    """Entrypoints with what the environment puts into them, as code is found by them."""

    def locate(entry: Declared) -> Declared:
        if "{{" not in entry.entrypoint:
            return entry
        found = Resolver(TemplateValues(environ=environ)).early(entry.entrypoint, ("entrypoint",))
        return replace(entry, located=str(found))

    return replace(parsed, declared=tuple(locate(entry) for entry in parsed.declared))


def read_declared_flows(project: Project, declared: Sequence[Declared]) -> list[Flow | Unreadable]:
    """The flow behind each entry, in the order of `declared`."""
    entrypoints = [Entrypoint.of(entry) for entry in declared]
    read = read_flows(
        project.root,
        entrypoints,
        sources=project.settings.sources,
        python=project.settings.python,
        cache=default_cache(),
    )
    return [read[entrypoint] for entrypoint in entrypoints]


def report_unreadable(declared: Declared, trouble: Unreadable, report: Report) -> None:
    """Report an entrypoint whose flow cannot be read, at the manifest's line or the code's."""
    in_code = trouble.at is not None and trouble.at.line > 0
    report.add(
        "no-entrypoint" if trouble.kind == "malformed" else trouble.kind,
        trouble.message,
        remedy=trouble.remedy,
        at=trouble.at if in_code else declared.position("entrypoint"),
        declared=declared,
    )
