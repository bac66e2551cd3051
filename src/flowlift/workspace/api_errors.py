"""What the Prefect API's answers say, in words for people: never a request's content.

An answer that refuses a request (422) repeats the whole request, which may hold secrets, so only
the places and reasons are taken from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from flowlift.errors import AnswerError, RefusedError, UnreachableError, WorkspaceError
from flowlift.findings import Json
from flowlift.workspace.endpoint import Endpoint

SHOWN = 3
"""How many reasons of one refusal are told."""

_NOISE = {"missing", "extra_forbidden", "literal_error"}
"""Reasons that only say that a value is not of another kind, where it may be of several."""


def no_api(endpoint: Endpoint, what: str) -> UnreachableError:
    """Something answers, but it is not the Prefect API."""
    return UnreachableError(
        f"{endpoint.url} is not a Prefect API: {what}.",
        remedy=f"Correct {endpoint.source or 'the address'}: an own server's API ends in /api,"
        " Prefect Cloud's in /api/accounts/ACCOUNT/workspaces/WORKSPACE.",
    )


def refusal(
    endpoint: Endpoint, method: str, path: str, status: int, document: Json
) -> WorkspaceError:
    """The error for an answer that tells of no success; `document` is None where it is no JSON."""
    if status in {401, 403}:
        return _not_allowed(endpoint, method, path, status)
    what = f"{method} {path} answered {status}"
    said = detail(document)
    if status >= 500:
        return AnswerError(
            f"The Prefect API failed: {what}{f' ({said})' if said else ''}.",
            status=status,
            remedy="Its own log says why.",
        )
    return AnswerError(said or f"The Prefect API refused: {what}.", status=status)


def detail(document: Json) -> str:
    """What an answer says of itself, "" where it says nothing."""
    if not isinstance(document, Mapping):
        return ""
    reasons = document.get("exception_detail") or document.get("detail")
    if isinstance(reasons, list) and all(isinstance(item, Mapping) for item in reasons):
        return _reasons(reasons)
    if isinstance(reasons, list):
        return " ".join(str(item) for item in reasons)
    return str(reasons or document.get("exception_message") or "")


def _reasons(items: Iterable[Mapping[str, Json]]) -> str:
    """Where and why, without the values: a value that fits none of several kinds has many."""
    places: dict[str, dict[str, bool]] = {}
    for item in items:
        place = _place(item.get("loc") or ())
        text = str(item.get("msg", "")).removeprefix("Value error, ").strip()
        noise = item.get("type") in _NOISE
        places.setdefault(place, {})[text] = noise
    told = []
    for place, texts in places.items():
        inner = [other for other in places if other != place and _within(other, place)]
        useful = [text for text, noise in texts.items() if not noise]
        if all(texts.values()) and _is_one_of_several(place, places):
            continue
        if inner and not useful:
            continue
        said = "; ".join(useful or texts)
        told.append(f"{place}: {said}" if place else said)
    told = told or [
        f"{place}: {text}" if place else text for place, texts in places.items() for text in texts
    ]
    more = len(told) - SHOWN
    return "; ".join(told[:SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _is_one_of_several(place: str, places: Mapping[str, Mapping[str, bool]]) -> bool:
    """Whether a better reason is told for the value that `place` belongs to."""
    parent = place.rpartition(".")[0]
    return any(
        not all(texts.values()) and other.rpartition(".")[0] == parent and parent
        for other, texts in places.items()
    )


def _within(inner: str, outer: str) -> bool:
    return not outer or inner.startswith(f"{outer}.")


def _place(location: Iterable[Json]) -> str:
    """`schedules.0.schedule.cron`: without the names of the server's own classes."""
    parts = [str(part) for part in location]
    if parts[:1] == ["body"]:
        parts = parts[1:]
    return ".".join(part for part in parts if not re.match(r"[A-Z]|.*[\[\]()]", part))


def _not_allowed(endpoint: Endpoint, method: str, path: str, status: int) -> RefusedError:
    prefix = endpoint.variable_prefix
    secret = f"{prefix}_KEY" if endpoint.is_cloud else f"{prefix}_AUTH_STRING"
    thing = path.strip("/").partition("/")[0].replace("_", " ").replace("admin", "anything")
    if status == 403:
        right = "see" if _reads(method, path) else "create and change"
        return RefusedError(
            f"{endpoint.url} does not let this key {right} {thing} (403 for {method} {path}).",
            remedy=f"Give the key's account a role that may {right} {thing} in this workspace.",
        )
    given = "API key" if endpoint.key else "login" if endpoint.auth_string else None
    if given:
        return RefusedError(
            f"{endpoint.url} refuses the {given} of {endpoint.environment} (401).",
            remedy=f"It is wrong, or no longer valid. Set a new one in {secret}, or in the profile"
            " that the address comes from.",
        )
    return RefusedError(
        f"{endpoint.url} wants a login, and none is given for {endpoint.environment} (401).",
        remedy=f"Set {prefix}_KEY for Prefect Cloud, {prefix}_AUTH_STRING (user:password) for an"
        " own server.",
    )


def _reads(method: str, path: str) -> bool:
    return method == "GET" or is_query(path)


def is_query(path: str) -> bool:
    """Whether a POST to `path` only asks: Prefect's filters are sent as POST."""
    return path.rsplit("/", 1)[-1] in {"filter", "count", "paginate", "lateness"}
