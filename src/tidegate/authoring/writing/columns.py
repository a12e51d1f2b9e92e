"""The columns of a write contract, made of the read contracts, and where the values of each come from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tidegate.authoring.writing.contracts import ReadField, ReadModel, members, mentions
from tidegate.authoring.writing.names import Names
from tidegate.authoring.writing.words import attribute, quoted, sentence, snake, spoken, words

_DEPTH = 2  # objects within objects that become columns; what lies deeper is JSON
_DECIMAL = {"max_digits": "38", "decimal_places": "9"}  # the whole NUMERIC of BigQuery
_SCALARS = frozenset({"str", "int", "float", "bool", "Decimal", "AwareDatetime", "date"})
_LIST = re.compile(r"list\[(.*)\]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Column:
    """`path` leads to the value in the read model; `source` is what the `Map` says where a path will not do.

    `of` is the field as the API spells it, from the row on: `sender.id`.
    """

    name: str
    type: str
    description: str
    path: str
    of: str
    nullable: bool = False
    personal: bool = False
    source: str = ""

    @property
    def annotation(self) -> str:
        told = f"{self.type} | None" if self.nullable and self.type != "Any" else self.type
        return f"Annotated[{told}, Personal()]" if self.personal else told

    @property
    def told(self) -> Mapping[str, str]:
        """The arguments of its `Field`."""
        digits = _DECIMAL if self.type == "Decimal" else {}
        return {**digits, "description": quoted(self.description)}

    @property
    def given(self) -> str:
        """What the map is told of it; "" where the field of the same name fills it."""
        return self.source or ("" if self.path == self.name else quoted(self.path))


def columns_of(models: Sequence[ReadModel], names: Names, key: Sequence[str]) -> tuple[Column, ...]:
    """Of the last of the models, the row. Those of `key` come first, and are never null."""
    row = models[-1]
    if row.root is not None:
        return (_whole(row.root, names),)
    walk = _Walk({model.name: model for model in models})
    found = [_renamed(each, names) for each in _shortened(list(walk.columns(row, ())))]
    keys = [_required(each) for each in found if each.of in key]
    return tuple(_unique([*keys, *(each for each in found if each.of not in key)], names))


def _whole(root: str, names: Names) -> Column:
    """The one column of rows that are no objects."""
    scalar = root in _SCALARS
    name = names.thing if scalar else "row"
    kind = root if scalar else "Any"
    return Column(attribute(name), kind, f"{sentence(spoken(names.thing))}, as the API sends it", "root", "")


@dataclass(frozen=True)
class _Walk:
    models: Mapping[str, ReadModel]

    def columns(self, model: ReadModel, above: tuple[ReadField, ...]) -> Iterator[Column]:
        for each in model.fields:
            inner = self.models.get(each.type)
            if inner is not None and each.of.wrap == "{}" and self._flat(inner, above):
                yield from self.columns(inner, (*above, each))
            else:
                yield self._column(each, above)

    def _flat(self, inner: ReadModel, above: tuple[ReadField, ...]) -> bool:
        within = {each.type for each in above} | {inner.name}
        recursive = any(mentions(each.type, within) for each in inner.fields)
        return len(above) < _DEPTH and not recursive

    def _column(self, each: ReadField, above: tuple[ReadField, ...]) -> Column:
        of, along = each.of, [*above, each]
        bare = "_".join(snake(step.of.wire) for step in along)
        path = ".".join(step.of.name for step in along)
        nullable = any(step.may_be_none for step in along)
        column = Column(
            bare,
            each.type,
            of.description or _said(along),
            path,
            ".".join(step.of.wire for step in along),
            nullable,
            of.personal or self._holds_personal(each.type),
        )
        return _carried(column)

    def _holds_personal(self, kind: str) -> bool:
        """Whether any of the models that the type names, or that these name, has such a field."""
        seen: set[str] = set()
        left = [kind]
        while left:
            for name in (self.models.keys() & re.findall(r"\w+", left.pop())) - seen:
                seen.add(name)
                fields = self.models[name].fields
                if any(each.of.personal for each in fields):
                    return True
                left += [each.type for each in fields]
        return False


def _said(along: Sequence[ReadField]) -> str:
    return sentence(" ".join(word for step in along for word in words(step.of.wire))) or "Not described"


def _shortened(columns: Sequence[Column]) -> Iterator[Column]:
    """Named after the object that holds the value, and those around it only where two names would be one."""
    short = ["_".join(map(snake, column.path.split(".")[-2:])) for column in columns]
    for column, name in zip(columns, short, strict=True):
        yield replace(column, name=name) if short.count(name) == 1 else column


def _carried(column: Column) -> Column:
    """With a type that a column can have."""
    kind, several = column.type, members(column.type)
    if len(several) > 1:
        scalar = {"int", "float", "bool", "str"}.issuperset(several)
        text = replace(column, type="str", source=f"Cast({quoted(column.path)}, str)")
        return text if scalar else replace(column, type="Any", nullable=True)
    if kind in _SCALARS:
        return column
    if kind.startswith("dict["):
        return replace(column, type="dict[str, Any]")
    found = _LIST.fullmatch(kind)
    return _list(column, found[1]) if found else replace(column, type="Any", nullable=True)


def _list(column: Column, item: str) -> Column:
    if item.startswith("list["):
        return replace(column, type="Any", nullable=True)
    kind = f"list[{item}]" if item in _SCALARS - {"Decimal"} else "list[Any]"
    source = f"Default({quoted(column.path)}, [])" if column.nullable else ""
    return replace(column, type=kind, nullable=False, source=source)


def _required(column: Column) -> Column:
    if not column.nullable:
        return column
    return replace(column, nullable=False, source=f"Required({column.source or quoted(column.path)})")


def _renamed(column: Column, names: Names) -> Column:
    """The id of the row is called after the thing, so that joins read well."""
    if column.of.lower() not in {"id", "_id"}:
        return column
    about = column.description
    plain = about.lower() in {"id", "unique id", "identifier"}
    return replace(
        column, name=f"{names.thing}_id", description=f"Id of the {spoken(names.thing)}" if plain else about
    )


def _unique(columns: Sequence[Column], names: Names) -> Iterator[Column]:
    """Names that no other column has, and that a class can have: `date` would hide the type of that name."""
    dates = any(column.type in {"date", "list[date]"} for column in columns)
    taken: list[str] = []
    for column in columns:
        name = f"{names.thing}_date" if dates and column.name == "date" else column.name
        taken.append(attribute(name[:290], taken))
        yield replace(column, name=taken[-1])
