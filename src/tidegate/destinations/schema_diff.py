"""What a write contract asks for against what a destination holds, column by column.

Knows no destination: each maps its own types to `Held`. What may be done without a person is decided here.

    create    there is no table                         by itself
    add       a column or a field, null in older rows   by itself
    widen     every value fits the new type as it is    by itself
    relax     null is allowed from now on               by itself
    describe  the description of a column               by itself
    drop      the contract lacks what the table has     needs a person
    narrow    the same kind with less room              needs a person
    retype    another kind                              needs a person
    adopt     a table that lacks tidegate's columns     needs a person
    partition, cluster                                  needs a person
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from tidegate.contracts.table import RESERVED_PREFIX, Table
from tidegate.utils.columns import Column, Kind
from tidegate.utils.personal_columns import says_hashed

ChangeKind = Literal[
    "create", "add", "widen", "relax", "describe",
    "drop", "narrow", "retype", "adopt", "partition", "cluster",
]  # fmt: skip

SAFE: frozenset[ChangeKind] = frozenset({"create", "add", "widen", "relax", "describe"})
NEED_A_PERSON: tuple[ChangeKind, ...] = tuple(kind for kind in get_args(ChangeKind) if kind not in SAFE)

_INT_DIGITS = 19  # that any 64-bit int fits in
_SAFE_INT_DIGITS = 18  # that always fit into a 64-bit int


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `path` is its place in the contract, or in the table for a drop; empty for the table.

    `text` is what a person reads: `widen total: int to decimal(20, 2)`.
    """

    kind: ChangeKind
    path: tuple[str, ...]
    text: str

    @property
    def safe(self) -> bool:
        return self.kind in SAFE


@dataclass(frozen=True, slots=True)
class Held:
    """A column of a table, or a field of one, as its destination has it.

    `kind` is the neutral one, None where no contract asks for such a type; `spelled` is the destination's
    own word for it. Not `exact`: the values are among those of the kind, and its type in a contract is
    another one (INTEGER, which is a decimal of 10 digits here, or UUID, a string).
    """

    name: str
    spelled: str
    kind: Kind | None
    nullable: bool = True
    repeated: bool = False
    precision: int | None = None
    scale: int | None = None
    max_length: int | None = None
    fields: tuple[Held, ...] = ()
    description: str | None = None
    exact: bool = True


def as_held(column: Column) -> Held:
    """A column that a destination keeps as the contract had it."""
    return Held(
        column.name,
        column.kind,
        column.kind,
        nullable=column.nullable,
        repeated=column.repeated,
        precision=column.precision,
        scale=column.scale,
        max_length=column.max_length,
        fields=tuple(as_held(field) for field in column.fields),
        description=column.description,
    )


def without_lengths(column: Column) -> Column:
    """As much of a column as a destination carries that knows no lengths."""
    return replace(column, max_length=None, fields=tuple(without_lengths(field) for field in column.fields))


@dataclass(frozen=True, slots=True)
class Layout:
    partition_by: str | None = None
    cluster_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HeldTable:
    """A table as its destination has it; `layout` is None where the destination knows no such thing."""

    columns: tuple[Held, ...]
    layout: Layout | None = None


def differences(
    table: Table[Any], wanted: Sequence[Column], own: Sequence[Column], held: HeldTable | None
) -> list[Change]:
    """All that keeps the table from being what the contract asks for; empty where it is.

    `wanted` are the contract's columns as far as the destination can carry them, `own` those that tidegate
    adds, `held` the table as it is, or None where there is none.
    """
    if held is None:
        return [Change("create", (), f"create {table.name}: {len(wanted)} columns")]
    ours = {each.name.lower(): each for each in held.columns if _is_own(each.name)}
    theirs = [each for each in held.columns if not _is_own(each.name)]
    made = [column for column in wanted if _is_own(column.name)]  # a synthetic key
    return [
        *_compared([column for column in wanted if column not in made], theirs, ()),
        *_own([*made, *own], ours),
        *_layout(table, held.layout),
    ]


def told(changes: Sequence[Change]) -> tuple[str, ...]:
    """What was done, a line for each change, and one for all descriptions."""
    lines = tuple(change.text for change in changes if change.kind != "describe")
    described = [".".join(change.path) for change in changes if change.kind == "describe"]
    return (*lines, f"describe {', '.join(described)}") if described else lines


def _is_own(name: str) -> bool:
    return name.lower().startswith(RESERVED_PREFIX)


