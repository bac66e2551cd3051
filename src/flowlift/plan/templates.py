"""Templates by Prefect's own rules, with every loss and every secret written down.

`prefect deploy` resolves a deployment's entry in four passes, in this order: block documents,
variables, environment variables, outputs of build and push steps. What a pass cannot resolve is
removed or left, differently from pass to pass (tried with 3.8.8):

- a missing variable becomes "";
- an unset `{{ $X }}` becomes "", but stays as it is in pull steps;
- an unknown word that is a whole value removes its key, inside a text it becomes "";
- `{{ NAME }}` without a `$` is looked for in the environment as well;
- `{{ ctx.… }}` is left for the worker.

In pull steps blocks, variables and unknown words stay for the worker to resolve.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from flowlift.findings import Json
from flowlift.plan.fields import KnownAfterBuild

PLACEHOLDER = re.compile(r"{{\s*([\w.\-\[\]$]+)\s*}}")
"""What Prefect takes for a placeholder; other things in double braces are plain text to it."""

RUN_TIME_WORDS = ("flow_run.", "flow.", "deployment.", "event.", "task_run.", "work_pool.")
"""Words that exist while a flow runs or an automation fires, never while deploying."""

SECRET_NAME = re.compile(
    r"(?:^|[_.\-])(?:api[_\-]?key|key|token|secret|password|passwd|pwd|credentials?|auth)"
    r"(?:$|[_.\-0-9])(?!(?:url|uri|file|path|name|id|ttl|type|block)$)",
    re.IGNORECASE,
)
"""Names of secrets, but for those that end in saying where one is: TOKEN_URL, PASSWORD_FILE."""

TOKEN_SHAPE = re.compile(
    r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w\-]{16,}|pn[ub]_[A-Za-z0-9]{20,}"
    r"|xox[abprs]-[\w\-]{10,}|AKIA[0-9A-Z]{16}|sk-[A-Za-z0-9_\-]{20,}|eyJ[\w\-]{10,}\.eyJ[\w\-]{10,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----|://[^/\s:@]+:[^/\s@{}]{3,}@"
)

Path = tuple[str | int, ...]


class _Missing:
    """Stands for a value that a whole-value placeholder did not find: its key goes."""


MISSING = _Missing()


@dataclass(frozen=True, slots=True)
class BlockValue:
    """A block document's data, and whether its type holds secrets."""

    data: Json
    secret: bool = False


@dataclass(frozen=True, slots=True)
class TemplateValues:
    """All that templates may refer to.

    `pending` are the ids of build and push steps that have not run, `open_ended` says that some
    step may put out words that nobody can know before it has run. `offline` says that no workspace
    was asked, so that its blocks and variables are neither known nor missing.
    """

    environ: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, Json] = field(default_factory=dict)
    blocks: Mapping[tuple[str, str], BlockValue] = field(default_factory=dict)
    outputs: Mapping[str, Json] = field(default_factory=dict)
    pending: frozenset[str] = frozenset()
    open_ended: bool = False
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Loss:
    """A word that could not be resolved: `kind` is block, variable, env or word."""

    kind: str
    word: str
    path: Path


