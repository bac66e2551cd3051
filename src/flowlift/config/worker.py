"""`[tool.flowlift.worker]`: the Prefect worker of an environment, and its work pool."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from flowlift.config.section import Section


class Secret(Section):
    """A Kubernetes secret that the worker or its flow runs need.

    Either one value (`key`, `from-env`) or a login to a registry (`registry`, `username-from-env`,
    `password-from-env`). The values come from variables, never from a file of the repository.
    """

    name: str = Field(description="The secret's name.")
    key: str | None = Field(None, description="The key that holds the value.")
    from_env: str | None = Field(None, description="The variable with the value.")
    registry: str | None = Field(None, description="The registry that a login is for: `ghcr.io`.")
    username_from_env: str | None = Field(None, description="The variable with the user.")
    password_from_env: str | None = Field(None, description="The variable with the password.")

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Secret:
        value = (self.key, self.from_env)
        login = (self.registry, self.username_from_env, self.password_from_env)
        if all(value) and not any(login):
            return self
        if all(login) and not any(value):
            return self
        raise ValueError(
            "a secret has key and from-env, or registry, username-from-env and password-from-env"
        )


class Host(Section):
    """What the machine that the worker runs on has to have."""

    k3s: str | None = Field(None, description="K3s's version, as its releases are called.")
    helm: str | None = Field(None, description="Helm's version, as its releases are called.")
    sha256: dict[str, str] = Field(
        default_factory=dict,
        description="Pins by file name, as `helm-v3.18.4-linux-amd64.tar.gz`: checked besides the"
        " release's own sums.",
    )
    mirrors: dict[str, str] = Field(
        default_factory=dict,
        description="Where `k3s` or `helm` is downloaded from, instead of its release address.",
    )


class Worker(Section):
    """A Prefect worker: installed by Helm, or only its work pool, by `pool`."""

    environments: tuple[str, ...] | None = Field(
        None, description="The environments that have it, by default all."
    )
    release: str = Field("prefect-worker", description="The Helm release.")
    chart: str = Field(
        "prefect-worker",
        description="The chart: a name in `repository`, an oci:// reference, a folder or a .tgz.",
    )
    repository: str | None = Field(None, description="The repository of charts.")
    version: str | None = Field(None, description="The chart's version.")
    namespace: str = Field("prefect", description="The namespace; made where it is missing.")
    values: str = Field(
        "etc/helm_values/prefect-worker/values-{env}.yaml",
        description="The chart's values; {env} is the environment's name.",
    )
    image_placeholder: str = Field(
        "DEFAULT_FLOW_IMAGE",
        description="What stands in the values for the flows image. Where it is missing, the image"
        " becomes the default of the base job template's variable `image`.",
    )
    secrets: tuple[Secret, ...] = Field((), description="Secrets that are made in the namespace.")
    canary: str | None = Field(
        None, description="A deployment, `flow/deployment`, that is run after an update."
    )
    pool: str | None = Field(
        None, description="A work pool without Kubernetes, updated through Prefect's API alone."
    )
    template: str | None = Field(
        None,
        description="With `pool`: a JSON file with its base job template; {env} is the"
        " environment's name. By default the pool keeps its own, with the image set.",
    )
    host: Host = Field(default_factory=Host)


def listed(value: Any) -> Any:
    """One worker is a list of one."""
    return [value] if isinstance(value, dict) else value