def _own(own: Sequence[Column], held: dict[str, Held]) -> Iterator[Change]:
    """Columns of tidegate's own: none is ever dropped, and one that is no longer filled has to allow null."""
    for column in own:
        found = held.pop(column.name, None)
        if found is None:
            yield Change("adopt", (column.name,), f"adopt rows without {column.name}, which stays null there")
        else:
            yield from _column(column, found, (column.name,))
    for unused in held.values():
        if not unused.nullable:
            yield Change("relax", (unused.name,), f"relax {unused.name}: null allowed")


def _layout(table: Table[Any], held: Layout | None) -> Iterator[Change]:
    if held is None:
        return
    if (table.partition_by or "").lower() != (held.partition_by or "").lower():
        text = f"partition by {table.partition_by or 'nothing'}, not by {held.partition_by or 'nothing'}"
        yield Change("partition", (), text)
    if [name.lower() for name in table.cluster_by] != [name.lower() for name in held.cluster_by]:
        names, before = ", ".join(table.cluster_by), ", ".join(held.cluster_by)
        yield Change("cluster", (), f"cluster by {names or 'nothing'}, not by {before or 'nothing'}")


def _compared(wanted: Iterable[Column], held: Iterable[Held], path: tuple[str, ...]) -> Iterator[Change]:
    left = {each.name.lower(): each for each in held}
    for column in wanted:
        place = (*path, column.name)
        found = left.pop(column.name.lower(), None)
        if found is None:
            yield Change("add", place, f"add {_dotted(place)}: {spelled(column)}")
        else:
            yield from _column(column, found, place)
    for unknown in left.values():
        place = (*path, unknown.name)
        yield Change("drop", place, f"drop {_dotted(place)}: {spelled(unknown)}")


def _column(wanted: Column, held: Held, place: tuple[str, ...]) -> Iterator[Change]:
    grade = _grade(wanted, held)
    if len(place) == 1 and says_hashed(wanted.description) != says_hashed(held.description):
        grade = "retype"  # else values and hashes of values would stand in one column, under one label
    if grade is not None:
        yield Change(grade, place, f"{grade} {_dotted(place)}: {spelled(held)} to {spelled(wanted)}")
    elif wanted.kind == "record":
        yield from _compared(wanted.fields, held.fields, place)
    if wanted.nullable and not held.nullable:
        yield Change("relax", place, f"relax {_dotted(place)}: null allowed")
    if len(place) == 1 and wanted.description and wanted.description != held.description:
        yield Change("describe", place, f"describe {_dotted(place)}")


def _grade(wanted: Column, held: Held) -> Literal["widen", "narrow", "retype"] | None:
    """What it takes to make the one type from the other; fields of a record are not looked at.

    An int becomes a float only as a retype: above 2**53 it would be another number.
    """
    if wanted.repeated != held.repeated:
        return "retype"
    match held.kind, wanted.kind:
        case ("decimal", "decimal"):
            grade = _digits(wanted, held)
        case ("int", "decimal"):
            whole = (wanted.precision or 0) - (wanted.scale or 0)
            grade = "widen" if whole >= _INT_DIGITS else "narrow"
        case ("decimal", "int"):
            fits = held.scale == 0 and (held.precision or 0) <= _SAFE_INT_DIGITS
            grade = "widen" if fits else "narrow"
        case (same, kind) if same == kind:
            grade = _length(wanted.max_length, held.max_length)
        case _:
            return "retype"
    return "widen" if grade is None and not held.exact else grade


def _digits(wanted: Column, held: Held) -> Literal["widen", "narrow"] | None:
    scale, held_scale = wanted.scale or 0, held.scale or 0
    whole, held_whole = (wanted.precision or 0) - scale, (held.precision or 0) - held_scale
    if (whole, scale) == (held_whole, held_scale):
        return None
    return "widen" if whole >= held_whole and scale >= held_scale else "narrow"


def _length(wanted: int | None, held: int | None) -> Literal["widen", "narrow"] | None:
    if wanted == held:
        return None
    return "widen" if wanted is None or (held is not None and wanted > held) else "narrow"


def spelled(column: Column | Held) -> str:
    """`decimal(12, 2)`, `list of record`; the destination's own word for a type that no contract asks for."""
    if isinstance(column, Held) and (column.kind is None or not column.exact):
        return column.spelled
    text = str(column.kind)
    if says_hashed(column.description):
        text = "keyed hash"
    elif column.kind == "decimal":
        text = f"decimal({column.precision}, {column.scale})"
    elif column.max_length is not None:
        text = f"{text}({column.max_length})"
    return f"list of {text}" if column.repeated else text


def _dotted(path: tuple[str, ...]) -> str:
    return ".".join(path)
