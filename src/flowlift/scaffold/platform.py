"""Writes the layout of a platform repository, or what is missing of it. Never overwrites."""

from __future__ import annotations

import contextlib
import re
import shutil
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import tomli

from flowlift.config import Settings, load
from flowlift.config.files import OWN, SHARED
from flowlift.errors import InputError, Position
from flowlift.scaffold.rendering import markdown_text, render, toml_string, yaml_scalar

MANIFEST = "prefect.yaml"

EXAMPLES = {
    "src/shared/readings.py": "src/shared/readings.py",
    "src/flows/ingest.py": "src/flows/ingest.py",
    "src/flows/report.py": "src/flows/report.py",
    MANIFEST: "prefect.yaml",
}
"""Each file, and its template. The manifest comes last: where it stands, its flows do."""

SURROUNDINGS = {
    "etc/docker/Dockerfile": "Dockerfile",
    "etc/helm_values/prefect-worker/values-dev.yaml": "values.yaml",
    "etc/helm_values/prefect-worker/values-prod.yaml": "values.yaml",
    ".gitignore": "gitignore",
    "README.md": "README.md",
}

TABLE = "[tool.flowlift]"

NO_REMOTE = "https://git.example.com/REPLACE-ME.git"
"""Stands in the manifest where the repository has no remote yet."""


@dataclass
class ScaffoldFiles:
    """What `write_platform` did: paths relative to the root, with forward slashes, in order.

    A table added to an existing file is `FILE [tool.flowlift]` in `created`.
    """

    created: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def pool_name(name: str) -> str:
    """The work pool that the manifest of a platform called `name` names."""
    return f"{_slug(name)}-pool"


def write_platform(
    root: Path, *, name: str, remote_url: str | None, default_branch: str
) -> ScaffoldFiles:
    """Write a platform repository at `root`, or only what is missing there.

    Example flows are written along with the manifest; where a manifest exists, there are flows.
    An existing pyproject.toml without a table for flowlift gets one at its end, and every byte that
    was there stays. A login or token in `remote_url` is left out.

    Raises:
        ConfigError: the configuration that is there cannot be read.
        InputError: a name that no file can hold, or a place that cannot be written.
    """
    for what, value in (("name", name), ("remote", remote_url), ("branch", default_branch)):
        _check_text(what, value)
    found = load(root)
    values = _values(name, remote_url, default_branch)
    files = SURROUNDINGS
    if (root / MANIFEST).exists():
        files = {MANIFEST: EXAMPLES[MANIFEST]} | files
    elif not _has_manifest(root, found.settings):
        files = EXAMPLES | files
    _check_places(root, [*files, SHARED])

    written = ScaffoldFiles()
    for file, template in files.items():
        environment = {"environment": _environment(file)}
        _write(root, file, render(template, values | environment), written)
    _write_configuration(root, configured=found.file is not None, values=values, written=written)
    return written


def _values(name: str, remote_url: str | None, default_branch: str) -> dict[str, str]:
    return {
        "yaml_name": yaml_scalar(name),
        "toml_name": toml_string(name),
        "markdown_name": markdown_text(name),
        "package": _slug(name),
        "pool": pool_name(name),
        "yaml_remote": yaml_scalar(_without_login(remote_url) if remote_url else NO_REMOTE),
        "yaml_branch": yaml_scalar(default_branch),
        "toml_branch": toml_string(default_branch),
    }


def _slug(name: str) -> str:
    """A name for Python's packages, Prefect and Kubernetes alike."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower())[:40].strip("-")
    # A project cannot depend on itself, and each platform depends on Prefect.
    return f"{slug}-platform" if slug == "prefect" else slug or "platform"


def _without_login(url: str) -> str:
    """The address without the token or password that some CIs put into it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    login, at, host = parts.netloc.rpartition("@")
    if not at:
        return url
    kept = "" if parts.scheme in {"http", "https"} else f"{login.partition(':')[0]}@"
    return urlunsplit(parts._replace(netloc=kept + host))


