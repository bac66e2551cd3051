"""The namespace and the secrets that a worker needs: what they should hold, and whether they do.

What a secret holds is never shown, not even as a digest: only that it is the same or differs.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from flowlift.config.worker import Secret
from flowlift.errors import InputError, WorkerError
from flowlift.findings import Action, FieldChange, Json
from flowlift.image.login import key_of, read_login
from flowlift.worker.cluster.cluster import OWNER, OWNER_LABEL
from flowlift.worker.model import Part
from flowlift.workspace.clock import read_time

OPAQUE = "Opaque"
LOGIN = "kubernetes.io/dockerconfigjson"
LOGIN_KEY = ".dockerconfigjson"


@dataclass(frozen=True, slots=True)
class WantedSecret:
    """A secret as it should be. `data` is None where this run was not given its values."""

    name: str
    type: str
    data: Mapping[str, str] | None = field(repr=False)
    variables: tuple[str, ...] = ()

    def object(self, namespace: str) -> Json:
        """What the cluster gets."""
        encoded = {key: _encode(value) for key, value in (self.data or {}).items()}
        metadata = {"name": self.name, "namespace": namespace, "labels": {OWNER_LABEL: OWNER}}
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": metadata,
            "type": self.type,
            "data": encoded,
        }


def wanted(secrets: Iterable[Secret], environ: Mapping[str, str]) -> tuple[WantedSecret, ...]:
    """The secrets of the configuration with the values that the environment's variables give.

    Secrets of the same name are one, with several keys.
    """
    found: dict[str, WantedSecret] = {}
    for secret in secrets:
        one = _login(secret, environ) if secret.registry else _value(secret, environ)
        before = found.get(one.name)
        if before is not None:
            data = None
            if before.data is not None and one.data is not None:
                data = _merged(before.data, one.data)
            one = WantedSecret(one.name, one.type, data, before.variables + one.variables)
        found[one.name] = one
    return tuple(found.values())


def compare(secret: WantedSecret, live: Json) -> Part:
    """What is to be done to a secret, `live` being what the cluster has, or None.

    Raises:
        InputError: it is missing in the cluster, and no variable gives its value.
        WorkerError: another has made it, and it differs.
    """
    if secret.data is None:
        if live is None:
            unset = ", ".join(secret.variables)
            raise InputError(
                f"The secret {secret.name!r} is not in the cluster, and {unset} is not set.",
                remedy=f"Give the value in {unset}: in CI from its secrets, never from a file.",
            )
        unset = ", ".join(secret.variables)
        return Part("secret", secret.name, Action.NONE, note=f"kept: {unset} is not set")
    if live is None:
        return Part("secret", secret.name, Action.CREATE)
    differing = [key for key, value in secret.data.items() if not _holds(live, key, value)]
    if live.get("type", OPAQUE) != secret.type:
        differing.append("type")
    if not differing:
        return Part("secret", secret.name, Action.NONE, note="the same")
    if not is_owned(live):
        raise WorkerError(
            f"The secret {secret.name!r} in the namespace {live['metadata']['namespace']!r} was"
            " not made by flowlift, and differs from what it should hold.",
            remedy="To hand it to flowlift: kubectl -n"
            f" {live['metadata']['namespace']} label secret {secret.name}"
            f" {OWNER_LABEL}={OWNER} --overwrite. Or take it out of `secrets`.",
        )
    fields = tuple(
        FieldChange(field=key, before="(set)", after="(differs)") for key in sorted(differing)
    )
    return Part("secret", secret.name, Action.UPDATE, fields)


def is_owned(live: Json) -> bool:
    """Whether flowlift has made it, so that it may be changed."""
    return bool((live["metadata"].get("labels") or {}).get(OWNER_LABEL) == OWNER)


def namespace_object(name: str) -> Json:
    """A namespace as flowlift makes it."""
    metadata = {"name": name, "labels": {OWNER_LABEL: OWNER}}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def written_at(live: Json) -> datetime | None:
    """When a secret was last changed, in the cluster's own time; None where it does not say."""
    times = [
        entry["time"] for entry in live["metadata"].get("managedFields", ()) if entry.get("time")
    ]
    times.append(live["metadata"].get("creationTimestamp") or "")
    known = [read_time(time) for time in times if time]
    return max(known) if known else None