@dataclass(slots=True)
class Resolver:
    """Resolves templates, and keeps what was lost (`losses`) and what is secret (`secrets`)."""

    values: TemplateValues
    losses: list[Loss] = field(default_factory=list)
    secrets: set[Path] = field(default_factory=set)
    in_clear: list[Loss] = field(default_factory=list)
    """Secret blocks whose value would be stored on the server as clear text."""

    def entry(self, template: Json, path: Path) -> Json:
        """Resolve a part of a deployment's entry, in Prefect's four passes."""
        value = walk(template, path, self._blocks)
        value = walk(value, path, self._variables)
        value = walk(value, path, self._environment)
        return walk(value, path, self._outputs)

    def early(self, template: Json, path: Path) -> Json:
        """Resolve what Prefect resolves before any step runs; unknown words are left."""
        value = walk(template, path, self._blocks)
        value = walk(value, path, self._variables)
        return walk(value, path, self._environment)

    def late(self, template: Json, path: Path) -> Json:
        """Resolve the outputs of steps in what `early` has left."""
        return walk(template, path, self._outputs)

    def pull(self, template: Json, path: Path) -> Json:
        """Resolve a pull step: set variables and outputs are baked in, all else stays."""
        return walk(template, path, self._pull)

    # The passes ------------------------------------------------------------------------

    def _blocks(self, text: str, path: Path) -> Json:
        def look(word: str) -> Json:
            slug, _, rest = word.removeprefix("prefect.blocks.").partition(".")
            name, _, keys = rest.partition(".")
            block = self.values.blocks.get((slug, name))
            if block is None and self.values.offline:
                return KnownAfterBuild()
            if block is None:
                self.losses.append(Loss("block", word, path))
                return KEEP
            value = _inside_block(block.data, keys)
            if isinstance(value, _Missing):
                self.losses.append(Loss("block", word, path))
                return KEEP
            if block.secret:
                self.in_clear.append(Loss("block", word, path))
                self.secrets.add(path)
            return value

        return _replace(text, lambda word: word.startswith("prefect.blocks."), look)

    def _variables(self, text: str, path: Path) -> Json:
        def look(word: str) -> Json:
            name = word.removeprefix("prefect.variables.")
            if name not in self.values.variables and self.values.offline:
                return KnownAfterBuild()
            if name not in self.values.variables:
                self.losses.append(Loss("variable", word, path))
                return ""
            if SECRET_NAME.search(name):
                self.secrets.add(path)
            return self.values.variables[name]

        return _replace(text, lambda word: word.startswith("prefect.variables."), look)

    def _environment(self, text: str, path: Path) -> Json:
        # Prefect looks plain words up in the environment as well: `{{ HOME }}`.
        return _replace(
            text,
            lambda word: not word.startswith(("prefect.blocks.", "prefect.variables.")),
            lambda word: self._from_environ(word, path, KEEP),
        )

    def _outputs(self, text: str, path: Path) -> Json:
        def look(word: str) -> Json:
            if word.startswith("$"):
                self.losses.append(Loss("env", word, path))
                return ""
            value = self._output(word)
            if isinstance(value, _Missing):
                self.losses.append(Loss("word", word, path))
            return value

        return _replace(
            text,
            lambda word: not word.startswith(("ctx.", "prefect.blocks.", "prefect.variables.")),
            look,
        )

    def _pull(self, text: str, path: Path) -> Json:
        def look(word: str) -> Json:
            if word.startswith("$"):
                value = self._from_environ(word, path, MISSING)
                if isinstance(value, _Missing):
                    self.losses.append(Loss("env", word, path))
                    return KEEP
                return value
            value = self._output(word)
            return KEEP if isinstance(value, _Missing) else value

        self._note_missing(text, path)
        return _replace(text, lambda word: not word.startswith("prefect."), look)

    def _note_missing(self, text: str, path: Path) -> None:
        """Blocks and variables of a pull step stay for the worker, which needs them to be there."""
        if self.values.offline:
            return
        for word in PLACEHOLDER.findall(text):
            if word.startswith("prefect.variables."):
                if word.removeprefix("prefect.variables.") not in self.values.variables:
                    self.losses.append(Loss("variable", word, path))
            elif word.startswith("prefect.blocks."):
                slug, _, rest = word.removeprefix("prefect.blocks.").partition(".")
                if (slug, rest.partition(".")[0]) not in self.values.blocks:
                    self.losses.append(Loss("block", word, path))

    def _from_environ(self, word: str, path: Path, absent: Json) -> Json:
        name = word.lstrip("$")
        value = self.values.environ.get(name)
        if value is None:
            return absent
        if SECRET_NAME.search(name):
            self.secrets.add(path)
        return value

    def _output(self, word: str) -> Json:
        value = _inside(self.values.outputs, word)
        if not isinstance(value, _Missing):
            return value
        first = re.split(r"[.\[]", word, maxsplit=1)[0]
        if first in self.values.pending or (
            self.values.open_ended and not word.startswith(RUN_TIME_WORDS)
        ):
            return KnownAfterBuild()
        return MISSING


KEEP = object()
"""A look-up's answer for "leave the placeholder as it is"."""


def words(template: Json) -> set[str]:
    """Every placeholder's word in a template, however deep."""
    found: set[str] = set()

    def note(text: str, _path: Path) -> Json:
        found.update(PLACEHOLDER.findall(text))
        return text

    walk(template, (), note)
    return found


def walk(template: Json, path: Path, visit: Callable[[str, Path], Json]) -> Json:
    """`template` with each text replaced by what `visit` gives for it; MISSING removes it."""
    if isinstance(template, str):
        return template if isinstance(template, KnownAfterBuild) else visit(template, path)
    if isinstance(template, Mapping):
        mapped = ((key, walk(value, (*path, key), visit)) for key, value in template.items())
        return {key: value for key, value in mapped if not isinstance(value, _Missing)}
    if isinstance(template, Sequence):
        items = (walk(value, (*path, index), visit) for index, value in enumerate(template))
        return [value for value in items if not isinstance(value, _Missing)]
    return template


def _replace(text: str, concerns: Callable[[str], bool], look: Callable[[str], Json]) -> Json:
    if "{{" not in text:
        return text
    whole = PLACEHOLDER.fullmatch(text)
    if whole and concerns(whole[1]):
        value = look(whole[1])
        return text if value is KEEP else value
    pending = False

    def put(match: re.Match[str]) -> str:
        nonlocal pending
        if not concerns(match[1]):
            return match[0]
        value = look(match[1])
        if isinstance(value, KnownAfterBuild):
            pending = True
        if value is KEEP:
            return match[0]
        return "" if isinstance(value, _Missing) else str(value)

    replaced = PLACEHOLDER.sub(put, text)
    return KnownAfterBuild() if pending else replaced


def _inside(value: Json, word: str) -> Json:
    """The value at a dotted path such as `build.image` or `list[0].name`, else MISSING."""
    for key in word.replace("[", ".").replace("]", "").split("."):
        try:
            value = value[int(key) if key.lstrip("-").isdigit() else key]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return value


def _inside_block(data: Json, keys: str) -> Json:
    """A block's value: a system block holds `value` alone, which may be left out of the word."""
    if (
        isinstance(data, Mapping)
        and set(data) == {"value"}
        and not re.match(r"value($|[.\[])", keys)
    ):
        data = data["value"]
    return _inside(data, keys) if keys else data
