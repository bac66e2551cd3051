"""Read a flow from its source alone: exactly as Prefect would register it, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flowlift.errors import Position
from flowlift.plan.model import Flow
from flowlift.repo.entrypoint import Unreadable
from flowlift.repo.flows import definition as definitions
from flowlift.repo.flows import docstring, schema, signature
from flowlift.repo.flows.definition import SAYING, Definition
from flowlift.repo.flows.module import Module, NotStatic


def read(definition: Definition) -> Flow | Unreadable:
    """The flow, exactly.

    Raises:
        NotStatic: only running the code can tell.
    """
    said = {option: _text(definition.option(option)) for option in SAYING}
    try:
        return _flow(definition, said, signature.read, [])
    except RecursionError:
        raise NotStatic("its source is nested too deeply") from None


def read_roughly(
    module: Module, parts: tuple[str, ...], why: str, remedy: str
) -> Flow | Unreadable:
    """The flow as far as the source tells, with what is missing said in `Flow.unread`.

    The flow's name has to be known: a wrong one would register a second flow. `why` says why the
    code could not be run, `remedy` what to do about that.
    """
    try:
        definition, unread = definitions.find_roughly(module, parts)
    except NotStatic as reason:
        return Unreadable(
            "not-a-flow",
            f"Whether {'.'.join(parts)!r} is a flow cannot be told from its source:"
            f" {reason}; {why}.",
            remedy,
            Position(module.file),
        )
    if isinstance(definition, Unreadable):
        return definition
    said: dict[str, str | None] = {}
    for option in SAYING:
        try:
            said[option] = _text(definition.option(option))
        except NotStatic as reason:
            if option == "name":
                return Unreadable(
                    "malformed",
                    f"The name of flow {'.'.join(parts)!r} cannot be told from its source:"
                    f" {reason}; {why}.",
                    remedy,
                    definition.at,
                )
            unread.append(f"{option}: it could not be read: {reason}")
            said[option] = None
    found = _flow(definition, said, signature.read_roughly, unread)
    if isinstance(found, Flow) and found.unread:
        return replace(found, unread=(*found.unread, why))
    return found


def _flow(
    definition: Definition,
    said: dict[str, str | None],
    sign: Callable[[Definition], signature.Signature],
    unread: list[str],
) -> Flow | Unreadable:
    at = definition.at
    name = said["name"] or definition.function.name.replace("_", "-")
    if trouble := definitions.name_trouble(name, at):
        return trouble
    if refused := signature.refused(definition):
        return Unreadable("malformed", f"{refused}.", "Give the parameter another name.", at)
    signed = sign(definition)
    documented = definition.docstring
    return Flow(
        name=name,
        schema=schema.build(signed.parameters, docstring.descriptions(documented)),
        description=said["description"] or documented or None,
        at=at,
        version=said["version"],
        unread=(*unread, *signed.unread),
    )


def _text(value: Any) -> str | None:
    if not value:
        return None
    if not isinstance(value, str):
        raise NotStatic("it is no text")
    return value
