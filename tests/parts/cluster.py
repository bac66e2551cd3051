"""A Kubernetes cluster with Helm, and platforms whose worker runs in it.

Pods reach Prefect servers of this machine by `host`, and pull from the registry with a login.
CONTRIBUTING.md lists the variables by which the parts are given.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from flowlift.errors import FlowliftError
from flowlift.findings import Finding
from flowlift.project.project import open_project
from flowlift.worker.update import Updated, UpdateOrder, update_worker
from tests.parts.flow_images import FlowImages
from tests.parts.given import given
from tests.parts.images import Images
from tests.parts.repositories import GitRepository
from tests.parts.servers import Server
from tests.parts.voices import RecordingVoice

PART = "cluster"
LOGIN = "admin:a-long-password"
"""The login of the Prefect server that pods ask."""

CHART = Path(os.environ.get("FLOWLIFT_TEST_WORKER_CHART") or Path(__file__).with_name("chart"))
"""The worker's chart: our own, which has the conventions of the official one, or that one."""


@dataclass(frozen=True)
class Cluster:
    """A cluster. `programs` are folders with `helm` and `kubectl`, by Helm's major version."""

    kubeconfig: Path
    host: str
    programs: Mapping[int, Path]
    images: Images

    def environ(self, helm: int = 4) -> dict[str, str]:
        """What helm and kubectl need to find the cluster, and to be found."""
        return {
            "KUBECONFIG": str(self.kubeconfig),
            "PATH": f"{self.programs[helm]}{os.pathsep}{os.environ['PATH']}",
        }

    def run(self, *words: str, stdin: str = "", helm: int = 4) -> str:
        """What a program prints that must succeed."""
        environ = {**os.environ, **self.environ(helm)}
        done = subprocess.run(
            words, env=environ, input=stdin, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout

    def get(self, *words: str) -> Any:
        """What `kubectl get WORDS -o json` says."""
        return json.loads(self.run("kubectl", "get", *words, "-o", "json"))


def find_cluster(images: Images, folder: Path) -> Cluster:
    """The cluster as the environment gives it; `folder` gets the programs by their own names.

    Raises:
        MissingPartError: it is not given.
    """
    kubectl = Path(given("FLOWLIFT_TEST_KUBECTL", PART))
    programs = {}
    for major, variable in ((4, "FLOWLIFT_TEST_HELM"), (3, "FLOWLIFT_TEST_HELM_3")):
        programs[major] = folder / f"helm-{major}"
        programs[major].mkdir(parents=True)
        (programs[major] / "helm").symlink_to(given(variable, PART))
        (programs[major] / "kubectl").symlink_to(kubectl)
    return Cluster(
        kubeconfig=Path(given("FLOWLIFT_TEST_KUBECONFIG", PART)),
        host=given("FLOWLIFT_TEST_CLUSTER_HOST", PART),
        programs=programs,
        images=images,
    )


# A platform with a worker ----------------------------------------------------------------

TEMPLATE = {
    "variables": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "title": "Name", "default": "flow"},
            "image": {"type": "string", "title": "Image", "default": "DEFAULT_FLOW_IMAGE"},
            "namespace": {"type": "string", "title": "Namespace", "default": "prefect"},
        },
    },
    "job_configuration": {
        "env": {},
        "name": "{{ name }}",
        "labels": {},
        "command": "",
        "namespace": "{{ namespace }}",
        "job_manifest": {
            "kind": "Job",
            "apiVersion": "batch/v1",
            "metadata": {"namespace": "{{ namespace }}", "generateName": "flow-"},
            "spec": {
                "backoffLimit": 0,
                "ttlSecondsAfterFinished": 600,
                "template": {
                    "spec": {
                        # prefect-kubernetes wants these two here; Kubernetes does not know them.
                        "completions": 1,
                        "parallelism": 1,
                        "restartPolicy": "Never",
                        "imagePullSecrets": [{"name": "reg-creds"}],
                        "containers": [
                            {
                                "name": "prefect-job",
                                "image": "{{ image }}",
                                "imagePullPolicy": "IfNotPresent",
                                "env": [],
                            }
                        ],
                    }
                },
            },
        },
        "stream_output": True,
    },
}

