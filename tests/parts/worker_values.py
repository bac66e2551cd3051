"""A values file as platform repositories have it, and its parts."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

from flowlift.worker.model import DesiredPool, DesiredWorker

PLACEHOLDER = "DEFAULT_FLOW_IMAGE"
IMAGE = "ghcr.io/acme/edp-flows@sha256:" + "a" * 64

TEMPLATE: dict[str, Any] = {
    "variables": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "default": "edp-k8s-job"},
            "image": {"type": "string", "default": PLACEHOLDER},
            "namespace": {"type": "string", "default": "prefect"},
        },
    },
    "job_configuration": {
        "env": {},
        "name": "{{ name }}",
        "labels": {},
        "command": "",
        "namespace": "{{ namespace }}",
        "job_manifest": {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"namespace": "{{ namespace }}"},
            "spec": {
                "backoffLimit": 0,
                "template": {
                    "spec": {
                        "parallelism": 1,
                        "completions": 1,
                        "restartPolicy": "Never",
                        "imagePullSecrets": [{"name": "reg-creds"}],
                        "containers": [
                            {
                                "name": "prefect-job",
                                "image": "{{ image }}",
                                "env": [],
                            }
                        ],
                    }
                },
            },
        },
    },
}

HEAD = """\
# the seed's shape
worker:
  image:
    repository: ghcr.io/acme/edp-flows
    pullSecrets: [reg-creds]
  config:
    workPool: "edp-work-pool"
    workQueues: ["default"]
    name: "edp-worker"
    http2: no
    baseJobTemplate:
      configuration: |
"""
TAIL = """\
  apiConfig: selfHostedServer
  selfHostedServerApiConfig:
    apiUrl: http://prefect.acme.example/api
"""
FIRST_LINE = HEAD.count("\n") + 1
"""The line of the file on which the template's JSON begins."""


def template() -> dict[str, Any]:
    """A base job template that is sound, to change."""
    return copy.deepcopy(TEMPLATE)


def values_text(changed: Any = TEMPLATE, tail: str = TAIL) -> str:
    """A values file with this template: JSON, or a text that stands for it."""
    text = changed if isinstance(changed, str) else json.dumps(changed, indent=2)
    indented = "".join(f"        {line}\n" if line else "\n" for line in text.splitlines())
    return HEAD + indented + tail


def desired_worker(**more: Any) -> DesiredWorker:
    """A worker as it should be, whose release is called w; `more` is what differs."""
    made = DesiredWorker(
        environment="dev",
        release="w",
        chart="prefect-worker",
        repository="https://charts.example.com",
        version="2025.7.31",
        namespace="prefect",
        values={"worker": {"config": {"workPool": "p"}}},
        values_file="values-dev.yaml",
        root=".",
        pool=DesiredPool("p", None),
    )
    return replace(made, **more)
