"""Which files make the image, which of them a change touches, and what they are worth together."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from flowlift.config.files import TABLES, own_table
from flowlift.errors import ConfigError, InputError, Position, RegistryError
from flowlift.image import dockerfile as dockerfiles
from flowlift.image.dockerfile import Dockerfile, UnclearError
from flowlift.image.inputs import ImageInputs, InputFile, content_digest
from flowlift.image.reference import Reference, parse
from flowlift.repo.globs import Matcher, exact
from flowlift.words import listed

if TYPE_CHECKING:
    from flowlift.config import Image
    from flowlift.project.project import Project

Resolve = Callable[[Reference], "str | None"]
"""Finds the digest of an image in its registry; None where the registry has none."""

_AT_ONCE = 4
_BESIDE = {"inputs-ignore", "mirrors", "plain-http", "pools", "version-from", "version-pattern"}
"""What may change in it without another image."""


@dataclass(frozen=True, slots=True)
class ChangedInput:
    """An input that a change touches: its path, and why it is an input."""

    path: str
    why: str


class Selection:
    """Tells which files of the repository are inputs of the image, and why each is."""

    def __init__(self, image: Image, dockerfile: Dockerfile, context_ignores: str) -> None:
        self.dockerfile = dockerfile
        inputs = image.inputs if image.inputs is not None else ("pyproject.toml",)
        rules: list[tuple[str, tuple[str, ...]]] = [
            ("the Dockerfile", (_glob(image.dockerfile),)),
            ("`inputs`", inputs),
            ("the lock file", ("uv.lock", _glob(_within(image.context, "uv.lock")))),
            ("what the build leaves out", tuple(map(_glob, ignore_files(image)))),
        ]
        copies = list(_copies(image, dockerfile))
        self.globs = tuple(dict.fromkeys(glob for _, globs in (*rules, *copies) for glob in globs))
        """All that could be an input; what is left out of the build or ignored is still in it."""
        self._rules = [(reason, Matcher(globs)) for reason, globs in rules]
        self._copies = [(reason, Matcher(globs)) for reason, globs in copies]
        self._left_out = _IgnoreFile(context_ignores, image.context)
        files, self._tables = [], []
        for entry in image.inputs_ignore:
            path, colon, table = entry.partition(":")
            if colon:
                self._tables.append((Matcher([path]), table))
            else:
                files.append(path)
        self._ignored = Matcher(files)

    def why(self, path: str) -> str:
        """Why the file at `path` is an input, "" where it is none."""
        if self._ignored.matches(path):
            return ""
        for reason, matcher in self._rules:
            if matcher.matches(path):
                return reason
        for reason, matcher in self._copies:
            if matcher.matches(path) and not self._left_out.leaves_out(path):
                return reason
        return ""

    def digest(self, path: str, content: bytes) -> str:
        """The digest of a file's content, without the tables that the user ignores."""
        tables = [table for matcher, table in self._tables if matcher.matches(path)]
        return content_digest(content, tables)


def ignore_files(image: Image) -> tuple[str, str]:
    """The files that say what the build leaves out: the first that exists counts."""
    return f"{image.dockerfile}.dockerignore", _within(image.context, ".dockerignore")


def select(project: Project, image: Image) -> Selection:
    """Read the Dockerfile and what it leaves out.

    Raises:
        ConfigError: the Dockerfile or the context is missing, or not in the repository.
    """
    for key, path in (("dockerfile", image.dockerfile), ("context", image.context)):
        if posixpath.isabs(path) or posixpath.normpath(path).startswith(".."):
            raise ConfigError(
                f"{key}: {path!r} leads out of the repository.",
                remedy="Give a path within it: its history tells when the image changes.",
            )
    text = project.repository.read(None, image.dockerfile)
    if text is None:
        raise ConfigError(
            f"There is no Dockerfile {image.dockerfile}.",
            remedy="Name it with `dockerfile` in [tool.flowlift.image].",
            at=Position(image.dockerfile),
        )
    if not (project.root / image.context).is_dir():
        raise ConfigError(
            f"There is no folder {image.context}.",
            remedy="Name the build context with `context` in [tool.flowlift.image].",
        )
    present = (file for file in ignore_files(image) if (project.root / file).is_file())
    ignore = next((project.repository.read(None, file) or b"" for file in present), b"")
    parsed = dockerfiles.parse(text.decode("utf-8", "replace"))
    return Selection(image, parsed, ignore.decode("utf-8", "replace"))


def changed_inputs(project: Project, selection: Selection, since: str) -> list[ChangedInput]:
    """The inputs that differ between the commit `since` and the work tree."""
    read = project.repository.read
    found = []
    for path in sorted(project.repository.changed_files(since).paths):
        why = selection.why(path)
        if not why and path not in TABLES:
            continue
        before, after = read(since, path), read(None, path)
        same = before is not None and after is not None
        if same and before != after and _equal(selection, path, before, after):
            why = ""
        if why := why or _configuration(path, before, after):
            found.append(ChangedInput(path, why))
    return found


