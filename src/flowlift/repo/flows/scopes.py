"""Where the names of an expression are looked up: in its module, or in a fixed table."""

from __future__ import annotations

import ast
import typing
from collections.abc import Mapping
from types import ModuleType

from flowlift.repo.flows import allowed, classes, evaluation
from flowlift.repo.flows.module import (
    END,
    Assigned,
    Defined,
    ImportedName,
    Module,
    NotStatic,
    Undefined,
)

_BUILTINS = typing.cast(ModuleType, allowed.module("builtins"))


class ModuleScope:
    """The names of a module as they stand for a statement at `before`.

    `hidden` are names that a class body around the statement binds in its own way.
    """

    def __init__(
        self, module: Module, before: float = END, hidden: frozenset[str] = frozenset()
    ) -> None:
        self.module = module
        self.before = before
        self.hidden = hidden

    def hiding(self, names: frozenset[str]) -> ModuleScope:
        """The same, for what stands in the body of a class that binds `names`."""
        return ModuleScope(self.module, self.before, names)

    def lookup(self, name: str) -> object:
        """What `name` stands for, see `evaluation.Scope`."""
        if name in self.hidden:
            raise NotStatic(f"`{name}` is set in a class")
        if name.startswith("__"):
            raise NotStatic(f"`{name}` is set by Python")
        binding = self.module.binding(name, self.before)
        if binding is None:
            try:
                return allowed.attribute(_BUILTINS, name)
            except NotStatic:
                raise self.module.undefined(name) from None
        memo = self.module.memo
        if binding not in memo:
            memo[binding] = self._value(binding)
        found = memo[binding]
        if isinstance(found, list | dict | set) and self.module.changes(name):
            raise NotStatic(f"`{name}` may be changed while the code runs")
        return found

    def _value(self, binding: object) -> object:
        if isinstance(binding, ImportedName):
            return _imported(binding)
        if isinstance(binding, Assigned):
            return evaluation.value(binding.value, ModuleScope(self.module, binding.order))
        if isinstance(binding, Defined) and isinstance(binding.node, ast.ClassDef):
            return classes.build(binding.node, ModuleScope(self.module, binding.order))
        raise NotStatic(f"`{getattr(binding, 'name', '')}` is a function")


class TableScope:
    """A fixed set of names, and Python's own."""

    def __init__(self, names: Mapping[str, object]) -> None:
        self.names = names

    def lookup(self, name: str) -> object:
        """What `name` stands for, see `evaluation.Scope`."""
        if name in self.names:
            return self.names[name]
        try:
            return allowed.attribute(_BUILTINS, name)
        except NotStatic:
            raise Undefined(f"`{name}` is not defined") from None


def _imported(binding: ImportedName) -> object:
    full = f"{binding.module}.{binding.attribute}" if binding.attribute else binding.module
    owner = None if binding.level else allowed.module(binding.module)
    if owner is None:
        raise NotStatic(f"{'.' * binding.level}{full} has to be imported")
    if binding.attribute is None:
        return owner
    return allowed.attribute(owner, binding.attribute)
