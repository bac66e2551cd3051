"""What a worker should be: the configuration and the values file of an environment, as one."""

from __future__ import annotations

from collections.abc import Mapping

from flowlift.config.worker import Worker
from flowlift.findings import Json, value_at
from flowlift.worker.model import DesiredPool, DesiredWorker
from flowlift.worker.values.template import POD
from flowlift.worker.values.values import WorkerValues


def desire(
    config: Worker, environment: str, values: WorkerValues, *, image: str | None, root: str
) -> DesiredWorker:
    """The desired state that a configuration and a values file with its image come to."""
    template = values.template.data if values.template is not None else None
    return DesiredWorker(
        environment=environment,
        release=config.release,
        chart=config.chart,
        repository=config.repository,
        version=config.version,
        namespace=config.namespace,
        values=values.data,
        values_file=values.file,
        root=root,
        pool=DesiredPool(str(values.get("worker", "config", "workPool") or ""), template, image),
        pull_secrets=_names(values.get("worker", "image", "pullSecrets")),
        job_pull_secrets=job_pull_secrets(template),
        secrets=config.secrets,
        canary=config.canary,
        chart_login=config.chart_login,
    )


def job_pull_secrets(template: Mapping[str, Json] | None) -> tuple[str, ...]:
    """The image pull secrets that a base job template gives to the pods of flow runs."""
    return _names(value_at(template, *POD, "imagePullSecrets"))


def _names(listed: Json) -> tuple[str, ...]:
    """Names that are listed as texts, or as objects with a `name`."""
    if not isinstance(listed, list):
        return ()
    named = (item.get("name") if isinstance(item, Mapping) else item for item in listed)
    return tuple(str(name) for name in named if name)
