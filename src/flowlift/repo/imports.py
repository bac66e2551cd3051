"""What one Python file imports, read from its bytes without running or compiling it.

A plan may have to look at thousands of files, and parsing each into a syntax tree takes a
millisecond. So strings and comments are cut out by one expression and the import statements found
by another: exact on every file that Python accepts, thirty times as fast, and independent of the
Python that flowlift runs on. A file that needs more (imports by a computed name, names outside
ASCII, strings that do not end) is parsed after all.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

ANYTHING = ""
"""A prefix that every module's name has: nothing is known of the name."""


class Import(NamedTuple):
    """One import: `level` dots, then `module`; `names` are what `from ... import` lists."""

    level: int
    module: str
    names: tuple[str, ...] = ()


class Imports(NamedTuple):
    """What a file imports.

    `files` are ends of paths that it loads as code. `computed` holds one prefix for each import by
    a name that only running tells: "acme.tasks." for `import_module(f"acme.tasks.{name}")`,
    `ANYTHING` where not even that is known. `broken` says why a file could not be read.
    """

    statements: tuple[Import, ...] = ()
    files: tuple[str, ...] = ()
    computed: tuple[str, ...] = ()
    broken: str = ""


_STRING_OR_COMMENT = re.compile(
    rb"""
    \#[^\n]*
    | \"\"\" [^"\\]* (?: (?: \\. | "(?!"") ) [^"\\]* )* \"\"\"
    | ''' [^'\\]* (?: (?: \\. | '(?!'') ) [^'\\]* )* '''
    | " [^"\\\n]* (?: \\. [^"\\\n]* )* "
    | ' [^'\\\n]* (?: \\. [^'\\\n]* )* '
    """,
    re.VERBOSE | re.DOTALL,
)
# What can follow the last `import` of a file and belong to its statement.
_REST = re.compile(
    rb"import[ \t\f]*"
    rb"(?:\([^)#]*(?:\#[^\n]*\n[^)#]*)*\)|[^\n\\]*(?:\\\n?[^\n\\]*)*)"
)
# The common forms of a statement, which start a line, and every form: it may follow `;` or the
# colon of `try:`, `else:`, `if x:` as well, and have no blank where one is usual.
_COMMON = re.compile(
    rb"\n[ \t\f]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]*(?:\(([^)]*)\)|([^\n;]*))"
    rb"|import[ \t]+([^\n;]*))"
)
_ANY = re.compile(
    rb"[\n;:][ \t\f]*(?:from\b([^\n;]*?)\bimport\b(?:[ \t]*\(([^)]*)\)|([^\n;]*))"
    rb"|import\b([^\n;]*))"
)
_NAMED = rb"\s*[A-Za-z_][\w.]*(?:\s+as\s+\w+)?\s*"
_NAMES = re.compile(rb"%b(?:,%b)*(?:,\s*)?" % (_NAMED, _NAMED))
_MODULE = re.compile(rb"\.*(?:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)?")

_LOADERS = {
    "import_module",
    "__import__",
    "import_string",
    "import_object",
    "run_module",
    "run_path",
    "exec",
    "spec_from_file_location",
    "SourceFileLoader",
    "load_script_as_module",
    "load_flow_from_entrypoint",
}
# What a file that calls one of the loaders must hold somewhere: few words, as each costs a search.
_LOADER_WORDS = (b"import_", b"runpy", b"exec(", b"spec_from_f", b"SourceF", b"load_")
_LOADER_NAME = re.compile(rb"\b(?:" + "|".join(sorted(_LOADERS)).encode() + rb")\b")


def has_loader(source: bytes) -> bool:
    """Whether `source` may import by a call: such files must be read even if they name nothing."""
    for word in _LOADER_WORDS:
        if word in source:
            return _LOADER_NAME.search(source) is not None
    return False


def read(source: bytes, *, loader: bool | None = None) -> Imports:
    """What `source` imports: conditional, function-level and type-checking imports too.

    `loader` is the answer of `has_loader`, if it was asked already.
    """
    if has_loader(source) if loader is None else loader:
        return _parsed(source)
    if b"import" not in source:
        return Imports()
    statements = _scanned(source)
    return _parsed(source) if statements is None else Imports(tuple(statements))


def _scanned(source: bytes) -> list[Import] | None:
    """The import statements by expressions alone; None where a syntax tree is needed."""
    if b"\r" in source:
        source = source.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    # Most of a file is below its imports; but the last of them may stand in a string.
    end = _REST.match(source, source.rfind(b"import"))
    code = _code(source[: end.end()]) if end else None
    if code is None:
        code = _code(source)
    if code is None:
        return None
    if b"\\\n" in code:
        code = code.replace(b"\\\n", b" ")
    found: list[Import] = []
    code = b"\n" + code
    matches = _COMMON.findall(code)
    if len(matches) != code.count(b"import"):
        matches = _ANY.findall(code)
    for match in matches:
        parsed = _statement(*match)
        if not parsed:
            return None
        found += parsed
    return found


def _code(source: bytes) -> bytes | None:
    """`source` without strings and comments; None where a string does not end, or beyond ASCII."""
    code = _STRING_OR_COMMENT.sub(b"", source.removeprefix(b"\xef\xbb\xbf"))
    return None if b'"' in code or b"'" in code or not code.isascii() else code


