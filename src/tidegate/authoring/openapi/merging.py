"""`allOf`: several schemas that hold at once, as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_LISTS = ("required", "examples")


def merged(branches: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One schema that says what all say. Of words that cannot be joined (descriptions) the first stands."""
    made: dict[str, Any] = {}
    for branch in branches:
        _join(made, branch)
    return made


def _join(made: dict[str, Any], branch: dict[str, Any]) -> None:
    for key, value in branch.items():
        if key not in made:
            made[key] = dict(value) if key == "properties" else value
        elif key == "properties":
            _join_properties(made[key], value)
        elif key in _LISTS:
            made[key] = [*made[key], *(each for each in value if each not in made[key])]
        elif key == "type":
            made[key] = _both(made[key], value)
        elif key == "enum":
            made[key] = [each for each in made[key] if each in value] or value
        elif key in {"items", "additionalProperties"}:
            made[key] = _join_schemas(made[key], value)


def _join_properties(made: dict[str, Any], more: dict[str, Any]) -> None:
    for name, schema in more.items():
        made[name] = _join_schemas(made[name], schema) if name in made else schema


def _join_schemas(one: Any, other: Any) -> Any:
    if isinstance(one, dict) and isinstance(other, dict):
        if "$ref" in one or "$ref" in other or one is other:
            return one
        return merged([one, other])
    # `additionalProperties: false` in one branch would forbid the properties of the other
    return other if one is False else one


def _both(one: Any, other: Any) -> Any:
    """The types that both allow; the first, where there is none."""
    first = [one] if isinstance(one, str) else one
    second = [other] if isinstance(other, str) else other
    common = [each for each in first if each in second or (each == "integer" and "number" in second)]
    common += [each for each in second if each == "integer" and "number" in first and each not in common]
    if not common:
        return one
    return common[0] if len(common) == 1 else common
