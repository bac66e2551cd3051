"""A base job template against what Prefect and its worker need of one.

Prefect's server takes most of what is wrong here with 204; a run then fails, or never starts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flowlift.findings import Finding, Json, finding, value_at
from flowlift.plan.templates import SECRET_NAME, TOKEN_SHAPE
from flowlift.words import meant
from flowlift.worker.values.rules import KINDS, default_trouble, schema_fault
from flowlift.worker.values.template import PLACEHOLDER, POD, Template, texts

_BRACES = re.compile(r"{{[^{}]*}}")
_IMAGE = re.compile(r"{{\s*image\s*}}")
_ALWAYS_TAKEN = "env"
_CONTAINERS = (*POD, "containers")
_FIXED: Mapping[str, Json] = {"parallelism": 1, "completions": 1, "restartPolicy": "Never"}
_CONTAINER = "prefect-job"
"""What prefect-kubernetes compares a job's manifest with (`_validate_job_manifest`, 0.8.0): a run
whose manifest lacks one of these, or has another, crashes."""


def check_template(template: Template, kind: str) -> list[Finding]:
    """Everything wrong or doubtful with a template of a pool of type `kind`."""
    if not (template.data.get("variables") and template.data.get("job_configuration")):
        return [
            finding(
                "template-schema",
                "A base job template has `variables` and `job_configuration`, both not empty.",
                f"Print a whole one: prefect work-pool get-default-base-job-template --type {kind}",
                template.position(),
            )
        ]
    return [
        *_check_shape(template),
        *_check_used(template),
        *_check_properties(template),
        *_check_required(template),
        *(_check_job(template) if kind == "kubernetes" else ()),
        *_check_env(template),
    ]


def _check_shape(template: Template) -> Iterator[Finding]:
    for part in ("variables", "job_configuration"):
        if not isinstance(template.data[part], Mapping):
            yield finding(
                "template-schema",
                f"`{part}` is no object.",
                "Correct it: the server refuses such a template.",
                template.position(part),
            )
    variables = template.data["variables"]
    if isinstance(variables, Mapping) and not isinstance(variables.get("properties", {}), Mapping):
        yield finding(
            "template-schema",
            "`variables.properties` is no object.",
            "Write each variable as a key, and its rule as the value.",
            template.position("variables", "properties"),
        )


def _check_used(template: Template) -> Iterator[Finding]:
    """Variables that are used and not declared, or declared and not used."""
    used: set[str] = set()
    known = template.properties
    for path, text in texts(template.configuration, ("job_configuration",)):
        names = PLACEHOLDER.findall(text)
        for name in names:
            if name not in known and name not in used:
                yield finding(
                    "template-variable",
                    f"The job configuration uses {{{{ {name} }}}}, which is not declared"
                    + meant(name, known),
                    f'Declare it in variables.properties: "{name}": {{"type": "string"}}.',
                    template.position(*path),
                )
            used.add(name)
        for braces in _BRACES.findall(text):
            if not PLACEHOLDER.fullmatch(braces):
                yield finding(
                    "template-variable",
                    f"{braces} is no variable as Prefect reads one, so it stays as it is.",
                    "A variable's name is letters, digits and underscores: {{ image }}.",
                    template.position(*path),
                )
    for name in known:
        if name not in used and name != _ALWAYS_TAKEN:
            yield finding(
                "unused-variable",
                f"The variable `{name}` is used nowhere in the job configuration: what"
                " deployments set there has no effect.",
                f"Use it, {{{{ {name} }}}}, or take it out.",
                template.position("variables", "properties", name),
            )


def _check_properties(template: Template) -> Iterator[Finding]:
    """Rules that are none, types that do not exist, and defaults that their own rule refuses."""
    variables = template.data["variables"]
    if not isinstance(variables, Mapping):
        return
    sound = True
    for name, rule in template.properties.items():
        place = ("variables", "properties", name)
        if not isinstance(rule, Mapping):
            sound = False
            yield finding(
                "template-schema",
                f"The rule of the variable `{name}` is no object.",
                f'Write "{name}": {{"type": "string"}}.',
                template.position(*place),
            )
            continue
        for kind in _types(rule):
            if kind not in KINDS:
                sound = False
                yield finding(
                    "template-schema",
                    f"The variable `{name}` is of type {kind!r}, which does not exist"
                    + meant(str(kind), KINDS, repr)
                    + " Each run would be refused.",
                    f"The types: {', '.join(KINDS)}.",
                    template.position(*place, "type"),
                )
    if not sound:
        return
    if fault := schema_fault(variables):
        yield finding(
            "template-schema",
            f"The variables are no JSON schema: {fault.reason}. Each run would be refused.",
            "Correct it; the server takes it without a word.",
            template.position("variables", *fault.path),
        )
        return
    for name in template.properties:
        if reason := default_trouble(variables, name):
            yield finding(
                "template-schema",
                f"The default of `{name}` does not fit its own rule: {reason}.",
                "Correct the default or the type. The server drops such a default, and from then"
                " on requires nothing.",
                template.position("variables", "properties", name, "default"),
            )


def _types(rule: Mapping[str, Json]) -> list[Any]:
    said = rule.get("type")
    if said is None:
        return []
    return said if isinstance(said, list) else [said]


def _check_required(template: Template) -> Iterator[Finding]:
    variables = template.data["variables"]
    required = variables.get("required") if isinstance(variables, Mapping) else None
    if not isinstance(required, list):
        return
    for index, name in enumerate(required):
        if name not in template.properties:
            yield finding(
                "template-schema",
                f"`{name}` is required, but not declared" + meant(str(name), template.properties),
                "Declare it, or take it out of `required`: no run could satisfy it knowingly.",
                template.position("variables", "required", index),
            )


def _check_job(template: Template) -> Iterator[Finding]:
    """A Job with a container that starts the flows image."""
    manifest = template.configuration.get("job_manifest")
    place = ("job_configuration", "job_manifest")
    if isinstance(manifest, str) and PLACEHOLDER.fullmatch(manifest.strip()):
        return
    if not isinstance(manifest, Mapping):
        yield _job(template, "There is no `job_manifest`, so runs have nothing to start.", place)
        return
    if manifest.get("kind") != "Job":
        yield _job(
            template,
            f"The manifest is of kind {manifest.get('kind')!r}, not a Job: runs would crash.",
            (*place, "kind"),
        )
    if manifest.get("apiVersion") != "batch/v1":
        yield _job(template, "The manifest's `apiVersion` is not batch/v1.", (*place, "apiVersion"))
    pod = value_at(template.data, *POD)
    pod = pod if isinstance(pod, Mapping) else {}
    for key, value in _FIXED.items():
        if _is_other(pod.get(key), value):
            yield _job(
                template,
                f"The pod's `{key}` is {pod.get(key)!r}, and the worker takes {value!r} alone: each"
                " run would crash.",
                (*POD, key),
            )
    containers = pod.get("containers")
    if not isinstance(containers, list) or not containers:
        yield _job(template, "The manifest has no container.", _CONTAINERS)
        return
    if len(containers) > 1:
        yield _job(
            template,
            f"The manifest has {len(containers)} containers: Prefect sets up the first only, and a"
            " Job ends when all of them have ended.",
            (*_CONTAINERS, 1),
        )
    first = containers[0]
    name = first.get("name") if isinstance(first, Mapping) else None
    if _is_other(name, _CONTAINER):
        yield _job(
            template,
            f"The container is called {name!r}, and the worker takes {_CONTAINER!r} alone: each run"
            " would crash.",
            (*_CONTAINERS, 0, "name"),
        )
    image = first.get("image") if isinstance(first, Mapping) else None
    if not (isinstance(image, str) and _IMAGE.fullmatch(image.strip())):
        yield _job(
            template,
            "The container's image is not {{ image }}, so neither this nor a deployment's own"
            " image would run.",
            (*_CONTAINERS, 0, "image"),
        )


def _is_other(said: Json, wanted: Json) -> bool:
    """Whether a value is not the one that the worker asks for; a template may become it."""
    if isinstance(said, str) and PLACEHOLDER.search(said):
        return False
    return bool(said != wanted)


def _job(template: Template, message: str, path: tuple[str | int, ...]) -> Finding:
    return finding(
        "template-job",
        message,
        "Prefect's own manifest: prefect work-pool get-default-base-job-template --type kubernetes",
        template.position(*path),
    )


def _check_env(template: Template) -> Iterator[Finding]:
    """The environment of runs: an object, and without secrets in clear."""
    env = template.configuration.get("env")
    if not (env is None or isinstance(env, (Mapping, str))):
        yield finding(
            "template-schema",
            "`env` is no object: a worker fails on it at each run.",
            'Write {"NAME": "value"}.',
            template.position("job_configuration", "env"),
        )
    for path, name, value in _variables_of(template.data):
        named = SECRET_NAME.search(name) and not PLACEHOLDER.search(value)
        if value and (named or TOKEN_SHAPE.search(value)):
            yield finding(
                "secret-in-values",
                f"The variable {name} looks like a secret, in clear.",
                "Put it into a Kubernetes secret, and name that with `valueFrom`.",
                template.position(*path),
            )


def _variables_of(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[Any, str, str]]:
    """Every environment variable with a value: path, name, value."""
    if isinstance(value, Mapping):
        name, said = value.get("name"), value.get("value")
        if isinstance(name, str) and isinstance(said, str):
            yield (*path, "value"), name, said
        for key, item in value.items():
            if key in {"env", "default"} and isinstance(item, Mapping):
                for inner, text in item.items():
                    if isinstance(text, str) and (key == "env" or path[-1:] == ("env",)):
                        yield (*path, key, inner), inner, text
            yield from _variables_of(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _variables_of(item, (*path, index))
