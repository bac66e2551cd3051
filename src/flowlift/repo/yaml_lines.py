"""Reads YAML as Prefect does, and remembers on which line each key and value stands.

libyaml builds the nodes and one pass over them makes the values, so that a manifest of a thousand
deployments takes a quarter of a second. The values are those of `yaml.safe_load`, which is what
Prefect reads with: anchors, aliases, merge keys and YAML 1.1's ways to write a scalar. The few
texts that libyaml reads in another way than that are left to PyYAML's own loader. What another
program reads, such as Helm, is read by that program's `Dialect`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import yaml

from flowlift.errors import ManifestError, Position
from flowlift.repo.garbage import uncollected

DEEPEST = 100
"""Values within values, at most: libyaml itself ends the process at some tens of thousands."""

MOST_VALUES = 3_000_000
"""Values with every alias written out, at most; a manifest of 5,000 deployments has 300,000."""

Path = tuple[str | int, ...]

_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_STR, _MERGE, _VALUE = f"{_TAG}str", f"{_TAG}merge", f"{_TAG}value"
_MAP, _SEQ = f"{_TAG}map", f"{_TAG}seq"

# Tabs, the tag `!` alone, and a comment right after `|` or `>`: here libyaml differs.
_BARE_TAG = re.compile(r"(?:^|[\s\[{,])!(?=[\s,\]}]|$)", re.MULTILINE)
_BLOCK_COMMENT = re.compile(r"[|>][-+0-9]*#")
# What can nest deeply: brackets, dashes in a row, and wide indentation.
_STEEP = re.compile(r"(?:[-?][ \t]+){40}")
_BRACKETS = re.compile(r"[\[\]{}]")


class Duplicate(NamedTuple):
    """A key that one mapping has twice: YAML keeps the last, silently."""

    key: str
    line: int
    first: int


class Mark(NamedTuple):
    """Where a value stands, and the marks of what is in it."""

    line: int
    inside: Mapping[Any, Mark]


class Dialect(NamedTuple):
    """How a program other than Prefect reads scalars: what tells their kind, and their value."""

    loader: type[Any]
    constructor: type[yaml.constructor.SafeConstructor]


class Marked(NamedTuple):
    """A YAML document: its value, where everything in it stands, and the keys written twice."""

    value: Any
    mark: Mark
    duplicates: tuple[Duplicate, ...]


class Lines(Mapping[Path, int]):
    """From a path (`("schedules", 0, "cron")`) to the line of its key, or of its list item.

    Lines count from 1. What comes through an alias or a merge key stands where it is written.
    """

    __slots__ = ("_mark",)

    def __init__(self, mark: Mark) -> None:
        self._mark = mark

    def __getitem__(self, path: Path) -> int:
        mark = self._mark
        for part in path:
            mark = mark.inside[part]
        return mark.line

    def __iter__(self) -> Iterator[Path]:
        return self._paths(self._mark, ())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _paths(self, mark: Mark, above: Path) -> Iterator[Path]:
        for part, inner in mark.inside.items():
            path = (*above, part)
            yield path
            yield from self._paths(inner, path)


@uncollected()
def read(text: str, file: str, dialect: Dialect | None = None) -> Marked:
    """The YAML document in `text`; None with no marks where it is empty.

    Args:
        text: the whole document.
        file: its path, for messages.
        dialect: how scalars are read, by default as Prefect reads them.

    Raises:
        ManifestError: it is not YAML, holds what `safe_load` refuses, refers to itself, or is
            nested or multiplied by aliases beyond all use.
    """
    _check_depth(text, file)
    node = _compose(text, file, dialect)
    if node is None:
        return Marked(None, Mark(0, {}), ())
    builder = _Builder(file, dialect.constructor if dialect else yaml.constructor.SafeConstructor)
    built = builder.build(node)
    mark = Mark(node.start_mark.line + 1, built.inside)
    return Marked(built.value, mark, tuple(builder.duplicates))


def _compose(text: str, file: str, dialect: Dialect | None) -> yaml.Node | None:
    differs = "\t" in text or ("!" in text and _BARE_TAG.search(text))
    loader = yaml.SafeLoader if differs or _BLOCK_COMMENT.search(text) else _LOADER
    try:
        if dialect is not None:
            return yaml.compose(text, Loader=dialect.loader)
        try:
            return yaml.compose(text, Loader=loader)
        except yaml.YAMLError:
            # What PyYAML's own loader takes, Prefect takes; and its messages are the better ones.
            return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise _broken(error, file) from None
    except (yaml.YAMLError, ValueError) as error:
        raise ManifestError(
            f"This is not YAML: {error}", remedy="Save the file as UTF-8.", at=Position(file)
        ) from None


def _check_depth(text: str, file: str) -> None:
    depth = deepest = 0
    for bracket in _BRACKETS.findall(text):
        if bracket in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif depth:
            depth -= 1
    if deepest < DEEPEST and " " * DEEPEST not in text and not _STEEP.search(text):
        return
    # Brackets may as well stand in texts: reading events tells, and nests nothing.
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > DEEPEST:
                raise ManifestError(
                    f"Values are nested more than {DEEPEST} levels deep.",
                    remedy="No deployment needs that: look for an indentation that runs away.",
                    at=Position(file, event.start_mark.line + 1 if event.start_mark else 0),
                )
    except (yaml.YAMLError, ValueError):
        return  # `_compose` meets the same error at the same place, and reports it


def _broken(error: yaml.MarkedYAMLError, file: str) -> ManifestError:
    mark = error.problem_mark or error.context_mark
    said = ", ".join(part for part in (error.context, error.problem) if part)
    remedy = "Mend the line, or the one above it; nothing of the file was read."
    if "end of stream" in said or "<stream end>" in said:
        mark = error.context_mark or mark  # where it begins, not where the file ends
        remedy = "A quote or bracket is opened in this line and never closed."
    elif "\\t" in said:
        remedy = "Indent with spaces: YAML does not allow tabs there."
    elif "flow mapping" in said or "block mapping" in said or "'%'" in said or "'{'" in said:
        remedy = 'Check the indentation, and put a value with a template in quotes: "{{ name }}".'
    return ManifestError(
        f"This is not YAML: {said or error}.",
        remedy=remedy,
        at=Position(file, mark.line + 1 if mark else 0),
    )


class _Built(NamedTuple):
    """A value, the marks of what is in it, and how many values it is with aliases written out."""

    value: Any
    inside: Mapping[Any, Mark]
    size: int


class _Pair(NamedTuple):
    value: Any
    mark: Mark
    size: int


_NOTHING: Mapping[Any, Mark] = {}


class _Builder:
    """Makes values and marks of nodes, each node once: what an alias means is shared."""

    def __init__(self, file: str, constructor: type[yaml.constructor.SafeConstructor]) -> None:
        self.duplicates: list[Duplicate] = []
        self._file = file
        self._constructor = constructor
        self._scalars: dict[tuple[str, str], Any] = {}
        self._built: dict[int, _Built] = {}
        self._pairs: dict[int, dict[Any, _Pair]] = {}
        self._sizes: dict[int, int] = {}
        self._open: set[int] = set()

    def build(self, node: yaml.Node) -> _Built:
        """The value of `node`, with marks."""
        if node.__class__ is yaml.ScalarNode:
            value = node.value if node.tag == _STR else self._scalar(node)
            return _Built(value, _NOTHING, 1)
        known = self._built.get(id(node))
        if known is not None:
            return known
        self._enter(node)
        built = self._collection(node)
        self._open.discard(id(node))
        if built.size > MOST_VALUES:
            raise self._bomb(node)
        self._built[id(node)] = built
        return built

    def _enter(self, node: yaml.Node) -> None:
        if id(node) in self._open:
            raise ManifestError(
                "This value holds an alias that refers to the value itself.",
                remedy="Give the anchor to a part that does not hold the alias.",
                at=Position(self._file, node.start_mark.line + 1),
            )
        self._open.add(id(node))

    def _bomb(self, node: yaml.Node) -> ManifestError:
        return ManifestError(
            f"Its aliases unfold into more than {MOST_VALUES:,} values.",
            remedy="Use fewer aliases within anchors that hold aliases themselves.",
            at=Position(self._file, node.start_mark.line + 1),
        )

    def _collection(self, node: yaml.Node) -> _Built:
        if isinstance(node, yaml.MappingNode) and node.tag == _MAP:
            pairs = self._mapping(node)
            return _Built(
                {key: pair.value for key, pair in pairs.items()},
                {key: pair.mark for key, pair in pairs.items()},
                1 + sum(pair.size for pair in pairs.values()),
            )
        if isinstance(node, yaml.SequenceNode) and node.tag == _SEQ:
            built = [self.build(item) for item in node.value]
            lines = [item.start_mark.line + 1 for item in node.value]
            return _Built(
                [item.value for item in built],
                {at: Mark(lines[at], item.inside) for at, item in enumerate(built)},
                1 + sum(item.size for item in built),
            )
        # Sets, ordered maps and the like, which no manifest needs: PyYAML makes them.
        size = self._size(node)
        if size > MOST_VALUES:
            raise self._bomb(node)
        return _Built(self._construct(node), _NOTHING, size)

    def _mapping(self, node: yaml.MappingNode) -> dict[Any, _Pair]:
        """The pairs of a mapping: those that it merges in, overridden by its own."""
        known = self._pairs.get(id(node))
        if known is not None:
            return known
        merged: dict[Any, _Pair] = {}
        own: dict[Any, _Pair] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                for source in self._merged(value_node):
                    self._enter(source)
                    merged.update(self._mapping(source))
                    self._open.discard(id(source))
                continue
            line = key_node.start_mark.line + 1
            key = self._key(key_node)
            if key in own:
                self.duplicates.append(Duplicate(str(key), line, own[key].mark.line))
            if value_node.__class__ is yaml.ScalarNode:
                value = value_node.value if value_node.tag == _STR else self._scalar(value_node)
                own[key] = _Pair(value, Mark(line, _NOTHING), 1)
            else:
                built = self.build(value_node)
                own[key] = _Pair(built.value, Mark(line, built.inside), built.size)
        pairs = {**merged, **own} if merged else own
        self._pairs[id(node)] = pairs
        return pairs

    def _merged(self, node: yaml.Node) -> list[yaml.MappingNode]:
        """What a merge key names; an earlier one of a list overrides a later one."""
        named = node.value[::-1] if isinstance(node, yaml.SequenceNode) else [node]
        sources: list[yaml.MappingNode] = []
        for source in named:
            if not isinstance(source, yaml.MappingNode):
                raise ManifestError(
                    "A merge key `<<` takes a mapping, or a list of mappings.",
                    remedy="Name an anchor of a mapping: `<<: *name`.",
                    at=Position(self._file, source.start_mark.line + 1),
                )
            sources.append(source)
        return sources

    def _key(self, node: yaml.Node) -> Any:
        if node.tag in (_STR, _VALUE) and isinstance(node, yaml.ScalarNode):
            return node.value
        key = self.build(node).value
        try:
            hash(key)
        except TypeError:
            raise ManifestError(
                "A mapping or a list cannot be a key.",
                remedy='Put a value with a template in quotes: "{{ name }}".',
                at=Position(self._file, node.start_mark.line + 1),
            ) from None
        return key

    def _scalar(self, node: yaml.Node) -> Any:
        known = (node.tag, node.value)
        if known not in self._scalars:
            self._scalars[known] = self._construct(node)
        return self._scalars[known]

    def _construct(self, node: yaml.Node) -> Any:
        try:
            return self._constructor().construct_document(node)
        except yaml.MarkedYAMLError as error:
            raise _broken(error, self._file) from None
        except (ValueError, LookupError, TypeError, ArithmeticError, AttributeError) as error:
            raise ManifestError(
                f"{str(node.value)[:60]!r} is not a value of its type: {error}.",
                remedy="Put it in quotes if it is a text.",
                at=Position(self._file, node.start_mark.line + 1),
            ) from None

    def _size(self, node: yaml.Node) -> int:
        """How many values `node` is with aliases written out."""
        if isinstance(node, yaml.ScalarNode):
            return 1
        known = self._sizes.get(id(node))
        if known is None:
            mapping = isinstance(node, yaml.MappingNode)
            parts = [part for pair in node.value for part in pair] if mapping else node.value
            # Until it is known, what refers to itself counts as too much.
            self._sizes[id(node)] = MOST_VALUES
            known = self._sizes[id(node)] = 1 + sum(self._size(part) for part in parts)
        return known
