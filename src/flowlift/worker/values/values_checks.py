"""A values file against what the worker's chart needs, whatever the chart's own schema says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flowlift.errors import Position
from flowlift.findings import Finding, finding
from flowlift.plan.templates import SECRET_NAME, TOKEN_SHAPE
from flowlift.worker.values.template import Path, texts
from flowlift.worker.values.template_checks import check_template
from flowlift.worker.values.values import CONFIGURATION, WorkerValues

_SECRET_KEY = re.compile(r"(?:password|passwd|token|auth_?string|api_?key)\Z", re.IGNORECASE)
_COPIED = frozenset({"PREFECT_API_KEY", "PREFECT_API_AUTH_STRING"})
_IN_VALUES = "Put it into a Kubernetes secret, and name that one: the file stands in git."


def check_values(values: WorkerValues, *, placeholder: str, image: str | None) -> list[Finding]:
    """Everything wrong or doubtful with a values file, what was found while reading it included."""
    return [
        *values.findings,
        *_check_pool(values),
        *check_left_over(values, placeholder),
        *_check_image(values, placeholder, image),
        *_check_secrets(values),
        *(check_template(values.template, pool_type(values)) if values.template else ()),
    ]


def pool_type(values: WorkerValues) -> str:
    """The type of the pool that the worker serves."""
    return str(values.get("worker", "config", "type") or "kubernetes")


def _check_pool(values: WorkerValues) -> Iterator[Finding]:
    pool = values.get("worker", "config", "workPool")
    if not isinstance(pool, str) or not pool.strip():
        yield finding(
            "worker-values",
            "`worker.config.workPool` names no work pool.",
            "Name the pool that the worker serves.",
            values.position("worker", "config", "workPool"),
        )
    queues = values.get("worker", "config", "workQueues")
    if queues is not None and not (
        isinstance(queues, list) and all(isinstance(queue, str) for queue in queues)
    ):
        yield finding(
            "worker-values",
            "`worker.config.workQueues` is no list of names.",
            'Write it as a list: ["default"].',
            values.position("worker", "config", "workQueues"),
        )


def check_left_over(values: WorkerValues, placeholder: str) -> Iterator[Finding]:
    """The placeholder, where it still stands."""
    for at in left_over(values, placeholder):
        yield finding(
            "template-image",
            f"{placeholder} stands here, and no image is known to put there: runs would wait for"
            " an image that cannot be pulled.",
            "Name the image: --image REGISTRY/NAME@sha256:..., or configure [tool.flowlift.image].",
            at,
        )


def _check_image(values: WorkerValues, placeholder: str, image: str | None) -> Iterator[Finding]:
    template = values.template
    if (
        image
        and template is not None
        and template.image != image
        and "image" in template.properties
    ):
        yield finding(
            "template-image",
            "The placeholder stands somewhere else, so the default of the variable `image` is not"
            f" the flows image but {template.image!r}.",
            f'Write "default": "{placeholder}" there.',
            template.position("variables", "properties", "image", "default"),
        )


def left_over(values: WorkerValues, placeholder: str) -> list[Position]:
    """Where the placeholder still stands."""
    found = [
        values.position(*path)
        for path, text in texts(values.data)
        if placeholder in text and not (path == CONFIGURATION and values.template is not None)
    ]
    if values.template is not None:
        places = texts(values.template.data)
        found += [values.template.position(*path) for path, text in places if placeholder in text]
    return found


def _check_secrets(values: WorkerValues) -> Iterator[Finding]:
    for path, name, entry in _environment(values.data):
        own = path[:2] == ("worker", "extraEnvVars")
        if own and name in _COPIED and "valueFrom" in entry:
            yield finding(
                "secret-in-clear",
                f"The worker copies its own {name} in clear into the pod of every flow run.",
                "Drop it where the API needs no key. Prefect Cloud: apiConfig: cloud with"
                " apiKeySecret and `jobApiKeyPropagation: secretRef`. A server with a login:"
                " basicAuth.existingSecret.",
                values.position(*path),
            )
        value = entry.get("value")
        if isinstance(value, str) and value and SECRET_NAME.search(name):
            yield finding(
                "secret-in-values",
                f"The variable {name} looks like a secret, in clear.",
                _IN_VALUES,
                values.position(*path, "value"),
            )
    for path, text in texts(values.data):
        key = path[-1] if path else ""
        if path[: len(CONFIGURATION)] == CONFIGURATION or text == key:
            continue
        named = isinstance(key, str) and _SECRET_KEY.search(key)
        if text and (named or TOKEN_SHAPE.search(text)):
            yield finding(
                "secret-in-values",
                f"`{'.'.join(map(str, path))}` looks like a secret, in clear.",
                _IN_VALUES,
                values.position(*path),
            )


def _environment(value: Any, path: Path = ()) -> Iterator[tuple[Path, str, Mapping[str, Any]]]:
    """Every entry of a list of environment variables: path, name, entry."""
    if isinstance(value, Mapping):
        name = value.get("name")
        if isinstance(name, str) and ("value" in value or "valueFrom" in value):
            yield path, name, value
        for key, item in value.items():
            yield from _environment(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _environment(item, (*path, index))