def read_sources(project: Project, image: Image, selection: Selection) -> ImageInputs:
    """What makes the image as the work tree has it, but for the base images: nobody is asked."""
    return ImageInputs(
        dockerfile=image.dockerfile,
        context=posixpath.normpath(image.context),
        target=image.target or "",
        files=tuple(_files(project, selection)),
        platforms=image.platforms,
        build_args=image.build_args,
    )


def with_bases(
    sources: ImageInputs, image: Image, selection: Selection, resolve: Resolve
) -> ImageInputs:
    """The same with the base images' digests."""
    bases, unclear = _bases(image, selection.dockerfile, resolve)
    return replace(sources, bases=bases, unclear=unclear)


def _files(project: Project, selection: Selection) -> Iterator[InputFile]:
    for path in project.repository.files():
        if not selection.why(path):
            continue
        file = project.root / path
        if file.is_symlink():
            content = str(file.readlink()).encode("utf-8", "surrogateescape")
            yield InputFile(path, "link", content_digest(content))
            continue
        read = project.repository.read(None, path)
        if read is not None:
            mode = "executable" if _is_executable(file) else "file"
            yield InputFile(path, mode, selection.digest(path, read))


def _is_executable(file: Path) -> bool:
    return file.exists() and bool(file.stat().st_mode & 0o100)


def _bases(
    image: Image, dockerfile: Dockerfile, resolve: Resolve
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The digest of each base image, and what could not be told."""
    wanted: dict[str, Reference] = {}
    unclear: list[str] = []
    for platform in image.platforms:
        try:
            for base in dockerfile.bases(image.target, image.build_args, platform):
                reference = parse(base.text)
                wanted[str(reference)] = reference
        except UnclearError as error:
            unclear.append(f"{image.dockerfile}: {error}")
        except InputError as error:
            unclear.append(f"{image.dockerfile}: {error.message}")
    bases: dict[str, str] = {}

    def ask(reference: Reference) -> str | RegistryError | None:
        try:
            return reference.digest or resolve(reference)
        except RegistryError as error:
            return error

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for name, digest in zip(wanted, pool.map(ask, wanted.values()), strict=True):
            if isinstance(digest, str):
                bases[name] = digest
            elif digest is None:
                unclear.append(f"the base image {name} was not found")
            else:
                unclear.append(f"the base image {name}: {digest.message}")
    return bases, tuple(dict.fromkeys(unclear))


def _configuration(path: str, before: bytes | None, after: bytes | None) -> str:
    """Why flowlift's own configuration is an input: only for what it says about the image."""

    def table(content: bytes | None) -> object:
        own = own_table(content, path)
        if own is None:
            return content
        said = own.get("image")
        if not isinstance(said, dict):
            return None
        return {key: value for key, value in said.items() if key not in _BESIDE}

    if path not in TABLES:
        return ""
    return "the image's configuration" if table(before) != table(after) else ""


def _equal(selection: Selection, path: str, before: bytes | None, after: bytes | None) -> bool:
    return selection.digest(path, before or b"") == selection.digest(path, after or b"")


def _copies(image: Image, dockerfile: Dockerfile) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What the Dockerfile takes from the context, with its line."""
    stages = dockerfile.needed(image.target, image.build_args, image.platforms[0])
    for stage in stages:
        for copy in stage.copies:
            globs = (glob for source in copy.sources for glob in _below(image.context, source))
            yield f"copied by {image.dockerfile}:{copy.line}", tuple(globs)


def _below(context: str, source: str) -> tuple[str, ...]:
    """The globs of a path of the context: the file, or the folder with all in it."""
    # A variable may stand for any path.
    parts = ["**" if "$" in part else part for part in source.split("/") if part not in {"", "."}]
    if not parts:
        return (_within(context, "**"),)
    path = _within(context, "/".join(parts))
    return (path, f"{path}/**")


def _within(context: str, path: str) -> str:
    folder = posixpath.normpath(context)
    return path if folder == "." else f"{folder}/{path}"


def _glob(path: str) -> str:
    """A glob for exactly this path, however it is written."""
    return exact(posixpath.normpath(path))


class _IgnoreFile:
    """What a `.dockerignore` leaves out of the context. The last rule that fits decides."""

    def __init__(self, text: str, context: str) -> None:
        self._rules: list[tuple[bool, Matcher]] = []
        for line in text.splitlines():
            pattern = line.strip()
            if not pattern or pattern.startswith("#"):
                continue
            out = not pattern.startswith("!")
            pattern = posixpath.normpath(pattern.lstrip("!").strip()).strip("/")
            self._rules.append((out, Matcher(_below(context, pattern))))

    def leaves_out(self, path: str) -> bool:
        left_out = False
        for out, matcher in self._rules:
            if matcher.matches(path):
                left_out = out
        return left_out


def describe(changed: Iterable[ChangedInput]) -> str:
    """The changed inputs in a few words."""
    return listed([change.path for change in changed], 3)
