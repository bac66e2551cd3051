"""What an environment's policy makes of a declared entry, before anything of it is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from flowlift.findings import Json
from flowlift.plan.model import Policy

_MERGED = {"parameters", "job_variables", "work_pool"}
"""Mappings in which what an override does not name stays as the manifest has it."""

_FIELDS = {"name": "work_pool_name"}
"""Keys of `work_pool` that the API's field has another name for."""


def override(data: Mapping[str, Json], policy: Policy, key: str) -> Mapping[str, Json]:
    """The entry `data` of the deployment `key` (`flow/deployment`) as `policy` wants it.

    The policy's work pool counts for every deployment; of the patterns that match, the later one
    counts more.
    """
    for patch in _patches(policy, key):
        data = _merged(data, patch)
    return data


def decided(policy: Policy, key: str) -> set[str]:
    """The API's fields of the deployment `key` that `policy` overrides."""
    fields = set()
    for patch in _patches(policy, key):
        pool = patch.get("work_pool") or {}
        fields |= {_FIELDS.get(name, name) for name in pool} | (patch.keys() - {"work_pool"})
    return fields


def by_policy(origins: Mapping[str, str], field: str) -> str:
    """Words for a finding about a field that the policy has a say in, "" for any other."""
    origin = origins.get(field, "")
    return f" (see {origin})" if origin.startswith("policy") else ""


def _patches(policy: Policy, key: str) -> Iterator[Mapping[str, Json]]:
    if policy.pool:
        yield {"work_pool": {"name": policy.pool}}
    for pattern, patch in policy.overrides:
        if fnmatchcase(key, pattern):
            yield patch


def _merged(old: Mapping[str, Json], new: Mapping[str, Json]) -> dict[str, Json]:
    merged = dict(old)
    for name, value in new.items():
        before = old.get(name)
        both = name in _MERGED and isinstance(before, Mapping) and isinstance(value, Mapping)
        merged[name] = _merged(before or {}, value) if both else value
    return merged