@lru_cache(maxsize=100_000)
def _statement(origin: bytes, bracketed: bytes, listed: bytes, plain: bytes) -> tuple[Import, ...]:
    """One matched statement; empty where it is of a form that the syntax tree must tell."""
    text = bracketed or listed or plain
    if _NAMES.fullmatch(text):
        parts = [part.split(None, 1) for part in text.decode().split(",")]
        names = tuple([part[0] for part in parts if part])
    elif text.strip() == b"*":
        names = ("*",)
    else:
        return ()
    if plain:
        return tuple(Import(0, name) for name in names)
    module = origin.strip()
    if not _MODULE.fullmatch(module):
        return ()
    bare = module.lstrip(b".")
    return (Import(len(module) - len(bare), bare.decode(), names),)


def _parsed(source: bytes) -> Imports:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        why = f"line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        return Imports(tuple(_scanned(source) or ()), broken=f"not Python {why}".strip())
    reader = _Reader()
    reader.visit(tree)
    return Imports(tuple(reader.statements), tuple(reader.files), tuple(reader.computed))


class _Reader(ast.NodeVisitor):
    """Collects imports from a syntax tree, those by a call too."""

    def __init__(self) -> None:
        self.statements: list[Import] = []
        self.files: list[str] = []
        self.computed: list[str] = []
        self._loaders = {name: name for name in _LOADERS}

    def visit_Import(self, node: ast.Import) -> None:
        self.statements += [Import(0, alias.name) for alias in node.names]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        names = tuple(alias.name for alias in node.names)
        self.statements.append(Import(node.level, node.module or "", names))
        for alias in node.names:
            if alias.asname and alias.name in _LOADERS:
                self._loaders[alias.asname] = alias.name

    def visit_Call(self, node: ast.Call) -> None:
        loader = self._loader(node.func)
        if loader is None:
            self.visit(node.func)
        else:
            self._load(loader, node)
        for part in (*node.args, *(keyword.value for keyword in node.keywords)):
            self.visit(part)

    def visit_Name(self, node: ast.Name) -> None:
        # A loader that is handed on is called with what nobody can see from here.
        if isinstance(node.ctx, ast.Load) and self._loader(node):
            self.computed.append(ANYTHING)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Load) and self._loader(node):
            self.computed.append(ANYTHING)
        self.visit(node.value)

    def _loader(self, func: ast.expr) -> str | None:
        if isinstance(func, ast.Name):
            return self._loaders.get(func.id)
        # `cursor.exec` and the like are other people's methods: `exec` counts as a builtin only.
        if isinstance(func, ast.Attribute) and func.attr in _LOADERS and func.attr != "exec":
            return func.attr
        return None

    def _load(self, loader: str, node: ast.Call) -> None:
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        texts = [text for part in given for text in _texts(part)]
        paths = [text for text in texts if text.split(":")[0].endswith(".py")]
        first = given[0] if given else None
        literal = first.value if isinstance(first, ast.Constant) else None
        if paths:
            self.files += [path.split(":")[0] for path in paths]
        elif not isinstance(literal, str):
            self.computed.append(_prefix(first))
        elif loader == "exec":
            inner = read(literal.encode())
            self.statements += inner.statements
            self.computed += [*inner.computed, *([ANYTHING] if inner.broken else [])]
        elif literal.startswith("."):
            self._load_relative(literal, given[1:])
        else:
            module, _, name = literal.partition(":")
            names = (name,) if name else tuple(texts[1:]) if loader == "__import__" else ()
            self.statements.append(Import(0, module, names))
            if loader == "run_module":
                self.statements.append(Import(0, f"{module}.__main__"))

    def _load_relative(self, literal: str, rest: list[ast.expr]) -> None:
        bare = literal.lstrip(".")
        dots = len(literal) - len(bare)
        anchor = rest[0] if rest else None
        if isinstance(anchor, ast.Constant) and isinstance(anchor.value, str):
            parts = anchor.value.split(".")
            base = parts[: len(parts) - dots + 1]
            self.statements.append(Import(0, ".".join([*base, bare])))
        elif isinstance(anchor, ast.Name) and anchor.id in ("__package__", "__name__"):
            self.statements.append(Import(dots, bare))
        else:
            self.computed.append(ANYTHING)


def _texts(node: ast.expr) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def _prefix(node: ast.expr | None) -> str:
    """The literal start of a computed module name, up to its last dot."""
    while isinstance(node, (ast.BinOp, ast.JoinedStr, ast.Call)):
        if isinstance(node, ast.BinOp):
            node = node.left
        elif isinstance(node, ast.JoinedStr):
            node = node.values[0] if node.values else None
        elif isinstance(node.func, ast.Attribute) and node.func.attr == "format":
            node = node.func.value
        else:
            return ANYTHING
    text = node.value if isinstance(node, ast.Constant) else None
    if not isinstance(text, str) or text.startswith("."):
        return ANYTHING
    text = re.split(r"[{%]", text)[0]
    return text[: text.rfind(".") + 1]
