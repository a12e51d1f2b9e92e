"""Values that were checked as they are to be written, and need not be checked again."""

from __future__ import annotations

from tidegate.engine.columnar.fields import Field, Schema

_UNCHANGED = frozenset({"str", "int", "float", "bool", "datetime", "date"})
# Of a value, not of when it is looked at, and not a change to it.
_LIMITS = frozenset(
    {"ge", "gt", "le", "lt", "multiple_of", "min_length", "max_length", "pattern", "tz_constraint"}
)
# `microseconds_precision` is about text.
_NO_LIMITS = frozenset({"type", "metadata", "ref", "serialization", "microseconds_precision"})
# Keys of a model's configuration that change no value.
_CONFIG_OF_NOTHING = frozenset({"title", "extra_fields_behavior", "cache_strings", "hide_input_in_errors"})


def is_unchanged(read: Field, write: Field) -> bool:
    """Whether what `read` has validated passes `write` as it is, because that asks for nothing else: the same
    plain type, and limits that were checked already.
    """
    if any(set(each.config) - _CONFIG_OF_NOTHING for each in (read, write)) or _has_default(read.schema):
        return False
    (took, took_null), (takes, takes_null) = map(_plain, (read, write))
    return (
        took["type"] == takes["type"]
        and took["type"] in _UNCHANGED
        and (takes_null or not took_null)
        and _limits(takes).items() <= _limits(took).items()
        and _limits(takes).keys() <= _LIMITS
    )


def takes_any_day(write: Field) -> bool:
    """Whether every date passes `write` as it is."""
    takes, _ = _plain(write)
    return takes["type"] == "date" and not (_limits(takes) or set(write.config) - _CONFIG_OF_NOTHING)


def _has_default(schema: Schema) -> bool:
    """Whether a missing value becomes another one than None, which need not be of the type."""
    return schema["type"] == "default" and schema.get("default", schema) is not None


def _plain(field: Field) -> tuple[Schema, bool]:
    """The schema within default and null, and whether null is taken."""
    schema, null = field.schema, False
    while schema["type"] in ("default", "nullable"):
        null = null or schema["type"] == "nullable" or schema.get("default", schema) is None
        schema = schema["schema"]
    return schema, null


def _limits(schema: Schema) -> Schema:
    return {key: each for key, each in schema.items() if key not in _NO_LIMITS}