CONFIG = """\
default-branch = "main"
repository = "{name}"
[env.dev]
ref = "{ref}"
on-drift = "{on_drift}"
[env.prod]
[checks]
{checks}
{image}
"""
WORKER = """\
[[worker]]
environments = {environments}
release = "{release}"
chart = "{chart}"
{source}
namespace = "{namespace}"
values = "values-{{env}}.yaml"
{canary}
secrets = [
  {{ name = "reg-creds", registry = "{registry}", username-from-env = "REG_USER",
    password-from-env = "REG_PASSWORD" }},
  {{ name = "prefect-key", key = "{secret_key}", from-env = "WORKER_KEY" }},
]
"""


@dataclass
class WorkerPlatform:
    """A repository with a worker's values, and what a command needs to update it.

    Everything has names of its own: the namespace, the release, the pool.
    """

    repository: GitRepository
    cluster: Cluster
    flow_images: FlowImages
    server: Server
    helm: int = 4
    ref: str = "default"
    on_drift: str = "undo"
    canary: str = ""
    api_url: str = ""
    chart: str = "chart"
    source: str = ""
    secret_key: str = "auth-string"
    worker_image: str = ""
    image_config: str = ""
    template: dict[str, Any] = field(default_factory=lambda: json.loads(json.dumps(TEMPLATE)))
    more: dict[str, Any] = field(default_factory=dict)
    prod: WorkerPlatform | None = None
    checks: dict[str, str] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    found: list[Finding] = field(default_factory=list)
    key: str = field(default_factory=lambda: uuid.uuid4().hex[:8])

    def __post_init__(self) -> None:
        self.namespace = f"ns-{self.key}"
        self.release = f"w{self.key}"
        self.pool = f"pool-{self.key}"
        port = httpx.URL(self.server.url).port
        self.api_url = self.api_url or f"http://{self.cluster.host}:{port}/api"
        self.worker_image = self.worker_image or self.flow_images.make()
        self.image = self.worker_image
        self.template["variables"]["properties"]["namespace"]["default"] = self.namespace
        images = self.flow_images.images
        self.environ = {
            **self.cluster.environ(self.helm),
            "FLOWLIFT_DEV_API_URL": self.server.url,
            "FLOWLIFT_PROD_API_URL": self.server.url,
            "REG_USER": images.user,
            "REG_PASSWORD": images.password,
            "FLOWLIFT_DEV_API_AUTH_STRING": LOGIN,
            "FLOWLIFT_PROD_API_AUTH_STRING": LOGIN,
            "WORKER_KEY": LOGIN,
            "FLOWLIFT_IMAGE_USER": images.user,
            "FLOWLIFT_IMAGE_PASSWORD": images.password,
            **self.environ,
        }

    def values(self) -> dict[str, Any]:
        """The chart's values."""
        repository, _, digest = self.worker_image.partition("@")
        return {
            "worker": {
                "image": {
                    "repository": repository,
                    "prefectTag": f"latest@{digest}" if digest else "latest",
                    "pullSecrets": ["reg-creds"],
                },
                "command": ["/usr/bin/env"],
                "config": {
                    "workPool": self.pool,
                    "workQueues": ["default"],
                    "name": f"worker-{self.key}",
                    "queryInterval": 2,
                    "baseJobTemplate": {"configuration": json.dumps(self.template, indent=2)},
                },
                "apiConfig": "selfHostedServer",
                "selfHostedServerApiConfig": {
                    "apiUrl": self.api_url,
                    "basicAuth": {"enabled": True, "existingSecret": "prefect-key"},
                },
                **self.more,
            }
        }

    def commit(self, message: str = "change") -> str:
        """Write the configuration, the values and the chart, and commit them."""
        chart = {
            f"chart/{file.relative_to(CHART)}": file.read_text(encoding="utf-8")
            for file in CHART.rglob("*")
            if file.is_file()
        }
        values = self.values()
        text = json.dumps(values, indent=2)
        config = CONFIG.format(
            name=f"t{self.key}",
            ref=self.ref,
            on_drift=self.on_drift,
            image=self.image_config,
            checks="\n".join(f'{name} = "{level}"' for name, level in self.checks.items()),
        )
        if self.prod is None:
            config += self._worker("dev", "prod")
        else:
            config += self._worker("dev") + self.prod._worker("prod")
        prod = json.dumps((self.prod or self).values(), indent=2)
        return self.repository.commit(
            message,
            {**chart, "flowlift.toml": config, "values-dev.yaml": text, "values-prod.yaml": prod},
        )

    def _worker(self, *environments: str) -> str:
        return WORKER.format(
            environments=json.dumps(environments),
            release=self.release,
            chart=self.chart,
            source=self.source,
            secret_key=self.secret_key,
            namespace=self.namespace,
            canary=f'canary = "{self.canary}"' if self.canary else "",
            registry=self.flow_images.images.login_registry,
        )

    def update(
        self,
        environment: str = "dev",
        *,
        image: str | None = None,
        name_image: bool = True,
        **order: Any,
    ) -> Updated:
        """`flowlift worker update`, in this process. `lines` get what is told."""
        self.commit()
        project = open_project(self.repository.path, {**_outside(), **self.environ})
        voice = RecordingVoice()
        self.lines, self.found = voice.lines, voice.findings
        done = update_worker(
            project,
            environment,
            UpdateOrder(image=(image or self.image) if name_image else None, **order),
            voice,
        )
        return done[0]

    def fails(self, environment: str = "dev", *, image: str | None = None, **order: Any) -> str:
        """What the user reads of an update that must fail."""
        try:
            self.update(environment, image=image, **order)
        except FlowliftError as error:
            shown = [f"{f.level.value}: {f.check}: {f.message}\n  {f.remedy}" for f in self.found]
            said = "\n".join([*shown, str(error)])
            if folder := os.environ.get("FLOWLIFT_TEST_KEEP"):
                with (Path(folder) / "worker-faults.txt").open("a", encoding="utf-8") as file:
                    file.write(f"{os.environ.get('PYTEST_CURRENT_TEST', '')}\n{said}\n\n")
            return said
        raise AssertionError("the update went well")

    def kubectl(self, *words: str, stdin: str = "") -> str:
        """What kubectl prints, in the platform's namespace."""
        return self.cluster.run("kubectl", "-n", self.namespace, *words, stdin=stdin)

    def get(self, *words: str) -> Any:
        """What `kubectl get` says, in the platform's namespace."""
        return self.cluster.get("-n", self.namespace, *words)

    def history(self) -> list[dict[str, Any]]:
        """The release's revisions."""
        words = ("helm", "-n", self.namespace, "history", self.release, "-o", "json")
        found: list[dict[str, Any]] = json.loads(self.cluster.run(*words, helm=self.helm))
        return found

    def pods(self) -> list[Any]:
        """The worker's pods that stay, newest first."""
        found = self.get("pods", "-l", f"app.kubernetes.io/instance={self.release}")["items"]
        staying = [pod for pod in found if not pod["metadata"].get("deletionTimestamp")]
        return sorted(staying, key=lambda p: str(p["metadata"]["creationTimestamp"]), reverse=True)

    def live_pool(self) -> dict[str, Any]:
        """The pool as Prefect has it."""
        found: dict[str, Any] = self.server.request("GET", f"/work_pools/{self.pool}")
        return found

    def pool_image(self) -> str:
        """The image that the pool starts with."""
        template = self.live_pool()["base_job_template"]
        return str(template["variables"]["properties"]["image"]["default"])

    def deploy(self, flow: str, name: str, **more: Any) -> str:
        """A deployment of a flow that is in every image: its id."""
        made = self.server.request("POST", "/flows/", {"name": flow})
        body = {
            "name": name,
            "flow_id": made["id"],
            "work_pool_name": self.pool,
            "entrypoint": "flow.py:hello",
            "pull_steps": [
                {"prefect.deployments.steps.set_working_directory": {"directory": "/opt/flows"}}
            ],
            **more,
        }
        return str(self.server.request("POST", "/deployments/", body)["id"])

    def clean(self) -> None:
        """Remove what the platform has put into the cluster; its end is not waited for."""
        self.cluster.run(
            "kubectl", "delete", "namespace", self.namespace, "--wait=false", "--ignore-not-found"
        )


def _outside() -> dict[str, str]:
    """This process's environment without what a developer or a CI has set for flowlift."""
    ours = ("FLOWLIFT_", "PREFECT_", "GITHUB_", "GITLAB_", "GITEA_", "CI", "KUBECONFIG")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def flowlift_command(*arguments: str) -> Sequence[str]:
    """The words that run flowlift as a process of its own."""
    return [str(Path(sys.executable).parent / "flowlift"), *arguments]
