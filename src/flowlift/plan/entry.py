"""Reading one entry of a manifest: templates resolved, and what cannot be registered noted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from flowlift.findings import Json
from flowlift.plan.fields import KnownAfterBuild
from flowlift.plan.model import Declared, Policy
from flowlift.plan.templates import Path, Resolver, TemplateValues


class Problem(NamedTuple):
    """A value that cannot be registered as it stands: the check's name, why, and where."""

    check: str
    message: str
    path: Path


@dataclass(slots=True)
class EntryReader:
    """One declared deployment while it is being read.

    `data` is the entry as JSON (YAML's dates become texts, as Prefect makes them), `origins`
    says for each key that was read where it stands.
    """

    declared: Declared
    policy: Policy
    resolver: Resolver
    data: Mapping[str, Json]
    problems: list[Problem] = field(default_factory=list)
    origins: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, declared: Declared, policy: Policy, values: TemplateValues) -> EntryReader:
        """The entry, ready to be read with `values`."""
        data = to_jsonable_python(dict(declared.data), fallback=str)
        return cls(declared, policy, Resolver(values), data)

    def get(self, key: str, default: Json = None) -> Json:
        """A key's value with its templates resolved; `default` where it is absent or null."""
        value = self.data.get(key)
        if value is None:
            return default
        self.origins[key] = str(self.declared.position(key))
        return self.resolver.entry(value, (key,))

    def coerced(self, key: str, kind: type[bool] | type[int], default: Json = None) -> Json:
        """As `get`, read as Prefect reads it: "yes" is true, "5" is 5. Else as it is written."""
        value = self.get(key, default)
        if isinstance(value, str) and not isinstance(value, KnownAfterBuild):
            try:
                return TypeAdapter(kind).validate_python(value)
            except ValidationError:
                self.problem("wrong-type", f"{key} cannot be {value!r}", key)
        return value

    def mapping(self, key: str) -> Mapping[str, Json]:
        """A key's value where it is a mapping, else an empty one (the checks of shape tell)."""
        value = self.data.get(key)
        return value if isinstance(value, Mapping) else {}

    def problem(self, check: str, message: str, *path: str | int) -> None:
        """Note a value that cannot be registered as it stands."""
        self.problems.append(Problem(check, message, path))
