"""The chart's values of one environment: read as Helm reads them, with the flows image put in.

The file in git stays as it is. Helm gets the result as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import yaml

from flowlift.errors import ManifestError, Position
from flowlift.findings import Finding, Json, finding, value_at
from flowlift.repo import yaml_lines
from flowlift.worker.values.helm_yaml import HELM, as_json
from flowlift.worker.values.template import Path, Template, nearest, read_template, texts

CONFIGURATION = ("worker", "config", "baseJobTemplate", "configuration")
_CONFIG_MAP = (*CONFIGURATION[:-1], "existingConfigMapName")


@dataclass(frozen=True, slots=True)
class WorkerValues:
    """A values file. `data` has the image in it where one was given.

    `template` is the base job template in it: None where it has none, or a broken one, which the
    findings tell.
    """

    data: Mapping[str, Json] = field(repr=False)
    file: str
    lines: Mapping[Path, int] = field(repr=False)
    template: Template | None = field(default=None, repr=False)
    findings: tuple[Finding, ...] = ()

    def position(self, *path: str | int) -> Position:
        """Where the value at `path` stands: the nearest line known, at worst the file."""
        return Position(self.file, nearest(self.lines, path))

    def get(self, *path: str) -> Json:
        """The value at `path`, None where there is none."""
        return value_at(self.data, *path)

    @property
    def has_own_config_map(self) -> bool:
        """Whether the base job template comes from a ConfigMap that somebody else makes."""
        return bool(self.get(*_CONFIG_MAP))


def read_values(text: str, file: str, *, placeholder: str, image: str | None) -> WorkerValues:
    """Read a values file and put `image` (by digest) into its base job template.

    It goes where `placeholder` stands; where that is nowhere, into the default of the template's
    variable `image`. None leaves all as it is.

    Raises:
        ManifestError: it is not YAML that Helm reads, or no mapping.
    """
    document = yaml_lines.read(text, file, HELM)
    data = {} if document.value is None else as_json(document, file)
    if not isinstance(data, dict):
        raise ManifestError(
            "A values file is a mapping of names to values.",
            remedy="Start it with `worker:`.",
            at=Position(file, document.mark.line),
        )
    stood = image is not None and any(placeholder in found for _, found in texts(data))
    if image is not None:
        data = _replaced(data, placeholder, image)
    values = WorkerValues(data, file, yaml_lines.Lines(document.mark), None, _twice(document, file))
    said = values.get(*CONFIGURATION)
    if said is None or values.has_own_config_map:
        return _config_map(values)
    if not isinstance(said, str):
        return _with(
            values,
            finding(
                "worker-values",
                "The base job template is no text: Kubernetes takes only texts in a ConfigMap.",
                "Write it as JSON in a block text: `configuration: |`, and the JSON indented.",
                values.position(*CONFIGURATION),
            ),
        )
    start, spread = _start(text, values.position(*CONFIGURATION).line)
    template, findings = read_template(said, file, start=start, spread=spread)
    values = _with(replace(values, template=template), *findings)
    if template is None or image is None or stood:
        return values
    return _set_default(values, template, image)


def _replaced(value: Json, placeholder: str, image: str) -> Json:
    if isinstance(value, str):
        return value.replace(placeholder, image)
    if isinstance(value, dict):
        return {key: _replaced(item, placeholder, image) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, placeholder, image) for item in value]
    return value


def _set_default(values: WorkerValues, template: Template, image: str) -> WorkerValues:
    wanted = template.with_image(image)
    if wanted is None:
        return _with(
            values,
            finding(
                "template-image",
                "There is no place for the flows image: the base job template has no variable"
                " `image`, and the placeholder stands nowhere.",
                'Declare it in variables.properties: "image": {"type": "string"}.',
                template.position("variables", "properties"),
            ),
        )
    if wanted.data == template.data:
        return values
    data = json.loads(json.dumps(values.data))
    data["worker"]["config"]["baseJobTemplate"]["configuration"] = json.dumps(
        wanted.data, indent=2, ensure_ascii=False
    )
    return replace(values, data=data, template=wanted)


def _config_map(values: WorkerValues) -> WorkerValues:
    if not values.has_own_config_map:
        return values
    return _with(
        values,
        finding(
            "config-map",
            "The base job template comes from a ConfigMap that exists already: when that changes,"
            " the worker is not restarted and the pool keeps the old one.",
            "Put the template into `configuration`, and take `existingConfigMapName` out.",
            values.position(*_CONFIG_MAP),
        ),
    )


def _twice(document: yaml_lines.Marked, file: str) -> tuple[Finding, ...]:
    return tuple(
        finding(
            "duplicate-key",
            f"The key {twice.key!r} stands twice in one mapping, first on line {twice.first}: the"
            " later one wins without a word.",
            "Keep one of the two.",
            Position(file, twice.line),
        )
        for twice in document.duplicates
    )


def _with(values: WorkerValues, *more: Finding) -> WorkerValues:
    return replace(values, findings=(*values.findings, *more))


def _start(text: str, line: int) -> tuple[int, bool]:
    """The line of the JSON's first line, and whether each of its lines is one of the file.

    That is so in a literal block (`|`). A folded block or a quoted text is told by its first line.
    """
    in_value = False
    for token in yaml.scan(text, Loader=HELM.loader):
        if isinstance(token, yaml.AliasToken) and in_value:
            break
        if isinstance(token, yaml.ScalarToken) and token.start_mark.line + 1 >= line:
            if in_value:
                literal = token.style == "|"
                return token.start_mark.line + (2 if literal else 1), literal
            in_value = token.value == CONFIGURATION[-1]
    return line, False
