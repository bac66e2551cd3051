"""What may be used of Python and its libraries when a flow's source is read without running it.

All of it is harmless to import, to look at and to call. Nothing of a user's repository is here.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from functools import lru_cache
from types import ModuleType
from weakref import WeakSet

from flowlift.repo.flows.module import NotStatic

MODULES = frozenset(
    {
        "annotated_types",
        "builtins",
        "collections",
        "collections.abc",
        "datetime",
        "decimal",
        "enum",
        "fractions",
        "ipaddress",
        "numbers",
        "pathlib",
        "pydantic",
        "pydantic.types",
        "re",
        "types",
        "typing",
        "typing_extensions",
        "uuid",
    }
)
"""Modules whose public names stand for themselves. A repository cannot shadow them for Prefect,
which has imported all of them before it imports a flow."""

_CALLS = {
    "builtins": ("bool", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple"),
    "datetime": ("date", "datetime", "time", "timedelta", "timezone"),
    "decimal": ("Decimal",),
    "enum": ("auto",),
    "fractions": ("Fraction",),
    "pathlib": ("Path", "PurePath", "PurePosixPath"),
    "uuid": ("UUID",),
    "annotated_types": (
        "Ge",
        "Gt",
        "Interval",
        "Le",
        "Len",
        "Lt",
        "MaxLen",
        "MinLen",
        "MultipleOf",
    ),
    "pydantic": (
        "ConfigDict",
        "Field",
        "SecretStr",
        "StringConstraints",
        "conbytes",
        "condate",
        "condecimal",
        "confloat",
        "confrozenset",
        "conint",
        "conlist",
        "conset",
        "constr",
    ),
}
"""What may be called: it only makes a value from what it is given."""

_PLAIN = {
    "typing": {"List": list, "Dict": dict, "Set": set, "FrozenSet": frozenset, "Tuple": tuple}
}
"""Old names that mean the same in a schema. `typing` keeps what it has made and gives it out again
for whatever compares equal, so `List[Union[str, int]]` in one file could come back in the order
that another file has; the built-in ones are made anew."""

_BUILT: WeakSet[type] = WeakSet()


def module(name: str) -> ModuleType | None:
    """The module called `name` where it is one of the allowed, else None."""
    if name in sys.modules and name in MODULES:
        return sys.modules[name]
    if name not in MODULES or importlib.util.find_spec(name) is None:
        return None
    return importlib.import_module(name)


def attribute(owner: ModuleType, name: str) -> object:
    """What `name` means in an allowed module.

    Raises:
        NotStatic: the module has no such public name, or one that is not simply a value.
    """
    if plain := _PLAIN.get(owner.__name__, {}).get(name):
        return plain
    try:
        found = None if name.startswith("_") else getattr(owner, name)
    except (AttributeError, ImportError):
        found = None
    if found is None:
        raise NotStatic(f"`{owner.__name__}.{name}` is not known here")
    if isinstance(found, ModuleType) and found.__name__ not in MODULES:
        raise NotStatic(f"`{found.__name__}` has to be imported")
    return found


def callable_(found: object) -> bool:
    """Whether `found` may be called."""
    return any(found is one for one in _calls()) or (isinstance(found, type) and found in _BUILT)


def let_call(built: type) -> None:
    """Let a class be called that was built from its source: calling it runs no user's code."""
    _BUILT.add(built)


@lru_cache(maxsize=1)
def _calls() -> tuple[object, ...]:
    owners = {name: module(name) for name in _CALLS}
    return tuple(
        getattr(owner, name) for key, owner in owners.items() if owner for name in _CALLS[key]
    )
