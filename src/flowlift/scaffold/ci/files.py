"""The workflows' files: written from the configuration, and compared with what is there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from flowlift import __version__
from flowlift.errors import InputError, Position
from flowlift.project.project import Project
from flowlift.scaffold.ci import github, gitlab, install
from flowlift.scaffold.ci.compare import Difference, compare
from flowlift.scaffold.ci.graph import workflows
from flowlift.scaffold.ci.inputs import read_inputs

Forge = Literal["github", "gitlab"]

_LOCKED = re.compile(rb'^name = "flowlift"$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What `write` did with a file; `how` is one of created, changed, kept."""

    file: str
    how: Literal["created", "changed", "kept"]


def texts(project: Project, forge: Forge) -> dict[str, str]:
    """The files of a forge with their texts, by path.

    Raises:
        InputError, ManifestError, ConfigError: the repository does not say what the workflows do.
    """
    settings = project.settings
    found = workflows(settings, read_inputs(project))
    way = install.choose(settings.ci, locked=_is_locked(project.root), version=__version__)
    module = github if forge == "github" else gitlab
    branch = project.default_branch
    files = {
        module.file_name(workflow): module.render(workflow, settings, way, branch)
        for workflow in found
    }
    if forge == "gitlab":
        files[gitlab.ROOT] = gitlab.include(found)
    return files


def write(project: Project, forge: Forge) -> list[Rewritten]:
    """Write the files of a forge. An own `.gitlab-ci.yml` is never changed.

    Raises:
        InputError, ManifestError, ConfigError: as `texts`, or a place cannot be written.
    """
    return [_write(project.root, file, text) for file, text in texts(project, forge).items()]


def check(project: Project, forge: Forge | None = None) -> dict[str, list[Difference]]:
    """Where the files that are there differ from the configuration, by file; without `forge` those
    of each forge that has some.

    Raises:
        InputError: no workflow of flowlift is there, or one is no YAML.
    """
    forges: list[Forge] = [forge] if forge else _present(project.root)
    if not forges:
        raise InputError(
            "No workflow of flowlift is here.",
            remedy="Write them: flowlift ci write github. Or: flowlift ci write gitlab.",
            at=Position(github.FOLDER),
        )
    found: dict[str, list[Difference]] = {}
    for name in forges:
        wanted = texts(project, name)
        for file, text in wanted.items():
            found[file] = _differences(project.root, file, text)
        for file in _left_over(project.root, name, wanted):
            found[file] = [Difference(0, "this workflow is configured no longer: remove the file")]
    return found


def _differences(root: Path, file: str, wanted: str) -> list[Difference]:
    target = root / file
    if not target.is_file():
        return [Difference(0, "the file is missing")]
    if file == gitlab.ROOT:
        # A team's own file: how it includes the workflows is its own matter.
        included = f"{gitlab.FOLDER}/".encode() in target.read_bytes()
        return [] if included else [Difference(0, f"it does not include /{gitlab.FOLDER}/*.yml")]
    return compare(wanted, target.read_bytes(), file)


def _present(root: Path) -> list[Forge]:
    found: list[Forge] = []
    if any((root / github.FOLDER).glob("flowlift-*.y*ml")):
        found.append("github")
    if (root / gitlab.FOLDER).is_dir():
        found.append("gitlab")
    return found


def _left_over(root: Path, forge: Forge, wanted: Mapping[str, str]) -> list[str]:
    own = f"Written by `flowlift ci write {forge}`".encode()
    folder, pattern = (
        (github.FOLDER, "flowlift-*.yml") if forge == "github" else (gitlab.FOLDER, "*.yml")
    )
    files = (path.relative_to(root).as_posix() for path in sorted((root / folder).glob(pattern)))
    return [file for file in files if file not in wanted and own in (root / file).read_bytes()]


def _is_locked(root: Path) -> bool:
    lock = root / "uv.lock"
    return lock.is_file() and bool(_LOCKED.search(lock.read_bytes()))


def _write(root: Path, file: str, text: str) -> Rewritten:
    target = root / file
    try:
        if not target.resolve().is_relative_to(root.resolve()):
            raise InputError(
                f"{file} would be written outside of the repository.",
                remedy="Remove the link that leads there.",
                at=Position(file),
            )
        there = target.read_text(encoding="utf-8") if target.exists() else None
        if there == text or (there is not None and file == gitlab.ROOT):
            return Rewritten(file, "kept")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"This cannot be written: {error}",
            remedy="Mend that, then write the workflows again.",
            at=Position(file),
        ) from None
    return Rewritten(file, "created" if there is None else "changed")