def outdated(pod: Json, live: Mapping[str, Json]) -> tuple[str, ...]:
    """The secrets that a pod reads as variables and that were changed after it began.

    A container gets its variables once: it knows nothing of the change until it is replaced.
    """
    begun = read_time(pod["metadata"]["creationTimestamp"])
    names = sorted(_referenced(pod))
    return tuple(
        name
        for name in names
        if name in live and (at := written_at(live[name])) is not None and at > begun
    )


def hidden(text: str, secrets: Iterable[WantedSecret]) -> str:
    """`text` without the secrets' values, should a log hold one."""
    for secret in secrets:
        for value in (secret.data or {}).values():
            for part in _parts(value):
                text = text.replace(part, "***")
    return text


def _parts(value: str) -> list[str]:
    """What of a secret's value must not be read anywhere: of a login, the password."""
    try:
        logins = json.loads(value)["auths"].values()
    except (ValueError, KeyError, TypeError, AttributeError):
        return [value] if len(value) >= 6 else []
    found = [login.get(key, "") for login in logins for key in ("password", "auth")]
    return [part for part in found if len(part) >= 6]


def _referenced(pod: Json) -> set[str]:
    spec = pod["spec"]
    names: set[str] = set()
    for container in (*spec.get("initContainers", ()), *spec.get("containers", ())):
        for variable in container.get("env") or ():
            reference = (variable.get("valueFrom") or {}).get("secretKeyRef") or {}
            names.add(reference.get("name", ""))
        for source in container.get("envFrom") or ():
            names.add((source.get("secretRef") or {}).get("name", ""))
    return names - {""}


def _value(secret: Secret, environ: Mapping[str, str]) -> WantedSecret:
    variable, key = secret.from_env or "", secret.key or ""
    # A file's last line end is no part of a key, and breaks the header that it goes into.
    value = environ.get(variable, "").strip()
    return WantedSecret(secret.name, OPAQUE, {key: value} if value else None, (variable,))


def _login(secret: Secret, environ: Mapping[str, str]) -> WantedSecret:
    variables = (secret.username_from_env or "", secret.password_from_env or "")
    user, password = (environ.get(variable, "").strip() for variable in variables)
    if not user or not password:
        return WantedSecret(secret.name, LOGIN, None, variables)
    login = {"username": user, "password": password, "auth": _encode(f"{user}:{password}")}
    auths = {key_of(secret.registry or ""): login}
    data = {LOGIN_KEY: json.dumps({"auths": auths}, sort_keys=True)}
    return WantedSecret(secret.name, LOGIN, data, variables)


def _merged(one: Mapping[str, str], other: Mapping[str, str]) -> Mapping[str, str]:
    """The keys of both; of two logins, those to both registries."""
    if LOGIN_KEY not in one or LOGIN_KEY not in other:
        return {**one, **other}
    both = {**json.loads(one[LOGIN_KEY])["auths"], **json.loads(other[LOGIN_KEY])["auths"]}
    return {LOGIN_KEY: json.dumps({"auths": both}, sort_keys=True)}


def _holds(live: Json, key: str, value: str) -> bool:
    try:
        held = base64.b64decode((live.get("data") or {}).get(key, "!"), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return False
    if key != LOGIN_KEY:
        return held == value
    try:
        return _logins(held) == _logins(value)
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def _logins(text: str) -> dict[str, tuple[str, str]]:
    """The logins by registry; an email, or `auth` left out, is no difference."""
    auths = json.loads(text)["auths"]
    return {registry: read_login(login) for registry, login in auths.items()}


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
