"""What a person has to allow, and what not: decided without any destination."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tests.destinations.evolving import contract
from tidegate.contracts.table import Table
from tidegate.destinations.schema_diff import Change, Held, HeldTable, Layout, differences
from tidegate.utils.columns import Column, Kind

OWN = (Column("_tidegate_run", "string"), Column("_tidegate_loaded_at", "timestamp"))
HELD_OWN = (
    Held("_tidegate_run", "VARCHAR", "string", nullable=False),
    Held("_tidegate_loaded_at", "TIMESTAMPTZ", "timestamp", nullable=False),
)
TABLE = Table("rows", contract(id=int))


def found(wanted: Column | tuple[Column, ...], *held: Held) -> list[Change]:
    columns = wanted if isinstance(wanted, tuple) else (wanted,)
    return differences(TABLE, columns, OWN, HeldTable((*held, *HELD_OWN)))


def decimal(precision: int, scale: int) -> Column:
    return Column("a", "decimal", precision=precision, scale=scale)


def held_decimal(precision: int, scale: int, *, exact: bool = True) -> Held:
    return Held("a", "INTEGER", "decimal", precision=precision, scale=scale, exact=exact, nullable=False)


def kind(kind: Kind, **more: int | bool | None) -> Held:
    return replace(Held("a", "TYPE", kind, nullable=False), **more)  # type: ignore[arg-type]  # as typed above


@pytest.mark.parametrize(
    ("held", "wanted", "text"),
    [
        (kind("int"), Column("a", "int"), None),
        (kind("int"), decimal(19, 0), "widen a: int to decimal(19, 0)"),
        (kind("int"), decimal(20, 1), "widen a: int to decimal(20, 1)"),
        (kind("int"), decimal(19, 1), "narrow a: int to decimal(19, 1)"),
        (kind("int"), Column("a", "float"), "retype a: int to float"),
        (kind("int"), Column("a", "string"), "retype a: int to string"),
        (kind("float"), Column("a", "int"), "retype a: float to int"),
        (held_decimal(10, 2), decimal(10, 2), None),
        (held_decimal(10, 2), decimal(12, 4), "widen a: decimal(10, 2) to decimal(12, 4)"),
        (held_decimal(10, 2), decimal(12, 5), "narrow a: decimal(10, 2) to decimal(12, 5)"),
        (held_decimal(10, 2), decimal(12, 1), "narrow a: decimal(10, 2) to decimal(12, 1)"),
        (held_decimal(18, 0), Column("a", "int"), "widen a: decimal(18, 0) to int"),
        (held_decimal(19, 0), Column("a", "int"), "narrow a: decimal(19, 0) to int"),
        (held_decimal(5, 1), Column("a", "int"), "narrow a: decimal(5, 1) to int"),
        (held_decimal(10, 0, exact=False), Column("a", "int"), "widen a: INTEGER to int"),
        (held_decimal(10, 0, exact=False), decimal(10, 0), "widen a: INTEGER to decimal(10, 0)"),
        (kind("string"), Column("a", "string", max_length=5), "narrow a: string to string(5)"),
        (kind("string", max_length=5), Column("a", "string"), "widen a: string(5) to string"),
        (
            kind("string", max_length=5),
            Column("a", "string", max_length=6),
            "widen a: string(5) to string(6)",
        ),
        (kind("string", max_length=5), Column("a", "string", max_length=5), None),
        (kind("timestamp"), Column("a", "datetime"), "retype a: timestamp to datetime"),
        (kind("int"), Column("a", "int", repeated=True), "retype a: int to list of int"),
        (kind("string"), Column("a", "json"), "retype a: string to json"),
    ],
)
def test_a_type_that_holds_every_value_as_it_is_needs_nobody(
    held: Held, wanted: Column, text: str | None
) -> None:
    changes = found(wanted, held)
    assert [change.text for change in changes] == ([] if text is None else [text])
    assert all(change.safe == (change.kind == "widen") for change in changes)


def test_a_type_that_no_contract_asks_for_is_a_retype_in_the_destinations_own_word() -> None:
    (change,) = found(Column("a", "string"), Held("a", "MAP(INT, INT)", None))
    assert (change.kind, change.text) == ("retype", "retype a: MAP(INT, INT) to string")


def test_null_is_allowed_by_itself_and_never_forbidden() -> None:
    required, optional = Column("a", "int"), Column("a", "int", nullable=True)
    assert found(optional, kind("int")) == [Change("relax", ("a",), "relax a: null allowed")]
    assert found(required, kind("int", nullable=True)) == []


def test_fields_of_records_and_of_lists_of_records_are_added_and_dropped_by_their_path() -> None:
    for repeated in (False, True):
        wanted = Column("r", "record", repeated=repeated, fields=(Column("x", "int"), Column("New", "date")))
        fields = (Held("X", "INT", "int"), Held("old", "J", "json"))
        held_record = Held("R", "STRUCT", "record", repeated=repeated, fields=fields)
        changes = found(wanted, held_record)
        assert [(each.kind, each.path) for each in changes] == [("add", ("r", "New")), ("drop", ("r", "old"))]


def test_names_are_the_same_in_any_case() -> None:
    assert found(Column("UserId", "int"), Held("userid", "BIGINT", "int")) == []


def test_description_of_the_contract_replaces_that_of_the_table_and_none_does_not() -> None:
    described = Held("a", "BIGINT", "int", description="of old")
    (change,) = found(Column("a", "int", description="new"), described)
    assert (change.kind, change.safe) == ("describe", True)
    assert found(Column("a", "int"), described) == []


def test_columns_of_tidegates_own_are_never_dropped_and_one_out_of_use_allows_null() -> None:
    window = Held("_tidegate_window", "DATE", "date", nullable=False)
    assert [(each.kind, each.path) for each in found(Column("a", "int"), kind("int"), window)] == [
        ("relax", ("_tidegate_window",))
    ]
    assert found(Column("a", "int"), kind("int"), replace(window, nullable=True)) == []


def test_a_table_without_tidegates_columns_is_adopted_only_when_a_person_says_so() -> None:
    changes = differences(TABLE, [Column("a", "int")], OWN, HeldTable((kind("int"),)))
    assert [(change.kind, change.safe) for change in changes] == [("adopt", False), ("adopt", False)]


@pytest.mark.parametrize(
    ("layout", "kinds"),
    [
        (None, []),
        (Layout("DAY", ("a", "B")), []),
        (Layout(None, ("a", "b")), ["partition"]),
        (Layout("day", ("b", "a")), ["cluster"]),
        (Layout(), ["partition", "cluster"]),
    ],
)
def test_layout_counts_where_the_destination_has_it_and_is_changed_by_a_person(
    layout: Layout | None, kinds: list[str]
) -> None:
    table = Table("rows", contract(day=date, a=int, b=int), partition_by="day", cluster_by=("a", "b"))
    columns = (Held("day", "T", "date"), Held("a", "T", "int"), Held("b", "T", "int"))
    changes = differences(table, table.columns, OWN, HeldTable((*columns, *HELD_OWN), layout))
    assert [change.kind for change in changes] == kinds
    assert not any(change.safe for change in changes)
