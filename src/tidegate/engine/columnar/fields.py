"""The fields of a model as its own core schema holds them, each with a validator of a whole column."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from pydantic import BaseModel
from pydantic_core import SchemaValidator, Some, core_schema

Schema = Mapping[str, Any]


class UnprovenError(Exception):
    """Columns would not do, or nobody has shown that they do what instances do: says why."""


@dataclass(frozen=True)
class Field:
    """One field: its name, the key that it is validated under, and its part of the model's core schema."""

    name: str
    key: str
    schema: Schema
    config: Any
    definitions: tuple[Schema, ...]

    @cached_property
    def one(self) -> SchemaValidator:
        return self._validator(self.schema)

    @cached_property
    def column(self) -> Callable[..., list[Any]]:
        """Validates a list of values, as Python objects. Raises `ValidationError`."""
        items = core_schema.list_schema(cast("Any", self.schema))
        return cast("Callable[..., list[Any]]", self._validator(items).validate_python)

    @property
    def null_is_default(self) -> bool:
        """Whether a missing value and null are one: the default is None, and None is taken as it is."""
        default = self.schema
        return (
            default["type"] == "default"
            and default.get("default", default) is None
            and not default.get("validate_default")
            and bool(default["schema"]["type"] == "nullable")
        )

    def default(self) -> Some[Any] | None:
        """What stands for a missing value; None where the field is required."""
        return self.one.get_default_value()

    def _validator(self, schema: Any) -> SchemaValidator:
        definitions: Any = list(self.definitions)
        whole = core_schema.definitions_schema(schema, definitions) if definitions else schema
        return SchemaValidator(whole, self.config)


@dataclass(frozen=True)
class Fields:
    """All fields of a model that is nothing but its fields."""

    model: type[BaseModel]
    fields: tuple[Field, ...]
    definitions: Mapping[str, Schema]
    extra: str


def fields_of(model: type[BaseModel]) -> Fields:
    """Raises `UnprovenError` for a model that does more than to validate its fields one by one."""
    if not model.__pydantic_complete__:
        model.model_rebuild()
    schema: Schema = model.__pydantic_core_schema__
    definitions: tuple[Schema, ...] = ()
    if schema["type"] == "definitions":
        schema, definitions = schema["schema"], tuple(schema["definitions"])
    named: dict[str, Schema] = {each["ref"]: each for each in definitions}
    while schema["type"] == "definition-ref":
        schema = named[schema["schema_ref"]]
    inner = plain_model(schema, model.__name__)
    config = schema.get("config") or {}
    fields = tuple(
        Field(name, _key(name, each, config, model.__name__), each["schema"], config, definitions)
        for name, each in inner["fields"].items()
    )
    extra = inner.get("extra_behavior") or config.get("extra_fields_behavior") or "ignore"
    return Fields(model, fields, named, extra)


def plain_model(schema: Schema, name: str) -> Schema:
    """The schema of the fields. Raises `UnprovenError` where the model is more than these."""
    if schema["type"] != "model":
        raise UnprovenError(f"{name} has a validator of the whole model")
    if schema.get("custom_init"):
        raise UnprovenError(f"{name} has an __init__ of its own")
    if schema.get("post_init"):
        raise UnprovenError(f"{name} has a model_post_init or private attributes")
    if schema.get("root_model"):
        raise UnprovenError(f"{name} is a RootModel")
    inner: Schema = schema["schema"]
    if inner["type"] != "model-fields":
        raise UnprovenError(f"{name} has a validator of the whole model")
    cls = schema["cls"]
    if cls.__getattribute__ is not BaseModel.__getattribute__ or "__getattr__" in vars(cls):
        raise UnprovenError(f"{name} has a __getattribute__ or __getattr__ of its own")
    return inner


def _key(name: str, field: Schema, config: Mapping[str, Any], model: str) -> str:
    alias = field.get("validation_alias", name)
    if not isinstance(alias, str):
        raise UnprovenError(f"{model}.{name} has an AliasPath or AliasChoices")
    if config.get("validate_by_name"):
        if config.get("validate_by_alias", True) and alias != name:
            raise UnprovenError(f"{model}.{name} is known by its name and by an alias")
        return name
    return alias
