"""The words of a worker as plain data: what it should be, and what differs.

What is wrong or doubtful is a `Finding`, and one field that differs a `FieldChange`, as in a plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from flowlift.config.worker import Secret
from flowlift.findings import Action, FieldChange, Json
from flowlift.workspace.pools import TemplateChange, takes_image, with_image

PartKind = Literal["namespace", "secret", "release", "pool"]


@dataclass(frozen=True, slots=True)
class DesiredPool:
    """A work pool and the base job template that it should have.

    `template` is None where flowlift is not the one to say it: the pool keeps the one that it has,
    or that a ConfigMap of somebody else's gives it. `image` is the flows image by digest, None
    where there is none to put in. `own` says that the template is the pool's own, and only the
    image in it is ours.
    """

    name: str
    template: Mapping[str, Json] | None = field(repr=False)
    image: str | None = None
    own: bool = False

    @property
    def change(self) -> TemplateChange | None:
        """What is made of the template that the pool has; None where that is not ours to say."""
        if self.template is None:
            return None
        wanted, image = self.template, self.image
        if self.own and image is not None:
            return lambda now: with_image(now, image) if takes_image(now) else now
        return lambda now: wanted


@dataclass(frozen=True, slots=True)
class DesiredWorker:
    """What one environment's worker should be: its Helm release, and the work pool it serves.

    `chart` is as configured: a name in `repository`, an oci:// reference, a folder or a .tgz (the
    two last relative to the repository's root, which is `root`). `values` are the chart's values
    with the image put in: what Helm gets as JSON on its standard input. They come from
    `values_file`, which stays as it is.
    `pull_secrets` are the image pull secrets that the worker's own pod names, `job_pull_secrets`
    those of the flow runs' pods; `secrets` are those that flowlift makes.
    `plain_http` says that the chart's registry is one without TLS, `chart_login` the variables with
    the user and the password that the chart is behind.
    `canary` is the deployment that proves an update, `flow/deployment`.
    """

    environment: str
    release: str
    chart: str
    repository: str | None
    version: str | None
    namespace: str
    values: Mapping[str, Json] = field(repr=False)
    values_file: str
    root: str
    pool: DesiredPool
    pull_secrets: tuple[str, ...] = ()
    job_pull_secrets: tuple[str, ...] = ()
    secrets: tuple[Secret, ...] = ()
    plain_http: bool = False
    chart_login: tuple[str, str] | None = None
    canary: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a worker, what is done to it, and what differs, field by field.

    A secret's fields never hold values: only that they are the same, or differ.
    `note` says in words what no field does.
    """

    kind: PartKind
    name: str
    action: Action
    fields: tuple[FieldChange, ...] = ()
    note: str = ""

    @property
    def differs(self) -> bool:
        """Whether anything is to be done to it."""
        return self.action is not Action.NONE
