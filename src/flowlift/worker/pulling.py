"""Whether the cluster's node will be able to pull the images, asked beforehand: by digest, for its
platform, and with exactly the credentials of the pull secrets that the pods name.

A node that has an image already does not notice a wrong pull secret; the next node does.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from flowlift.errors import InputError, LoginError, Position, RegistryError
from flowlift.findings import Finding, Json, finding
from flowlift.image.login import Credentials, read_login, registry_of
from flowlift.image.reference import Reference, parse
from flowlift.worker.model import DesiredWorker
from flowlift.workspace.pools import default_image

_LOGIN_KEY = ".dockerconfigjson"


@dataclass(frozen=True, slots=True)
class Pulled:
    """An image that pods of the worker pull. `what` says for whom, `secrets` with what, `at` where
    it is named. `missing` and `foreign` say what to do where there is none, or none for the node.
    """

    what: str
    image: str
    secrets: tuple[str, ...]
    at: Position
    missing: str = (
        "Build and push it: flowlift image build. A digest is that of the registry, not of the"
        " engine."
    )
    foreign: str = "Add it to `platforms` in [tool.flowlift.image], and build again."


def images_of(
    desired: DesiredWorker, *, flows_at: Position, worker_at: Position, placeholder: str
) -> list[Pulled]:
    """The flows image of the pool's runs, and the worker's own image.

    A `placeholder` that is left over is no image to ask for, and told already.
    """
    found = []
    flows = desired.pool.image or default_image(desired.pool.template or {})
    if flows and placeholder not in flows:
        found.append(Pulled("the flow runs", flows, desired.job_pull_secrets, flows_at))
    worker = desired.values.get("worker")
    said = worker.get("image") if isinstance(worker, Mapping) else None
    if isinstance(said, Mapping) and said.get("repository") and said.get("prefectTag"):
        name = f"{said['repository']}:{said['prefectTag']}"
        correct = "Correct `worker.image` in the values."
        found.append(Pulled("the worker", name, desired.pull_secrets, worker_at, correct, correct))
    return found


def check_images(
    images: Iterable[Pulled],
    secrets: Mapping[str, Json],
    platforms: Collection[str],
    plain_http: Collection[str],
) -> list[Finding]:
    """What a node would not be able to pull, and what could not be asked.

    `secrets` are the pull secrets as Kubernetes objects, by name; `platforms` those of the nodes
    (`linux/amd64`), none where they are not known; `plain_http` registries without TLS.
    """
    return [one for pulled in images for one in _check(pulled, secrets, platforms, plain_http)]


def logins_of(secret: Json) -> dict[str, Credentials]:
    """The logins in a pull secret by registry, {} where it holds none that can be read."""
    name = str(((secret or {}).get("metadata") or {}).get("name", ""))
    try:
        text = base64.b64decode(secret["data"][_LOGIN_KEY])
        auths = json.loads(text)["auths"]
        found = {}
        for registry, entry in auths.items():
            user, password = read_login(entry)
            if user:
                login = Credentials(user, password, f"the pull secret {name!r}")
                found[registry_of(registry)] = login
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}
    return found


def _check(
    pulled: Pulled,
    secrets: Mapping[str, Json],
    platforms: Collection[str],
    plain_http: Collection[str],
) -> Iterator[Finding]:
    try:
        reference = parse(pulled.image)
    except InputError as error:
        yield finding("image-missing", error.message, error.remedy, pulled.at)
        return
    refused: LoginError | None = None
    for login in _candidates(pulled, secrets, reference):
        try:
            has = _platforms(reference, login, plain_http)
        except LoginError as error:
            refused = error
            continue
        except RegistryError as error:
            yield finding(
                "image-unchecked",
                f"It could not be told whether {pulled.what} can pull {reference}: {error.message}",
                "The cluster may reach the registry nevertheless. Check its address.",
                pulled.at,
            )
            return
        yield from _judge(pulled, reference, has, platforms)
        return
    yield _refused(pulled, reference, refused)


def _candidates(
    pulled: Pulled, secrets: Mapping[str, Json], reference: Reference
) -> list[Credentials | None]:
    """The logins that a kubelet would try; it goes without where no secret is for the registry."""
    found = [
        login
        for name in pulled.secrets
        if name in secrets and (login := logins_of(secrets[name]).get(reference.registry))
    ]
    return [*found] or [None]


def _platforms(
    reference: Reference, login: Credentials | None, plain_http: Collection[str]
) -> list[str] | None:
    """The platforms of an image, None where there is no such image."""
    from flowlift.image.registry import ImageRepository

    plain = reference.registry in plain_http
    with ImageRepository(reference, login, plain_http=plain, patient=False) as repository:
        manifest = repository.read(reference.at)
        if manifest is None:
            return None
        return list(repository.platforms(manifest))


def _judge(
    pulled: Pulled,
    reference: Reference,
    has: list[str] | None,
    platforms: Collection[str],
) -> Iterator[Finding]:
    if has is None:
        yield finding(
            "image-missing",
            f"The registry has no {reference}, which {pulled.what} would pull.",
            pulled.missing,
            pulled.at,
        )
        return
    for platform in platforms:
        if not any(one == platform or one.startswith(f"{platform}/") for one in has):
            yield finding(
                "image-missing",
                f"{reference} is for {', '.join(has)}, and a node is {platform}.",
                pulled.foreign,
                pulled.at,
            )


def _refused(pulled: Pulled, reference: Reference, refused: LoginError | None) -> Finding:
    names = ", ".join(map(repr, pulled.secrets))
    said = refused.message if refused else "it wants a login."
    return finding(
        "image-login",
        f"The pods of {pulled.what} cannot pull {reference}"
        f" {f'with the pull secret {names}' if names else 'without a pull secret'}: {said}",
        "Correct user and password of the secret in [tool.flowlift.worker] `secrets`, or name the"
        f" secret for {reference.registry} in the values.",
        pulled.at,
    )