def _environment(file: str) -> str:
    found = re.search(r"values-(\w+)\.yaml$", file)
    return found[1] if found else ""


def _check_text(what: str, value: str | None) -> None:
    if value is None:
        return
    if not value.strip() or not value.isprintable():
        raise InputError(
            f"The {what} is empty or has characters that cannot be shown: {value!r}.",
            remedy=f"Give another {what}.",
        )
    if what != "name" and "{{" in value:
        raise InputError(
            f"Prefect would read the {what} {value!r} as a template.",
            remedy=f"Give a {what} without double braces.",
        )


def _has_manifest(root: Path, settings: Settings) -> bool:
    for pattern in settings.manifests:
        # A pattern that is empty or absolute finds nothing here; `flowlift check` speaks of it.
        with contextlib.suppress(ValueError, NotImplementedError):
            if next(root.glob(pattern), None):
                return True
    return False


def _check_places(root: Path, files: list[str]) -> None:
    """Refuse, before anything is written, where a folder's place is taken by something else."""
    inside = root.resolve()
    for file in files:
        for folder in (root / file).parents:
            if folder == root:
                break
            at = Position(folder.relative_to(root).as_posix())
            if (folder.exists() or folder.is_symlink()) and not folder.is_dir():
                raise InputError(
                    f"{file} cannot be written, as this is no folder.",
                    remedy="Move it away, then run `flowlift init` again.",
                    at=at,
                )
            if not folder.resolve().is_relative_to(inside):
                raise InputError(
                    f"{file} would be written outside of the repository.",
                    remedy="This link leads elsewhere: remove it, then run `flowlift init` again.",
                    at=at,
                )


def _write(root: Path, file: str, text: str, written: ScaffoldFiles) -> None:
    target = root / file
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8", newline="\n") as handle:
            handle.write(text)
    except FileExistsError:
        written.kept.append(file)
    except OSError as error:
        raise _unwritable(file, error) from None
    else:
        written.created.append(file)


def _unwritable(file: str, error: OSError) -> InputError:
    return InputError(
        f"This cannot be written: {error.strerror}.",
        remedy="Mend that, then run `flowlift init` again; it goes on where it stopped.",
        at=Position(file),
    )


def _write_configuration(
    root: Path, *, configured: bool, values: Mapping[str, str], written: ScaffoldFiles
) -> None:
    table = render(OWN, values)
    target = root / SHARED
    if not target.exists():
        text = render(f"{SHARED}.template", values)  # tools take any file of that name for real
        _write(root, SHARED, text if configured else f"{text}\n{table}", written)
        return
    if configured:
        written.kept.append(SHARED)
        return
    before = target.read_bytes()
    after = _with_table(before, table)
    if after is None:
        # As with `tool = {}`, which no table can be added to. The file of our own serves as well.
        written.kept.append(SHARED)
        _write(root, OWN, _without_prefix(table), written)
        return
    try:
        _replace(target.resolve(), after)
    except OSError as error:
        raise _unwritable(SHARED, error) from None
    written.created.append(f"{SHARED} {TABLE}")


def _with_table(before: bytes, table: str) -> bytes | None:
    """The file with the table at its end; None where that is not TOML, or changes another table."""
    newline = "\r\n" if b"\r\n" in before else "\n"
    text = before.decode("utf-8")
    gap = "\n" if not text or text.endswith("\n") else "\n\n"
    after = text + (gap + table).replace("\n", newline)
    try:
        held = tomli.loads(after)
    except tomli.TOMLDecodeError:
        return None
    held["tool"].pop("flowlift")
    were = tomli.loads(text)
    if held != were and held != were | {"tool": {}}:
        return None
    return after.encode("utf-8")


def _without_prefix(table: str) -> str:
    """The table as flowlift.toml holds it."""
    return table.replace(f"{TABLE}\n", "").replace("[tool.flowlift.", "[")


def _replace(target: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    beside = target.with_name(f".{target.name}.flowlift")
    beside.write_bytes(content)
    shutil.copymode(target, beside)
    beside.replace(target)
