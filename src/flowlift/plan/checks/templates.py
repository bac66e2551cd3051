"""Templates whose value is lost, secrets that would be stored in clear, values of one machine."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from flowlift.findings import Json
from flowlift.plan.checks.report import Report
from flowlift.plan.desired import Resolution, pending_words
from flowlift.plan.mask import dotted
from flowlift.plan.model import Declared
from flowlift.plan.templates import (
    PLACEHOLDER,
    RUN_TIME_WORDS,
    SECRET_NAME,
    TOKEN_SHAPE,
    Loss,
    Path,
    TemplateValues,
    walk,
)

MACHINE_WORDS = frozenset({"$PWD", "$HOME", "$USER", "$HOSTNAME", "$TMPDIR"})
"""Variables whose value belongs to the machine that deploys, not to the one that runs."""

MEANING = {
    "block": "is no block of this workspace",
    "variable": "is no variable of this workspace",
    "env": "is not set in this environment",
    "word": "is defined by no step",
}
CHECK = {
    "block": "missing-block",
    "variable": "missing-variable",
    "env": "unset-env",
    "word": "undefined-word",
}


def check_templates(resolution: Resolution, values: TemplateValues, report: Report) -> None:
    """Report each value that Prefect would drop, blank or store in clear without a word."""
    declared = resolution.desired.declared
    key = resolution.desired.key
    seen: set[tuple[str, Path]] = set()
    for loss in resolution.losses:
        if (loss.word, loss.path) in seen or (loss.kind == "env" and loss.path[:1] == ("pull",)):
            # An unset variable in a pull step stays: the worker fills it in when it runs.
            continue
        seen.add((loss.word, loss.path))
        report.add(
            CHECK[loss.kind],
            f"`{{{{ {loss.word} }}}}` {_meaning(loss)}, so {_consequence(loss, declared)}.",
            remedy=_remedy(loss, declared, values),
            at=declared.position(*loss.path),
            declared=declared,
            deployment=key,
        )
    for loss in resolution.in_clear:
        report.add(
            "secret-in-clear",
            f"`{{{{ {loss.word} }}}}` is a secret, and the server would store it as clear text"
            f" in {dotted(loss.path)}.",
            remedy="Read the block in the flow, or in a pull step, where it stays a reference.",
            at=declared.position(*loss.path),
            declared=declared,
            deployment=key,
        )
    _check_texts(resolution, values, report)


def _meaning(loss: Loss) -> str:
    if loss.kind == "word" and loss.word.startswith(RUN_TIME_WORDS):
        return "exists only while a flow runs"
    return MEANING[loss.kind]


def _consequence(loss: Loss, declared: Declared) -> str:
    place = dotted(loss.path)
    text = declared.data
    for part in loss.path:
        try:
            text = text[part]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            break
    whole = isinstance(text, str) and PLACEHOLDER.fullmatch(text) is not None
    if loss.kind == "block":
        return f"{place} cannot be resolved"
    if loss.kind == "word" and whole:
        return f"Prefect drops {place} without a word"
    return f"Prefect puts nothing in its place in {place}"


def _remedy(loss: Loss, declared: Declared, values: TemplateValues) -> str:
    if loss.kind == "block":
        slug, _, rest = loss.word.removeprefix("prefect.blocks.").partition(".")
        return f"Create the block {rest.partition('.')[0]!r} of type {slug!r}, or correct the name."
    if loss.kind == "variable":
        name = loss.word.removeprefix("prefect.variables.")
        return f"Create it: prefect variable set {name} VALUE"
    if loss.kind == "env":
        return f"Set {loss.word.lstrip('$')} where flowlift runs."
    return _word_remedy(loss, declared, values)


def _word_remedy(loss: Loss, declared: Declared, values: TemplateValues) -> str:
    if loss.word.startswith(RUN_TIME_WORDS):
        return "Remove it; use a flow run name or a parameter instead."
    known = pending_words(declared, values).pending
    first, dot, rest = loss.word.partition(".")
    if near := difflib.get_close_matches(first, known, n=1):
        return f"Is `{near[0]}{dot}{rest}` meant? Ids are compared letter by letter."
    if loss.word.startswith("variables.") or loss.word.startswith("blocks."):
        return f"Write `{{{{ prefect.{loss.word} }}}}`."
    return "Give a build or push step this `id`, or write `$NAME` for an environment variable."


def _brings_a_secret(word: str, path: Path) -> bool:
    """Whether a variable's name, or that of the key that it stands under, is a secret's."""
    if SECRET_NAME.search(word.lstrip("$")):
        return True
    return path[0] in {"work_pool", "pull"} and SECRET_NAME.search(str(path[-1])) is not None


def _check_texts(resolution: Resolution, values: TemplateValues, report: Report) -> None:
    declared = resolution.desired.declared

    def look(text: str, path: Path) -> Json:
        at = declared.position(*path)
        place = dotted(path)
        words = PLACEHOLDER.findall(text)
        for word in words:
            if word in MACHINE_WORDS and word.lstrip("$") in values.environ:
                report.add(
                    "machine-path",
                    f"`{{{{ {word} }}}}` in {place} is a value of the machine that deploys.",
                    remedy="Write the folder or name that the worker has.",
                    at=at,
                    declared=declared,
                    deployment=resolution.desired.key,
                )
            elif word.lstrip("$") in values.environ and _brings_a_secret(word, path):
                report.add(
                    "secret-in-clear",
                    f"`{{{{ {word} }}}}` in {place} is set here, so the server would store its"
                    " value as clear text.",
                    remedy="Use a secret block: {{ prefect.blocks.secret.NAME }}.",
                    at=at,
                    declared=declared,
                    deployment=resolution.desired.key,
                )
        name = str(path[-1])
        if TOKEN_SHAPE.search(text):
            report.add(
                "secret-in-manifest",
                f"{place} holds what looks like a token or a password.",
                remedy="Revoke it, and use a secret block: {{ prefect.blocks.secret.NAME }}.",
                at=at,
                declared=declared,
                deployment=resolution.desired.key,
            )
        elif not words and text and SECRET_NAME.search(name) and path[0] != "parameters":
            report.add(
                "secret-in-clear",
                f"{place} is named like a secret and stands in the manifest in clear.",
                remedy="Use a secret block: {{ prefect.blocks.secret.NAME }}.",
                at=at,
                declared=declared,
                deployment=resolution.desired.key,
            )
        return text

    parts: Mapping[str, Json] = {**declared.data, "pull": list(declared.pull or ())}
    for key in ("work_pool", "parameters", "tags", "description", "pull"):
        if parts.get(key) is not None:
            walk(parts[key], (key,), look)
