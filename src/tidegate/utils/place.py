"""Where the walk over a contract stands, and how it refuses what it finds there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from tidegate.utils.columns import SchemaError

_MAX_LEVELS = 15  # of nested records, in BigQuery


@dataclass(frozen=True, slots=True)
class Place:
    """The dotted path of a field, and the models and type aliases that it is inside of."""

    path: str
    models: tuple[type[BaseModel], ...] = ()
    aliases: tuple[Any, ...] = ()

    def at(self, attribute: str) -> Place:
        return replace(self, path=f"{self.path}.{attribute}")

    def inside(self, model: type[BaseModel]) -> Place:
        if model in self.models:
            raise self.refuse(f"{model.__name__} contains itself", "write Any there, a JSON column")
        if len(self.models) >= _MAX_LEVELS:
            raise self.refuse(f"more than {_MAX_LEVELS} levels of models", "write Any for a JSON column")
        return replace(self, models=(*self.models, model))

    def inside_alias(self, alias: Any) -> Place:
        if alias in self.aliases:
            raise self.refuse(f"the type {alias} contains itself", "write Any there, a JSON column")
        return replace(self, aliases=(*self.aliases, alias))

    def refuse(self, what: str, hint: str) -> SchemaError:
        return SchemaError(f"{self.path}: {what}", hint=hint)
