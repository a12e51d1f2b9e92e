"""Schemas of a description as JSON Schema 2020-12: references put in, `allOf` merged, circles kept apart.

A schema that is referred to stands where the reference stood, unless it goes in a circle or is large: then it
stands once, in `$defs`. What is put in twice is one object in memory, so treat all of it as read only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tidegate.authoring.exceptions import DescriptionError
from tidegate.authoring.openapi.components import groups
from tidegate.authoring.openapi.keywords import allow_null, own_keywords
from tidegate.authoring.openapi.merging import merged
from tidegate.authoring.openapi.references import Document, references_in, tokens

_LARGE, _DEEP = 2000, 12  # values, levels: beyond, a schema is kept in `$defs`
_MOST = 1_000_000
_LONGEST_CHAIN = 50  # of allOf in a circle
_DEFS = "#/$defs/"
_WORDS_BESIDE = frozenset({"description", "title", "summary"})


class Schemas:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._ready: set[str] = set()
        self._circular: set[str] = set()
        self._bodies: dict[str, dict[str, Any]] = {}
        self._under_way: list[str] = []
        self._needed: dict[str, list[str]] = {}  # of what stands in the file
        self._kept: dict[str, list[str]] = {}  # of what stands in `$defs`, by name
        self._names: dict[str, str] = {}  # reference -> name in `$defs`
        self._named: dict[str, str] = {}  # the other way
        # by identity, with what was measured, so that no other object takes that identity
        self._sizes: dict[int, tuple[Any, tuple[int, int]]] = {}

    def of(self, raw: Any) -> Mapping[str, Any]:
        """The schema that `raw` is, complete in itself. Raises `DescriptionError`."""
        self._prepare(references_in(raw))
        made = self._made(raw)
        if str(made.get("$ref", "")).startswith(_DEFS):  # a root that can be looked at without a detour
            made = {
                **self._bodies[self._named[made["$ref"].removeprefix(_DEFS)]],
                **{k: made[k] for k in made if k != "$ref"},
            }
        if self._size(made)[0] > _MOST:
            raise DescriptionError(
                f"{self._document.name}: one of its schemas holds more than {_MOST} values"
            )
        defs = self._defs_of(made)
        return {**made, "$defs": defs} if defs else made

    # -- what is referred to

    def _prepare(self, references: list[str]) -> None:
        for group in groups(references, self._needs, self._ready):
            if len(group) > 1 or group[0] in self._needs(group[0]):
                self._circular.update(group)
            for reference in group:
                self._body(reference)

    def _needs(self, reference: str) -> list[str]:
        if reference not in self._needed:
            self._needed[reference] = references_in(self._document.at(reference))
        return self._needed[reference]

    def _body(self, reference: str) -> dict[str, Any]:
        """The schema that is referred to, itself; empty where it is a part of itself by `allOf` alone."""
        if reference not in self._bodies:
            if reference in self._under_way:
                return {}
            if len(self._under_way) >= _LONGEST_CHAIN:
                raise DescriptionError(f"{self._document.name}: {reference} is made of too many others")
            self._under_way.append(reference)
            self._bodies[reference] = self._branch(self._document.at(reference))
            self._under_way.pop()
        return self._bodies[reference]

    def _put_in(self, reference: str) -> dict[str, Any]:
        """What stands for a reference."""
        if reference in self._circular:
            return {"$ref": _DEFS + self._name(reference)}
        body = self._body(reference)
        values, levels = self._size(body)
        if values > _LARGE or levels > _DEEP:
            return {"$ref": _DEFS + self._name(reference)}
        return body

    def _name(self, reference: str) -> str:
        if reference not in self._names:
            last = (tokens(reference.partition("#")[2]) or ["Root"])[-1]
            wanted = re.sub(r"[^A-Za-z0-9_.-]+", "_", last)[:100] or "Schema"
            name, number = wanted, 2
            while name in self._named:
                name, number = f"{wanted}_{number}", number + 1
            self._names[reference] = name
            self._named[name] = reference
        return self._names[reference]

    def _defs_of(self, made: dict[str, Any]) -> dict[str, Any]:
        defs: dict[str, Any] = {}
        left = references_in(made)
        while left:
            ref = left.pop()
            name = ref.removeprefix(_DEFS)
            if name not in defs:
                defs[name] = self._bodies[self._named[name]]
                if name not in self._kept:
                    self._kept[name] = references_in(defs[name])
                left += self._kept[name]
        return defs

    # -- one schema

    def _branch(self, raw: Any) -> dict[str, Any]:
        """As `_made`, but what is referred to is put in whatever it is: a part of `allOf`, or a body."""
        if isinstance(raw, dict) and isinstance(raw.get("$ref"), str):
            return self._beside(dict(self._body(raw["$ref"])), raw)
        return self._made(raw)

    def _made(self, raw: Any) -> dict[str, Any]:
        if raw is False:
            return {"not": {}}
        if not isinstance(raw, dict):
            return {}
        if isinstance(raw.get("$ref"), str):
            return self._beside(self._put_in(raw["$ref"]), raw)
        parts = raw.get("allOf")
        if isinstance(parts, list) and len(parts) == 1 and "properties" not in raw:
            return self._made({**parts[0], **_without(raw, "allOf")} if isinstance(parts[0], dict) else {})
        made = own_keywords(raw)
        self._set_inner(made, raw)
        if isinstance(parts, list):
            made = merged([made, *(_without_own_arms(self._branch(each)) for each in parts)])
            if _is_nullable(raw):
                allow_null(made)
        return _without_null_arm(made)

    def _beside(self, body: dict[str, Any], raw: dict[str, Any]) -> dict[str, Any]:
        """`body` with the words that stand beside the reference to it."""
        words = {key: raw[key] for key in _WORDS_BESIDE & raw.keys() if isinstance(raw[key], str)}
        rest = {key: value for key, value in raw.items() if key not in words and key != "$ref"}
        more = self._made(rest) if rest else {}
        nullable = _is_nullable(rest)
        if not (words or more or nullable):
            return body
        if "$ref" in body:
            body = {"anyOf": [body, {"type": "null"}]} if nullable else body
            return {**body, **words}
        body = {**merged([body, more]), **words}
        if nullable:
            allow_null(body)
        return body

    def _set_inner(self, made: dict[str, Any], raw: dict[str, Any]) -> None:
        if isinstance(raw.get("properties"), dict):
            self._set_properties(made, raw["properties"])
        items = raw.get("items")
        if isinstance(items, list):  # a tuple, as before draft 2020-12
            made["items"] = {"anyOf": [self._made(each) for each in items]} if items else {}
        elif isinstance(items, dict):
            made["items"] = self._made(items)
        for key in ("additionalProperties", "not", "propertyNames"):
            if isinstance(raw.get(key), dict | bool):
                made[key] = raw[key] if isinstance(raw[key], bool) else self._made(raw[key])
        for key in ("anyOf", "oneOf", "prefixItems"):
            if isinstance(raw.get(key), list) and raw[key]:
                made[key] = [self._made(each) for each in raw[key]]
        if isinstance(raw.get("patternProperties"), dict):
            made["patternProperties"] = {k: self._made(v) for k, v in raw["patternProperties"].items()}

    def _set_properties(self, made: dict[str, Any], raw: dict[str, Any]) -> None:
        """All but those that are only ever sent."""
        hidden = {
            name for name, each in raw.items() if isinstance(each, dict) and each.get("writeOnly") is True
        }
        made["properties"] = {name: self._made(each) for name, each in raw.items() if name not in hidden}
        if hidden and "required" in made:
            made["required"] = [name for name in made["required"] if name not in hidden]

    def _size(self, schema: dict[str, Any]) -> tuple[int, int]:
        """How many values a schema holds, counting each time it stands, and how many levels."""
        if (known := self._sizes.get(id(schema))) is not None:
            return known[1]
        sizes = [self._size(each) for each in _inner(schema)]
        size = 1 + sum(each[0] for each in sizes), 1 + max((each[1] for each in sizes), default=0)
        self._sizes[id(schema)] = schema, size
        return size


def _inner(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value
    return [each for each in inner if isinstance(each, dict | list)]


def _without(schema: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != key}


def _is_nullable(raw: dict[str, Any]) -> bool:
    return raw.get("nullable") is True or raw.get("x-nullable") is True


def _without_own_arms(schema: dict[str, Any]) -> dict[str, Any]:
    """A base that lists its kinds (`oneOf`, a discriminator) means none of them where it is built upon."""
    for key in ("anyOf", "oneOf"):
        if any("$ref" in arm for arm in schema.get(key, ())):
            schema = _without(schema, key)
    return schema


def _without_null_arm(schema: dict[str, Any]) -> dict[str, Any]:
    """`anyOf: [X, {type: null}]` as X that takes null, where X has a type of its own."""
    for key in ("anyOf", "oneOf"):
        arms = schema.get(key)
        if arms is None or len(arms) != 2 or {"type": "null"} not in arms:
            continue
        other = arms[1 - arms.index({"type": "null"})]
        if "type" in other and "$ref" not in other:
            made = merged([_without(schema, key), other])
            allow_null(made)
            return made
    return schema
