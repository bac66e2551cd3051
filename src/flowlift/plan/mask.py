"""Values that must never be shown: secrets, in a plan's output and in its JSON."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from flowlift.findings import Json
from flowlift.plan.templates import SECRET_NAME, TOKEN_SHAPE

HIDDEN = "(hidden)"

_INDEX = re.compile(r"(?:\[\d+\])+$")


def mask(value: Json, path: str, secrets: Collection[str]) -> Json:
    """`value` with everything hidden that is secret.

    Secret is what stands at one of the paths `secrets`, a text or a list of texts under a key that
    is named like a secret, and a text shaped like a token or a URL with a password. References
    such as `{{ prefect.blocks.secret.x }}` are no secrets and stay readable.
    """
    if isinstance(value, Mapping):
        return {key: mask(item, f"{path}.{key}", secrets) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [mask(item, f"{path}[{index}]", secrets) for index, item in enumerate(value)]
    if any(path == secret or _below(path, secret) for secret in secrets):
        return HIDDEN
    if isinstance(value, str) and "{{" not in value and value:
        name = _INDEX.sub("", path.rpartition(".")[2])
        if SECRET_NAME.search(name) or TOKEN_SHAPE.search(value):
            return HIDDEN
    return value


def mask_words(words: str, value: Json, path: str, secrets: Collection[str]) -> str:
    """What is said of `value`, hidden where it may quote something secret of it."""
    return words if mask(value, path, secrets) == value else HIDDEN


def _below(path: str, secret: str) -> bool:
    return path.startswith((secret + ".", secret + "["))


def dotted(path: Collection[str | int]) -> str:
    """A path as it is shown: `pull_steps[0].branch`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
