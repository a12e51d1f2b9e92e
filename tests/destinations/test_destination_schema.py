"""What `differences`, `apply`, `prepare` and `commit` promise about a table that stands there already,
over every destination."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow as pa
import pytest
from pydantic import AwareDatetime, BaseModel, Field

from tests.destinations.evolving import NOW, contract, held, land, rows_of, texts
from tests.destinations.suite import CANNOT, DESTINATIONS
from tidegate.contracts.table import Table
from tidegate.destinations.base import Commit, Destination
from tidegate.destinations.exceptions import DestinationError, SchemaChangeError
from tidegate.utils.encoding import Encoder

Money = Annotated[Decimal, Field(max_digits=21, decimal_places=2)]


def test_table_that_is_missing_is_to_be_created_and_apply_creates_it_empty(destination: Destination) -> None:
    table = rows_of(id=int)
    (change,) = destination.differences(table)
    assert (change.kind, change.safe) == ("create", True)
    assert destination.apply(table, [change]) == ("create rows: 1 columns",)
    assert destination.differences(table) == []
    assert destination.apply(table, []) == ()
    assert held(destination) == []


def test_looking_writes_nothing(destination: Destination) -> None:
    land(destination, rows_of(id=int), [{"id": 1}])
    new = rows_of(id=int, more=str)
    assert destination.differences(new) == destination.differences(new) != []
    destination.prepare(new)
    assert held(destination) == [{"id": 1}]


class Place(BaseModel):
    zip: str


class BetterPlace(BaseModel):
    zip: str
    lat: float | None = None
    tags: list[str] = []


class NumberedPlace(BaseModel):
    zip: int


@pytest.mark.parametrize(
    ("write", "full"),
    [("append", True), ("append", False), ("replace", True), ("replace_windows", True), ("merge", True)],
)
def test_commit_makes_the_safe_changes_first_and_says_so(
    widening: Destination, write: Literal["append", "replace", "replace_windows", "merge"], full: bool
) -> None:
    old = contract(
        id=int,
        total=int,
        note=str,
        place=(Place | None, None),
        places=(list[Place], []),
        gone=(str | None, None),
    )
    new = contract(
        id=Annotated[int, Field(description="of the vendor")],
        total=Money,
        note=(str | None, None),
        place=(BetterPlace | None, None),
        places=(list[BetterPlace], []),
        gone=(Annotated[str | None, Field(description="kept")], None),
        tags=(list[str], []),
    )
    place = {"zip": "75001"}
    rows = [
        {"id": 1, "total": 5, "note": "a", "place": place, "places": [place, place]},
        {"id": 2, "total": 6, "note": "b"},
    ]
    land(widening, Table("rows", old, key=("id",), write=write), rows if full else [])
    table = Table("rows", new, key=("id",), write=write)
    widening.prepare(table)
    landed = land(widening, table, [{"id": 3, "total": "0.25", "note": None, "tags": ["x"]}])
    assert landed.changes == (
        "widen total: int to decimal(21, 2)",
        "relax note: null allowed",
        "add place.lat: float",
        "add place.tags: list of string",
        "add places.lat: float",
        "add places.tags: list of string",
        "add tags: list of string",
        "describe id, gone",
    )
    better: dict[str, Any] = {"zip": "75001", "lat": None, "tags": []}
    before = [
        {"id": 1, "total": Decimal(5), "note": "a", "place": better, "places": [better, better], "tags": []},
        {"id": 2, "total": Decimal(6), "note": "b", "place": None, "places": [], "tags": []},
    ]
    after = {"id": 3, "total": Decimal("0.25"), "note": None, "place": None, "places": [], "tags": ["x"]}
    kept = before if full and write in {"append", "merge"} else []
    assert held(widening) == [{**row, "gone": None} for row in (*kept, after)]
    assert widening.differences(table) == []
    assert land(widening, table, []).changes == ()


class SourceBrokeError(Exception):
    pass


def test_error_after_the_safe_changes_undoes_them(destination: Destination) -> None:
    land(destination, rows_of(id=int), [{"id": 1}])
    new = rows_of(id=Money, tags=(list[str], []))
    wanted = texts(destination, new)

    def broken() -> Iterator[pa.RecordBatch]:
        yield Encoder(new.model).encode([new.model(id=2)])
        raise SourceBrokeError

    with pytest.raises(SourceBrokeError):
        destination.commit(Commit("broken", "r", "api.rows", new, 1, None, NOW, broken))
    assert texts(destination, new) == wanted != []
    assert held(destination) == [{"id": 1}]


REFUSED = {
    "drop": rows_of(id=int, code=str),
    "narrow": rows_of(id=int, code=str, n=Annotated[Decimal, Field(max_digits=5, decimal_places=0)]),
    "retype": rows_of(id=int, code=int, n=int),
    "drop,retype": rows_of(id=int, code=int),
}
OLD = rows_of(id=int, code=str, n=int)


@pytest.mark.parametrize("allow", REFUSED)
def test_what_needs_a_person_is_refused_by_prepare_and_by_commit_and_nothing_lands(
    destination: Destination, allow: str
) -> None:
    before = [{"id": 1, "code": "7", "n": 70_000}]
    land(destination, OLD, before)
    table = REFUSED[allow]
    for attempt in (lambda: destination.prepare(table), lambda: land(destination, table, [])):
        with pytest.raises(SchemaChangeError, match="rows does not fit Row: ") as caught:
            attempt()
        assert sorted(caught.value.allow) == sorted(allow.split(","))
    assert held(destination) == before


def test_apply_makes_a_new_table_and_keeps_the_old_one(retyping: Destination) -> None:
    before = [{"id": 1, "code": "7", "n": 70_000}, {"id": 2, "code": "-8", "n": 0}]
    land(retyping, OLD, before)
    table = REFUSED["drop,retype"]
    *done, kept = retyping.apply(table, retyping.differences(table))
    assert done == ["retype code: string to int", "drop n: int"]
    name = re.fullmatch(r"the table as it was is kept as (rows__before_\d{8}T\d{6}Z)", kept)
    assert name is not None
    assert held(retyping) == [{"id": 1, "code": 7}, {"id": 2, "code": -8}]
    assert held(retyping, name[1]) == before
    assert retyping.differences(table) == []
    land(retyping, table, [{"id": 3, "code": 9}])
    assert len(held(retyping)) == 3


def test_two_changes_in_the_same_second_keep_two_tables(retyping: Destination) -> None:
    land(retyping, OLD, [{"id": 1, "code": "7", "n": 1}])
    there, back = rows_of(id=int, code=int, n=int), OLD
    kept = {retyping.apply(table, retyping.differences(table))[-1] for table in (there, back, there)}
    assert len(kept) == 3
    assert held(retyping) == [{"id": 1, "code": 7, "n": 1}]


def test_own_columns_survive_a_new_table(retyping: Destination) -> None:
    windows = Table("rows", OLD.model, write="replace_windows")
    land(retyping, windows, [{"id": 1, "code": "7", "n": 1}])
    table = rows_of(id=int, code=int, n=int)
    retyping.apply(table, retyping.differences(table))
    land(retyping, table, [{"id": 2, "code": 8, "n": 2}])
    names, rows = retyping.sample("rows", 10)
    own = [dict(zip(names, row, strict=True)) for row in sorted(rows)]
    assert [row["_tidegate_run"] for row in own] == ["run", "run"]
    assert [row["_tidegate_window"] for row in own] == [date(2026, 1, 1), None]
    assert all(row["_tidegate_loaded_at"] for row in own)


def test_apply_of_other_changes_than_there_are_does_nothing(destination: Destination) -> None:
    land(destination, OLD, [{"id": 1, "code": "7", "n": 1}])
    changes = destination.differences(REFUSED["drop"])
    with pytest.raises(DestinationError, match="are other ones"):
        destination.apply(REFUSED["retype"], changes)
    assert destination.differences(OLD) == []


INSTANT = datetime(2026, 1, 1, 10, tzinfo=UTC)


# What a column was, a value of it, what it becomes, and the value then.
KEPT: list[tuple[Any, Any, Any, Any]] = [
    (int, -5, str, "-5"),
    (str, "-5", int, -5),
    (str, "1.50", Money, Decimal("1.50")),
    (str, "2", Money, Decimal(2)),
    (str, "2026-01-01T10:00:00Z", AwareDatetime, INSTANT),
    (str, "2026-01-31", date, date(2026, 1, 31)),
    (str, "False", bool, False),
    (str, "1e3", float, 1000.0),
    (Money, Decimal(3), int, 3),
    (float, 2.5, Money, Decimal("2.50")),
    (int, 2**53, float, 2.0**53),
    (str, "a", Any, '"a"'),
    (Any, "a", str, "a"),
    (Any, 5, int, 5),
    (int, 1, list[int], [1]),
    (list[int], [1, 2], list[str], ["1", "2"]),
    (list[str], ["1"], list[int], [1]),
    (list[int], [1, 2], Any, "[1,2]"),
    (Place, {"zip": "1"}, Any, '{"zip":"1"}'),
    (Place, {"zip": "1"}, list[BetterPlace], [{"zip": "1", "lat": None, "tags": []}]),
]
LOST: list[tuple[Any, Any, Any]] = [
    (str, "1.7", int),
    (str, "one", int),
    (str, "1.239", Money),
    (str, "2026-01-01T10:00:00", AwareDatetime),
    (str, "2026-01-01T10:00:00Z", date),
    (str, "31/01/2026", date),
    (str, "yes please", bool),
    (int, 2**53 + 1, float),
    (int, 2, bool),
    (float, 1.5, int),
    (float, 1.239, Money),
    (float, float("nan"), Money),
    (Money, Decimal("1.50"), int),
    (Money, Decimal("1.55"), Annotated[Decimal, Field(max_digits=21, decimal_places=1)]),
    (int, 100, Annotated[Decimal, Field(max_digits=2, decimal_places=0)]),
    (AwareDatetime, INSTANT, date),
    (Any, {"a": 1}, str),
    (Any, "x", int),
    (list[str], ["1", "x"], list[int]),
    (list[int], [1], int),
    (str, "x", Place),
    (list[Place], [{"zip": "1"}], Place),
    (BetterPlace, {"zip": "1", "tags": ["x"]}, list[Place]),
    (Place, {"zip": "F-1"}, list[NumberedPlace]),
]


def test_a_retype_takes_every_value_along(retyping: Destination) -> None:
    names = [f"c{number:02}" for number in range(len(KEPT))]
    was = dict(zip(names, (each[0] for each in KEPT), strict=True))
    land(retyping, rows_of(**was), [dict(zip(names, (each[1] for each in KEPT), strict=True))])
    table = rows_of(**dict(zip(names, (each[2] for each in KEPT), strict=True)))
    retyping.apply(table, retyping.differences(table))
    assert held(retyping) == [dict(zip(names, (each[3] for each in KEPT), strict=True))]
    assert retyping.differences(table) == []


def test_a_value_that_would_be_lost_refuses_the_whole_change(retyping: Destination) -> None:
    names = [f"c{number:02}" for number in range(len(LOST))]
    was = rows_of(**dict(zip(names, (each[0] for each in LOST), strict=True)), old=int)
    row = dict(zip(names, (each[1] for each in LOST), strict=True))
    land(retyping, was, [{**row, "old": 1}])
    before = repr(retyping.sample("rows", 10))
    table = rows_of(**dict(zip(names, (each[2] for each in LOST), strict=True)))
    changes = retyping.differences(table)
    with pytest.raises(DestinationError, match="rows cannot be changed: ") as caught:
        retyping.apply(table, changes)
    assert re.findall(r" (c\d\d): [^:]*: 1 row has a value that would be lost", str(caught.value)) == names
    assert repr(retyping.sample("rows", 10)) == before
    assert retyping.differences(table) == changes


def test_an_empty_table_takes_every_retype(retyping: Destination) -> None:
    names = [f"c{number:02}" for number in range(len(LOST))]
    land(retyping, rows_of(**dict(zip(names, (each[0] for each in LOST), strict=True))), [])
    table = rows_of(**dict(zip(names, (each[2] for each in LOST), strict=True)))
    retyping.apply(table, retyping.differences(table))
    assert retyping.differences(table) == []


@pytest.mark.parametrize("name", [name for name in DESTINATIONS if "retype" in CANNOT.get(name, {})])
def test_one_that_cannot_retype_says_so_and_changes_nothing(name: str, tmp_path: Path) -> None:
    destination, table = DESTINATIONS[name](tmp_path), REFUSED["retype"]
    land(destination, OLD, [{"id": 1, "code": "7", "n": 1}])
    with pytest.raises(DestinationError, match=f"{CANNOT[name]['retype']}: retype code: string to int"):
        destination.apply(table, destination.differences(table))
    assert held(destination) == [{"id": 1, "code": "7", "n": 1}]
    without = REFUSED["drop"]
    destination.apply(without, destination.differences(without))
    assert held(destination) == [{"id": 1, "code": "7"}]
