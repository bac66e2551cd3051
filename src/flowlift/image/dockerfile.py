"""What a Dockerfile says about where an image comes from: base images, and files copied in.

Source: the Dockerfile reference (docs.docker.com/reference/dockerfile). Only what is needed to
know an image's inputs is read; whether the file is right is for BuildKit to say.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

_HEREDOC = re.compile(r"(?<!<)<<(-?)\s*([\"']?)([A-Za-z_][A-Za-z0-9_]*)\2")
_FLAG = re.compile(r"--([a-z][a-z-]*)(?:=(\S*))?\s*")
_VARIABLE = re.compile(
    r"\$(?:\{(?P<braced>[A-Za-z_]\w*)(?P<rest>[^A-Za-z0-9_}][^}]*)?\}|(?P<plain>[A-Za-z_]\w*))"
)


class UnclearError(Exception):
    """Something in the Dockerfile depends on what only the builder knows."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: its name in capitals, its flags, and the rest of its text."""

    name: str
    flags: tuple[tuple[str, str], ...]
    text: str
    line: int

    def flag(self, name: str) -> str:
        """The value of a flag, "" where it is not given."""
        return next((value for key, value in self.flags if key == name), "")


@dataclass(frozen=True, slots=True)
class Copy:
    """Files that an instruction takes from the build context; `sources` are globs."""

    sources: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Base:
    """An image that a stage starts from or copies out of, variables not yet replaced."""

    text: str
    line: int


@dataclass(slots=True)
class BuildStage:
    """One build stage: what it starts from, and what it takes from elsewhere."""

    name: str
    base: Base
    images: list[Base] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)

    @property
    def origins(self) -> tuple[Base, ...]:
        """Every image or stage that this one needs."""
        return (self.base, *self.images)


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """The stages of a Dockerfile, and the arguments that stand before the first one."""

    stages: tuple[BuildStage, ...]
    arguments: Mapping[str, str | None]

    def needed(
        self, target: str | None, arguments: Mapping[str, str], platform: str
    ) -> list[BuildStage]:
        """The stages that the image is made of: BuildKit leaves out the others."""
        return [self.stages[at] for at in self._needed(target, self._known(arguments, platform))]

    def bases(
        self, target: str | None, arguments: Mapping[str, str], platform: str
    ) -> Iterator[Base]:
        """Each image from outside that is needed for `platform`, with variables replaced.

        Raises:
            UnclearError: a name depends on what only the builder knows.
        """
        known = self._known(arguments, platform)
        for position in self._needed(target, known):
            for base in self.stages[position].origins:
                name = expand(base.text, known, base.line)
                if name != "scratch" and self._find(name, position) is None:
                    yield Base(name, base.line)

    def _needed(self, target: str | None, known: Mapping[str, str]) -> list[int]:
        last = self._find(target, len(self.stages)) if target else None
        waiting = [last if last is not None else len(self.stages) - 1] if self.stages else []
        needed = set[int]()
        while waiting:
            position = waiting.pop()
            needed.add(position)
            for base in self.stages[position].origins:
                try:
                    found = self._find(expand(base.text, known, base.line), position)
                except UnclearError:
                    continue  # whoever asks for the images is told
                if found is not None and found not in needed:
                    waiting.append(found)
        return sorted(needed)

    def _find(self, text: str, before: int) -> int | None:
        """The stage of that name or number, the last of several, before a position."""
        if text.isdecimal() and int(text) < before:
            return int(text)
        for position in range(before - 1, -1, -1):
            if text and self.stages[position].name.lower() == text.lower():
                return position
        return None

    def _known(self, given: Mapping[str, str], platform: str) -> dict[str, str]:
        system, _, rest = platform.partition("/")
        architecture, _, variant = rest.partition("/")
        known = {
            "TARGETPLATFORM": platform,
            "TARGETOS": system,
            "TARGETARCH": architecture,
            "TARGETVARIANT": variant,
        }
        for name, default in self.arguments.items():
            if name in given:
                known[name] = given[name]
            elif default is not None:
                try:
                    known[name] = expand(default, known, 0)
                except UnclearError:
                    continue  # it matters only where it is used
        return known


def parse(text: str) -> Dockerfile:
    """Read a Dockerfile. What is wrong in it is passed over: BuildKit will refuse it."""
    stages: list[BuildStage] = []
    arguments: dict[str, str | None] = {}
    for instruction in instructions(text):
        if instruction.name == "FROM":
            words = instruction.text.split()
            if words:
                named = len(words) > 2 and words[1].upper() == "AS"
                stages.append(
                    BuildStage(words[2] if named else "", Base(words[0], instruction.line))
                )
        elif instruction.name == "ARG" and not stages:
            arguments.update(_arguments(instruction.text))
        elif stages:
            _take(instruction, stages[-1])
    return Dockerfile(tuple(stages), arguments)


