"""Runs the story's commands as a person types them, and shows what they print as they print it."""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import os
import shlex
import shutil
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flowlift.demo.folding import Fold, plain
from flowlift.errors import FlowliftError, InputError
from flowlift.render.screen import Ink, fit_encoding, screen_of

_CHUNK = 65_536
_ROWS = 24
_PATIENCE = 5.0


def _own_program() -> str:
    """The flowlift that belongs to this interpreter."""
    beside = Path(sys.executable).with_name("flowlift")
    found = str(beside) if beside.exists() else shutil.which("flowlift")
    if found is None:
        raise InputError(
            "The program `flowlift` is not found.",
            remedy="Install it: pip install 'flowlift[demo]'",
        )
    return found


@dataclass
class Prompt:
    """A shell's prompt in a folder, with an environment; `program` is what `flowlift` runs."""

    folder: Path
    environ: dict[str, str]
    program: str = field(default_factory=_own_program)
    _shown: list[str] = field(default_factory=list)

    def flowlift(self, *words: str, code: int = 0) -> str:
        """Run flowlift, a line below what stands above; what it printed, without colours.

        A beginning that repeats what the command before has printed is shown as one line.

        Raises:
            FlowliftError: it leaves with another exit code than `code`.
        """
        _show("\n")
        printed = self._run([self.program, *words], f"flowlift {shlex.join(words)}", code)
        self._shown = printed.splitlines()
        return printed

    def git(self, *words: str) -> str:
        """Run git; what it printed, without colours.

        Raises:
            FlowliftError: it leaves with another exit code than 0.
        """
        return self._run(["git", *words], f"git {shlex.join(words)}", 0)

    def ask_git(self, *words: str) -> str:
        """What git answers, without showing it.

        Raises:
            FlowliftError: it leaves with another exit code than 0.
        """
        done = subprocess.run(
            ["git", *words],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise FlowliftError(f"git {shlex.join(words)}: {done.stderr.strip()}")
        return done.stdout.removesuffix("\n")

    def export(self, name: str, value: str) -> None:
        """Set a variable for the commands that follow."""
        self.environ[name] = value
        self._typed(f"export {name}={value}")

    def _typed(self, words: str) -> None:
        ink = Ink(screen_of(sys.stdout).colour)
        _show(f"{ink.green('$')} {ink.bold(words)}\n")

    def _run(self, command: Sequence[str], typed: str, code: int) -> str:
        self._typed(typed)
        fold = Fold(self._shown)
        printed: list[str] = []
        with _started(command, self.folder, self.environ) as (process, read):
            for text in _pieces(read):
                printed.append(text)
                _show(fold.feed(text))
            ended = process.wait()
        _show(fold.end())
        if ended != code:
            raise FlowliftError(
                f"`{typed}` left with exit code {ended}, and {code} was expected.",
                remedy="What it printed stands above. `flowlift demo --keep` keeps the folder.",
            )
        return plain("".join(printed))


@contextlib.contextmanager
def _started(
    command: Sequence[str], folder: Path, environ: Mapping[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[], bytes]]]:
    """A command, and how to read its output: from a terminal, where we write to one as well."""
    screen = screen_of(sys.stdout)
    if screen.redraws:
        ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, screen.width, 0, 0))
    else:
        ours, theirs = os.pipe()
    process = subprocess.Popen(
        command, cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    try:
        yield process, lambda: _read(ours)
    finally:
        os.close(ours)
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _CHUNK)
    except OSError:
        # So Linux says that nobody has the other end of a terminal any more.
        return b""


def _pieces(read: Callable[[], bytes]) -> Iterator[str]:
    """Output as text, as it comes."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    while chunk := read():
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def _show(text: str) -> None:
    if text:
        sys.stdout.write(fit_encoding(text, sys.stdout))
        sys.stdout.flush()
