"""Types whose values are secrets, also deep inside of what becomes one JSON column."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, NewType, get_args, get_origin

import pydantic
from pydantic import BaseModel
from typing_extensions import get_type_hints, is_typeddict

SECRETS = (pydantic.SecretStr, pydantic.SecretBytes, pydantic.Secret)


def holds_secret(annotation: Any) -> bool:
    """Whether a value of the annotation would hold a secret when it is written as JSON."""
    return _holds_secret(annotation, [])


def _holds_secret(annotation: Any, seen: list[Any]) -> bool:
    cls = get_origin(annotation) or annotation
    if isinstance(cls, type) and issubclass(cls, SECRETS):
        return True
    if any(annotation is each for each in seen):
        return False
    seen.append(annotation)
    return any(_holds_secret(part, seen) for part in (*get_args(annotation), *_parts(cls)))


def _parts(cls: Any) -> Iterator[Any]:
    if isinstance(cls, NewType):
        yield cls.__supertype__
    elif hasattr(cls, "__value__"):  # a type alias
        yield cls.__value__
    elif isinstance(cls, type) and issubclass(cls, BaseModel):
        yield from (info.annotation for info in cls.model_fields.values() if not info.exclude)
        yield from (info.return_type for info in cls.model_computed_fields.values())
    elif is_typeddict(cls) or (isinstance(cls, type) and dataclasses.is_dataclass(cls)):
        yield from get_type_hints(cls).values()
