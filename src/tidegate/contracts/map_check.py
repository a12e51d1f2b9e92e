"""A map against both contracts, before the first row: each fault is one `TypeError` that says what to do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tidegate.contracts.map_sources import Path, Position, Source, spelled
from tidegate.contracts.map_types import UNKNOWN, Told, items_of, model_of, told_of, told_of_field, why_unfit


def checked(
    reads: type[BaseModel], writes: type[BaseModel], sources: Mapping[str, Source], each: Path | None
) -> dict[str, Source]:
    """The source of every field that is not left to its default, in the order of the write contract."""
    check = _Check(reads, each)
    fields = writes.model_fields
    for name in sources:
        if name not in fields:
            raise TypeError(f"{writes.__name__} has no field {name!r}{_near(name, fields)}")
    found = {}
    for name, info in fields.items():
        each_source = sources.get(name) or _of_same_name(reads, name, info, writes)
        if each_source is not None:
            check.field(name, each_source, writes)
            found[name] = each_source
    return found


def _of_same_name(
    reads: type[BaseModel], name: str, info: FieldInfo, writes: type[BaseModel]
) -> Source | None:
    if name in reads.model_fields:
        return Path(name)
    if info.is_required():
        raise TypeError(
            f"{writes.__name__}.{name} is required, and nothing fills it: {reads.__name__} has no field of"
            f" this name{_near(name, reads.model_fields)}; write {name}=... with a path or a source"
        )
    return None


class _Check:
    def __init__(self, reads: type[BaseModel], each: Path | None) -> None:
        self._reads, self._each = reads, each
        self._item = UNKNOWN
        if each is not None:
            found = items_of(told := self._walk(each, Told((reads,)), each.keys))
            if found is None:
                raise TypeError(f"{each.path!r} is {told}, not a list; Explode takes the path of a list")
            self._item = found

    def field(self, name: str, top: Source, writes: type[BaseModel]) -> None:
        try:
            told = self._told(top)
        except TypeError as error:
            raise TypeError(f"{name}: {error}") from None
        if why := why_unfit(told, writes, name):
            raise TypeError(f"{name}: {spelled(top)} {why}; {_remedy(spelled(top), told, why)}")

    def _told(self, top: Source) -> Told:
        if isinstance(top, Path):
            return self._path(top)
        if isinstance(top, Position) and self._each is None:
            raise TypeError("Position() is that of an item: write Explode, with the path of a list")
        return top.told([self._told(each) for each in top.inputs])

    def _path(self, path: Path) -> Told:
        each = self._each
        if each is not None and path.keys[: len(each.keys)] == each.keys:
            return self._walk(path, self._item, path.keys[len(each.keys) :])
        return self._walk(path, Told((self._reads,)), path.keys)

    def _walk(self, path: Path, told: Told, keys: tuple[str, ...]) -> Told:
        nullable = False
        for key in keys:
            nullable = nullable or told.nullable
            told = _step(path, told, key)
        return Told(told.types, told.nullable or nullable)


def _step(path: Path, told: Told, key: str) -> Told:
    """One step of a path. Raises `TypeError` where it leads nowhere."""
    model = model_of(told)
    cls = get_origin(model) or model
    if isinstance(cls, type) and issubclass(cls, Mapping):
        inside = told_of((get_args(model) or (Any, Any))[1])
        return Told(inside.types, nullable=True)
    if not (isinstance(cls, type) and issubclass(cls, BaseModel)):
        raise TypeError(
            f"the path {path.path!r} goes through {told} at {key!r}, which has no"
            " fields; write a function of the row"
        )
    if key in cls.model_fields:
        return told_of_field(cls.model_fields[key])
    if key in cls.model_computed_fields:
        return told_of(cls.model_computed_fields[key].return_type)
    if isinstance(getattr(cls, key, None), property):
        return UNKNOWN
    raise TypeError(f"{cls.__name__} has no field {key!r} (path {path.path!r}){_near(key, cls.model_fields)}")


def _remedy(shown: str, told: Told, why: str) -> str:
    takes = why.rpartition(" ")[2]
    if takes == "none":
        return (
            f"write Default({shown}, ...), or Required({shown}) to reject such rows, or let the field be None"
        )
    if takes == "date" and told.may_be(date):
        return f"write Day({shown})"
    if told.is_simple and takes in ("str", "int", "float", "bool", "datetime", "Decimal"):
        return f"write Cast({shown}, {takes}), or Apply a function"
    return f"give another path, or Apply a function to {shown}"


def _near(name: str, names: Collection[str]) -> str:
    close = get_close_matches(name, names, 1)
    return f"; did you mean {close[0]!r}?" if close else f" (it has {', '.join(names)})"