def instructions(text: str) -> Iterator[Instruction]:
    """The instructions of a Dockerfile, with continued lines joined and comments left out."""
    lines = text.removeprefix("\ufeff").splitlines()
    escape = _escape(lines)
    position = 0
    while position < len(lines):
        start = position
        parts: list[str] = []
        more = True
        while more and position < len(lines):
            line = lines[position]
            position += 1
            if not line.strip() or line.lstrip().startswith("#"):
                # An empty line and a comment are passed over within a continued line too.
                more = bool(parts)
                start = start if parts else position
                continue
            stripped = line.rstrip()
            more = stripped.endswith(escape)
            parts.append(stripped.removesuffix(escape) if more else stripped)
        if not parts:
            continue
        whole = " ".join(part.strip() for part in parts)
        name, _, rest = whole.partition(" ")
        if name.upper() == "ONBUILD":
            continue
        flags, rest = _flags(rest.strip())
        position = _past_heredocs(rest, lines, position)
        yield Instruction(name.upper(), flags, rest, start + 1)


def expand(text: str, known: Mapping[str, str], line: int) -> str:
    """`text` with the variables replaced that BuildKit replaces in a FROM.

    Raises:
        UnclearError: a variable has no value here, or is changed in a way that is not read.
    """

    def value(found: re.Match[str]) -> str:
        name, rest = found["braced"] or found["plain"], found["rest"] or ""
        given = known.get(name)
        if not rest:
            if given is None:
                raise UnclearError(f"line {line}: ${name} has no value here")
            return given
        rule = re.fullmatch(r"(:?)([-+])(.*)", rest, re.DOTALL)
        if rule is None:
            raise UnclearError(f"line {line}: {found[0]} is not understood")
        empty = given is None or (rule[1] and not given)
        if rule[2] == "-":
            return expand(rule[3], known, line) if empty else (given or "")
        return "" if empty else expand(rule[3], known, line)

    expanded = _VARIABLE.sub(value, text.strip("\"'"))
    if "$" in expanded:
        raise UnclearError(f"line {line}: {text} is not understood")
    return expanded


def _escape(lines: Sequence[str]) -> str:
    """The character that continues a line: a directive at the top may change it."""
    for line in lines:
        directive = re.fullmatch(r"#\s*([A-Za-z]+)\s*=\s*(.+?)\s*", line.strip())
        if directive is None:
            break
        if directive[1].lower() == "escape":
            return directive[2]
    return "\\"


def _flags(text: str) -> tuple[tuple[tuple[str, str], ...], str]:
    flags = []
    while found := _FLAG.match(text):
        flags.append((found[1], (found[2] or "").strip("\"'")))
        text = text[found.end() :]
    return tuple(flags), text


def _past_heredocs(text: str, lines: Sequence[str], position: int) -> int:
    """The line after the last of the here-documents that begin in `text`."""
    for found in _HEREDOC.finditer(text):
        for end, line in enumerate(lines[position:], position + 1):
            if (line.lstrip("\t") if found[1] else line) == found[3]:
                position = end
                break
    return position


def _arguments(text: str) -> Iterator[tuple[str, str | None]]:
    for word in _words(text):
        name, given, default = word.partition("=")
        yield name, default if given else None


def _take(instruction: Instruction, stage: BuildStage) -> None:
    """Note what an instruction within `stage` brings in from outside."""
    line = instruction.line
    if instruction.name in {"COPY", "ADD"}:
        if origin := instruction.flag("from"):
            stage.images.append(Base(origin, line))
            return
        sources = [word for word in _paths(instruction.text)[:-1] if not word.startswith("<<")]
        local = tuple(word for word in sources if not re.match(r"[a-z]+://|git@", word))
        if local:
            stage.copies.append(Copy(local, line))
    elif instruction.name == "RUN":
        for mount in (value for flag, value in instruction.flags if flag == "mount"):
            options = dict(part.partition("=")[::2] for part in mount.split(","))
            if options.get("type", "bind") not in {"bind", "cache"}:
                continue
            if "from" in options:
                stage.images.append(Base(options["from"], line))
            elif options.get("type", "bind") == "bind":
                stage.copies.append(Copy((options.get("source", options.get("src", ".")),), line))


def _paths(text: str) -> list[str]:
    """The paths of a COPY or ADD, in either of its two forms."""
    if text.startswith("["):
        try:
            listed = json.loads(text)
        except ValueError:
            return _words(text)
        return [str(word) for word in listed]
    return _words(text)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
