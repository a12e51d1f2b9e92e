"""Instants that Arrow reads from text are those that Pydantic does; all others are left to Pydantic. Their
days are made in Arrow where that is what instances make, in the same order.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Annotated, Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    NaiveDatetime,
    TypeAdapter,
    ValidationError,
    create_model,
)

from tests.engine.columnar.both import CONTEXT, Both
from tests.engine.columnar.contracts import Case
from tidegate.contracts.base import ReadContract, WriteContract
from tidegate.contracts.map import AnyMap, Apply, Coalesce, Day, Default, Explode, Map, Required
from tidegate.contracts.personal import Personal
from tidegate.engine.columnar.instants import dates, days, instants, instants_of_texts

READER = TypeAdapter(AwareDatetime)

two = st.integers(0, 61).map("{:02d}".format)
near = st.tuples(
    st.sampled_from(["0000", "0001", "1969", "1970", "2024", "2026", "9999", "999", "10000", "-001"]),
    st.sampled_from(["-", "", "/"]),
    st.integers(0, 13).map("{:02d}".format),
    st.integers(0, 32).map("{:02d}".format),
    st.sampled_from(["T", " ", "t", "", "_"]),
    st.integers(0, 25).map("{:02d}".format),
    st.one_of(
        st.just(""), two.map(":{}".format), st.tuples(two, two).map(lambda each: f":{each[0]}:{each[1]}")
    ),
    st.one_of(
        st.just(""),
        st.text("0123456789", max_size=10).map(".{}".format),
        st.text("0123456789", max_size=7).map(",{}".format),
    ),
    st.one_of(
        st.sampled_from(["Z", "z", "", " Z", "UTC", "+00", "-00:00", "\u22120100", "+24:00", "-23:59", "+1"]),
        st.tuples(st.sampled_from("+-"), two, st.sampled_from([":", ""]), two).map("".join),
    ),
).map(lambda each: f"{each[0]}{each[1]}{each[2]}{each[1]}{each[3]}{''.join(each[4:])}")


@settings(max_examples=1500)
@given(near | st.datetimes(timezones=st.timezones()).map(str) | st.text(max_size=30))
def test_what_both_read_is_one_instant(text: str) -> None:
    try:
        read = READER.validate_python(text)
    except ValidationError:
        return  # Arrow is not asked
    found = instants_of_texts([text, None])
    if found is not None:
        assert found.equals(instants([read, None]))


@pytest.mark.parametrize(
    "text", ["2026-01-31T00:00:07.869+01:00", "2026-01-31T00:00:07Z", "2026-01-31 00:00:07.123456-1130"]
)
def test_what_apis_write_is_read_by_arrow(text: str) -> None:
    assert instants_of_texts([text]) == instants([READER.validate_python(text)])


@pytest.mark.parametrize(
    "value",
    ["2026-01-31T00:00:07", "1769817607", 1769817607, 1.5, b"x", "2026-01-31T00:00:07.1234567Z", "\ud800"],
)
def test_what_arrow_does_not_read_is_left(value: object) -> None:
    assert instants_of_texts(["2026-01-31T00:00:07Z", value]) is None


@given(st.lists(st.none() | st.datetimes(timezones=st.timezones()), max_size=20))
def test_days_are_those_of_each_instant_in_utc(values: list[datetime | None]) -> None:
    array = instants(values)
    try:
        expected = [None if value is None else value.astimezone(UTC).date() for value in values]
    except OverflowError:  # a day before the year 1 or after 9999
        with pytest.raises(ValueError, match="year"):
            days(array)
        return
    assert dates(days(array)) == expected == pa.array(expected, pa.date32()).to_pylist()


def _of_next_year(value: Any) -> Any:
    return value.replace("2026", "2027") if isinstance(value, str) else value


class Event(ReadContract):
    id: int
    lines: list[int] = Field(default=[])
    at: AwareDatetime | None = None
    shifted: Annotated[AwareDatetime, BeforeValidator(_of_next_year)] | None = None
    any: datetime | None = None
    wall: NaiveDatetime | None = None
    day: date | None = None
    shared: list[int] = Field(default=[])


class Written(WriteContract):
    day: date | None
    emptied: list[int] = Field(default=[])


def both(of: AnyMap[Any, Any, Any]) -> Both:
    return Both.of(Case(Event, of.writes, of, (), {}))


def rows(*texts: str) -> bytes:
    return f'{{"rows": [{", ".join(texts)}]}}'.encode()


def popped(values: list[int]) -> date:
    return date(2026, 1, values.pop())


def first(values: list[int]) -> datetime | None:
    return datetime(2026, 1, values[0], tzinfo=UTC) if values else None


def emptied(values: list[int]) -> list[int]:
    values.clear()
    return values


@pytest.mark.parametrize(
    "fields",
    [
        {"day": Day(Apply(popped, "lines"))},
        {"day": Default(Day(Apply(popped, "lines")), date(2026, 1, 31))},
        {"day": Day(Apply(first, "lines")), "emptied": Apply(emptied, "lines")},
        {"day": Day(Coalesce(Apply(first, "lines"), "at")), "emptied": Apply(emptied, "lines")},
    ],
    ids=repr,
)
def test_a_day_of_a_function_is_made_once_and_in_its_turn(fields: dict[str, Any]) -> None:
    """Nobody should write a function that changes what it is given, and somebody does."""
    made = both(Map(Event, Written, **fields))
    body = rows('{"id": 1, "lines": [3, 4, 5]}', '{"id": 2, "lines": [9, 8]}')
    assert made.hold(body) == (True, None)


def test_a_day_that_is_loaded_as_a_hash_is_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hashed(WriteContract):
        born: Annotated[date | None, Personal("hash")]

    monkeypatch.setenv("TIDEGATE_HASH_KEY", "k" * 32)
    made = both(Map(Event, Hashed, born=Day("at")))
    body = rows('{"id": 1, "at": "2026-01-01T00:00:00Z"}', '{"id": 2}')
    assert made.hold(body) == (True, None)
    assert made.columns is not None
    built = made.columns.by_columns(made.page(body), CONTEXT)
    assert built.batch is not None
    assert [value and len(value) for value in built.batch["born"].to_pylist()] == [64, None]


def test_a_page_without_an_instant_of_the_clock_on_the_wall_is_built_by_columns() -> None:
    class Walls(WriteContract):
        wall: NaiveDatetime | None

    made = both(Map(Event, Walls))
    for body in (rows('{"id": 1}'), rows('{"id": 1, "wall": "2026-01-01T00:00:00"}')):
        assert made.hold(body) == (True, None)


ENDS = [
    datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
    datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-14))),
]


@pytest.mark.parametrize("value", ENDS, ids=str)
def test_what_is_no_day_in_utc_is_an_error(value: datetime) -> None:
    with pytest.raises(ValueError, match="year"):
        days(instants([None, value]))


def written(annotation: Any, source: Any, name: str = "value") -> AnyMap[Any, Any, Any]:
    fields: Any = {name: (annotation, ...)}
    return Map(Event, create_model("Written", __base__=WriteContract, **fields), **{name: source})


def a_day_later(value: date | None) -> date | None:
    return value and value + timedelta(days=1)


AT = '{"id": 1, "at": "2026-01-31T23:30:00-02:00", "shifted": "2026-01-31T23:30:00Z", "lines": [1, 2]}'
LATE = '{"id": 2, "at": "2026-02-27T00:00:00Z", "shifted": "2026-01-31T00:00:00Z", "lines": [3]}'
NULL = '{"id": 3, "shifted": "2026-01-31T00:00:00Z"}'
WALL = '{"id": 4, "at": "2026-02-01T00:00:00Z", "wall": "2026-01-01T00:00:00", "any": "2026-01-01T00:00:00"}'


@pytest.mark.parametrize(
    ("of", "sent", "taken"),
    [
        (written(date, Day(Required("at"))), [AT, LATE], True),
        (written(date, Day(Required("at"))), [AT, NULL], False),
        (written(AwareDatetime, Required("at")), [AT, NULL], False),
        (written(date | None, Day("at")), [AT, NULL], True),
        (written(Annotated[date, Field(lt=date(2026, 2, 2))], Day(Required("at"))), [AT], True),
        (written(Annotated[date, Field(lt=date(2026, 2, 2))], Day(Required("at"))), [AT, LATE], False),
        (written(Annotated[date | None, AfterValidator(a_day_later)], Day("at")), [AT, NULL], True),
        (written(AwareDatetime | None, "shifted"), [AT, LATE], True),
        (written(date | None, Day("shifted")), [AT, LATE], True),
        (written(str | None, Apply(repr, "at")), [AT, NULL], True),
        (written(str | None, Apply(lambda *at: repr(at), "id", "at")), [AT, NULL], True),
        (written(datetime | None, "any"), [WALL], False),
        (written(date | None, Day("any")), [WALL, NULL], True),
        (written(date | None, Day("day")), ['{"id": 1, "day": "2026-01-01"}', NULL], True),
    ],
    ids=repr,
)
def test_instants_and_days_are_those_of_instances(
    of: AnyMap[Any, Any, Any], sent: list[str], taken: bool
) -> None:
    made = both(of)
    assert made.hold(rows(*sent)) == (taken, None)
    assert made.differ(rows(*sent)) is None


def test_each_item_of_a_row_has_the_instants_of_its_row() -> None:
    class Line(WriteContract):
        line: int
        at: AwareDatetime | None
        day: date | None

    made = both(Explode(Event, Line, "lines", line="lines", day=Day("at")))
    assert made.hold(rows(AT, LATE, NULL)) == (True, None)


def test_functions_that_change_what_items_share_are_left_to_instances() -> None:
    """Item by item they change what is made of the items behind."""

    class Line(WriteContract):
        line: int
        shown: str
        emptied: list[int]

    fields = {"line": "lines", "shown": Apply(repr, "shared"), "emptied": Apply(emptied, "shared")}
    made = both(Explode(Event, Line, "lines", **fields))
    body = rows('{"id": 1, "lines": [1, 2], "shared": [3]}')
    assert made.hold(body) == (False, None)
    assert made.differ(body) is None
    made = both(Explode(Event, Line, "lines", **fields | {"emptied": Apply(sorted, "shared")}))
    assert made.hold(body) == (True, None)
