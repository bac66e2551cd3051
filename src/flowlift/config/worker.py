"""`[tool.flowlift.worker]`: the Prefect worker of an environment, and its work pool."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from flowlift.config.section import Section


class Secret(Section, frozen=True):
    """A Kubernetes secret that the worker or its flow runs need.

    Either one value (`key`, `from-env`) or a login to a registry (`registry`, `username-from-env`,
    `password-from-env`). The values come from variables, never from a file of the repository.
    """

    name: Annotated[str, Meta(description="The secret's name.")]
    key: Annotated[str | None, Meta(description="The key that holds the value.")] = None
    from_env: Annotated[str | None, Meta(description="The variable with the value.")] = None
    registry: Annotated[
        str | None, Meta(description="The registry that a login is for: `ghcr.io`.")
    ] = None
    username_from_env: Annotated[str | None, Meta(description="The variable with the user.")] = None
    password_from_env: Annotated[
        str | None, Meta(description="The variable with the password.")
    ] = None

    def __post_init__(self) -> None:
        value = (self.key, self.from_env)
        login = (self.registry, self.username_from_env, self.password_from_env)
        if (all(value), any(login)) != (True, False) and (all(login), any(value)) != (True, False):
            raise ValueError(
                "a secret has key and from-env,"
                " or registry, username-from-env and password-from-env"
            )


class Host(Section, frozen=True):
    """What the machine that the worker runs on has to have."""

    k3s: Annotated[str | None, Meta(description="K3s's version, as its releases are called.")] = (
        None
    )
    helm: Annotated[str | None, Meta(description="Helm's version, as its releases are called.")] = (
        None
    )
    sha256: Annotated[
        dict[str, str],
        Meta(
            description="Pins by file name, as `helm-v3.18.4-linux-amd64.tar.gz`: checked besides "
            "the release's own sums."
        ),
    ] = field(default_factory=dict)
    mirrors: Annotated[
        dict[str, str],
        Meta(
            description="Where `k3s` or `helm` is downloaded from, instead of its release address."
        ),
    ] = field(default_factory=dict)


class Worker(Section, frozen=True):
    """A Prefect worker: installed by Helm, or only its work pool, by `pool`."""

    environments: Annotated[
        tuple[str, ...] | None, Meta(description="The environments that have it, by default all.")
    ] = None
    release: Annotated[str, Meta(description="The Helm release.")] = "prefect-worker"
    chart: Annotated[
        str,
        Meta(
            description="The chart: a name in `repository`, an oci:// reference, a folder or a "
            ".tgz."
        ),
    ] = "prefect-worker"
    repository: Annotated[str | None, Meta(description="The repository of charts.")] = None
    version: Annotated[str | None, Meta(description="The chart's version.")] = None
    chart_username_from_env: Annotated[
        str | None,
        Meta(description="The variable with the user, where the chart is behind a login."),
    ] = None
    chart_password_from_env: Annotated[
        str | None, Meta(description="The variable with that user's password or token.")
    ] = None
    namespace: Annotated[str, Meta(description="The namespace; made where it is missing.")] = (
        "prefect"
    )
    values: Annotated[
        str, Meta(description="The chart's values; {env} is the environment's name.")
    ] = "etc/helm_values/prefect-worker/values-{env}.yaml"
    image_placeholder: Annotated[
        str,
        Meta(
            description="What stands in the values for the flows image. Where it is missing, the "
            "image becomes the default of the base job template's variable `image`."
        ),
    ] = "DEFAULT_FLOW_IMAGE"
    secrets: Annotated[
        tuple[Secret, ...], Meta(description="Secrets that are made in the namespace.")
    ] = ()
    canary: Annotated[
        str | None,
        Meta(description="A deployment, `flow/deployment`, that is run after an update."),
    ] = None
    pool: Annotated[
        str | None,
        Meta(description="A work pool without Kubernetes, updated through Prefect's API alone."),
    ] = None
    template: Annotated[
        str | None,
        Meta(
            description="With `pool`: a JSON file with its base job template; {env} is the "
            "environment's name. By default the pool keeps its own, with the image set."
        ),
    ] = None
    host: Host = field(default_factory=Host)

    def values_file(self, environment: str) -> str:
        """The chart's values in an environment, relative to the repository's root."""
        return self.values.replace("{env}", environment)

    def template_file(self, environment: str) -> str | None:
        """The file of the base job template in an environment, None where there is none."""
        return self.template.replace("{env}", environment) if self.template else None

    def files(self, environment: str) -> tuple[str, ...]:
        """The files that say what the worker is in an environment, its chart left aside."""
        template = self.template_file(environment)
        values = () if self.pool else (self.values_file(environment),)
        return (*((template,) if template else ()), *values)

    @property
    def own_chart(self) -> str | None:
        """The chart's path, where it is a folder or a file of the repository."""
        elsewhere = self.chart.startswith(("oci://", "http://", "https://"))
        return None if self.pool or self.repository or elsewhere else self.chart

    @property
    def chart_login(self) -> tuple[str, str] | None:
        """The variables with the login that the chart is behind, None where there is none."""
        user, password = self.chart_username_from_env, self.chart_password_from_env
        return (user, password) if user and password else None

    def __post_init__(self) -> None:
        if bool(self.chart_username_from_env) != bool(self.chart_password_from_env):
            raise ValueError(
                "a login to the chart has chart-username-from-env and chart-password-from-env"
            )
        if self.chart_login and not self.version:
            raise ValueError("a chart behind a login needs its `version`")
        if self.chart_login and not (self.repository or self.chart.startswith("oci://")):
            raise ValueError("a login to the chart needs a `repository`, or a chart of oci://")
