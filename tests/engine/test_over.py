"""How a task says that its work splits: what is refused where it is declared, ids, and what is told of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.branches import (
    ACCOUNTS,
    DAILY,
    LINES,
    ORDERS,
    ApiRow,
    Branches,
    CleanLine,
    CleanOrder,
    Connector,
    daily,
    lines,
    orders,
    to_line,
    to_order,
)
from tests.engine.shop import as_any
from tidegate.contracts.base import WriteContract
from tidegate.contracts.personal import Personal
from tidegate.contracts.table import Table
from tidegate.contracts.windows import Window, Windows
from tidegate.destinations.base import CursorRow
from tidegate.engine.exceptions import SlicesError
from tidegate.engine.over import Each, From, Value, in_words, restored, slice_id, stored
from tidegate.engine.plan import Plan, Range, TaskPlan, plan_task
from tidegate.engine.tasks import Task, task
from tidegate.engine.workflows import Workflow
from tidegate.http_tools.clients import Call
from tidegate.utils.errors import ExitCode, UsageError

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
VALUES = st.one_of(st.text(), st.integers(), st.dates())
ACCOUNT = (Each("account", ["x"]),)


def over_list(values: Any) -> Task[Any, Any, Any]:
    @task(transform=to_order, into=ORDERS, over=Each("account", values))
    def rows(api: Connector, account: str) -> Call[ApiRow]:
        return api.get_orders(account)

    return rows


@given(st.lists(VALUES, unique_by=lambda value: (type(value), value), min_size=2, max_size=2))
def test_two_values_never_have_one_id_and_ids_are_file_names_anywhere(values: list[Value]) -> None:
    ids = {slice_id(None, ACCOUNT, [value]) for value in values}
    assert len({each.lower() for each in ids}) == 2
    assert all(re.fullmatch(r"[A-Za-z0-9-]{20,50}", each) for each in ids)


def test_an_id_begins_with_what_a_person_may_read() -> None:
    made = slice_id(date(2026, 3, 6), ACCOUNT, ["North/Sea & more"])
    assert re.fullmatch(r"2026-03-06\.North-Sea-more-[0-9a-f]{20}", made)


@given(st.lists(VALUES))
def test_values_come_back_from_the_plan_as_they_were(values: list[Value]) -> None:
    again = restored(stored(values))
    assert again == tuple(values)
    assert [type(value) for value in again] == [type(value) for value in values]


@pytest.mark.parametrize(
    ("values", "error", "told"),
    [
        (["a", "b", "a"], ValueError, "'a' more than once"),
        ([], ValueError, "no values"),
        ("abc", TypeError, "is a str"),
        ([1.5], TypeError, "holds a float"),
        ([True], TypeError, "holds a bool"),
        ([NOW], TypeError, "holds a datetime"),
    ],
)
def test_a_list_that_cannot_be_slices_is_refused(values: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        Each("account", values)


class Weighed(WriteContract):
    weight: float
    tags: list[str]


def test_a_column_that_cannot_be_slices_is_refused() -> None:
    def to_weighed(row: ApiRow) -> Weighed:
        return Weighed(weight=row.id, tags=[])

    @task(transform=to_weighed, into=Table("weighed", Weighed))
    def weighed(api: Connector) -> Call[ApiRow]:
        return api.get_orders("x")

    for column, told in (("weight", "holds float"), ("tags", "holds a list"), ("no", "writes no column")):
        with pytest.raises(ValueError, match=told):
            From(weighed, column)


def test_the_function_takes_what_is_declared_in_its_order() -> None:
    takes = task(transform=to_order, into=ORDERS, over=(Each("account", ACCOUNTS), From(orders, "order_id")))
    with pytest.raises(TypeError, match="takes 2 arguments; as declared it takes the connector, account and"):
        takes(lambda api, account: api.get_orders(account))

    def swapped(api: Connector, order: int, account: str) -> Call[ApiRow]:
        raise AssertionError

    with pytest.raises(TypeError, match="takes order as int, the values of account are str"):
        takes(swapped)


def test_rows_of_a_part_of_the_parents_replace_no_table() -> None:
    for write in ("replace", "replace_windows"):
        windows = DAILY if write == "replace_windows" else None
        with pytest.raises(ValueError, match="daily has asked for in one run"):
            task(
                transform=to_line,
                into=Table("t", CleanLine, write=write),
                windows=windows,
                over=From(daily, "order_id"),
            )


def test_a_parent_is_in_the_workflow_and_in_the_run(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="lines is split over the rows of orders, which is not among"):
        Workflow("branches", Branches(tmp_path), (lines,))
    with pytest.raises(UsageError, match=r"branches\.lines is split over the rows that orders has") as caught:
        Branches(tmp_path).runner(tasks=("lines",)).run()
    assert "tidegate run branches orders lines" in (caught.value.hint or "")


def test_a_list_may_be_made_when_the_run_is_planned_and_its_duplicates_are_told() -> None:
    made = over_list(lambda api: [api, "b", api])
    plan = plan_task(made, CursorRow(), Range(), NOW, "a")
    assert [each.values for each in plan.slices] == [("a",), ("b",)]
    assert plan.warnings == ("the list 'account' has 'a' more than once: asked for once",)


@pytest.mark.parametrize(
    ("make", "told"),
    [(lambda _: [], "is empty"), (lambda _: 1 / 0, "ZeroDivisionError"), (lambda _: [None], "NoneType")],
)
def test_a_list_that_cannot_be_made_says_so(make: Callable[[Any], Any], told: str) -> None:
    with pytest.raises(SlicesError, match=f"the list 'account' .*{told}"):
        plan_task(over_list(make), CursorRow(), Range(), NOW)


def test_windows_come_first_then_the_values_and_a_backfill_is_that_for_its_days() -> None:
    plan = plan_task(daily, CursorRow(), Range(date(2026, 3, 7), date(2026, 3, 8)), NOW)
    days = [date(2026, 3, 7)] * 5 + [date(2026, 3, 8)] * 5
    assert [(each.cell, each.values[0]) for each in plan.slices] == list(zip(days, ACCOUNTS * 2, strict=True))
    assert plan.cells == (date(2026, 3, 7), date(2026, 3, 8))


def test_windows_of_nights_of_an_hour_more_or_less_are_whole_days_for_each_value(tmp_path: Path) -> None:
    @task(
        transform=to_order,
        into=Table("t", CleanOrder, write="replace_windows"),
        windows=Windows(days=1, start=date(2026, 3, 28), zone="Europe/Berlin"),
        over=Each("account", ["a", "b"]),
    )
    def rows(api: Connector, window: Window, account: str) -> Call[ApiRow]:
        return api.get_orders(account, window)

    autumn = datetime(2026, 10, 26, 12, tzinfo=UTC)
    made = plan_task(rows, CursorRow(), Range(), autumn)
    Plan("r", "w", {}, "x.duckdb", autumn, (made,)).save(tmp_path / "plan.json")
    again = Plan.load(tmp_path / "plan.json")
    assert again is not None
    hours = {}
    for each in again.tasks[0].slices:
        assert each.start is not None
        assert each.end is not None
        hours[each.cell, each.values] = (each.end - each.start).total_seconds() / 3600
    assert {key: value for key, value in hours.items() if value != 24} == {
        (date(2026, 3, 29), ("a",)): 23,
        (date(2026, 3, 29), ("b",)): 23,
        (date(2026, 10, 25), ("a",)): 25,
        (date(2026, 10, 25), ("b",)): 25,
    }
    asked = [call.params for call in _calls(rows, again.tasks[0])]
    assert len({(each["first"], each["last"]) for each in asked}) == len(asked) / 2


def _calls(made: Task[Any, Any, Any], plan: TaskPlan) -> list[Call[Any]]:
    api = Branches(Path()).create_connector()
    return [made.call(api, each.window, each.values) for each in plan.slices]


def test_a_plan_that_waits_for_a_parent_keeps_what_is_known(tmp_path: Path) -> None:
    @task(transform=to_line, into=LINES, over=(From(orders, "order_id"), Each("account", ["a", "b"])))
    def both(api: Connector, order: int, account: str) -> Call[ApiRow]:
        raise AssertionError((api, order, account))

    plan = plan_task(both, CursorRow(), Range(), NOW)
    assert plan.freeze(tmp_path / "plan.both.json") == plan
    again = TaskPlan.load(tmp_path / "plan.both.json")
    assert again == plan
    assert plan.waits == ("orders",)
    opened = plan.over(both, ((7, 8), ("a", "b")))
    assert [each.values for each in opened.slices] == [(7, "a"), (7, "b"), (8, "a"), (8, "b")]
    assert in_words(both.over, (7, "a")) == "order_id=7 account=a"
    assert in_words(both.over, (7, "a" * 100)) == f"order_id=7 account={'a' * 57}..."


class CleanPerson(WriteContract):
    person_id: int
    mail: Annotated[str | None, Personal(load="as_is")]


def to_person(row: ApiRow) -> CleanPerson:
    return CleanPerson(person_id=row.id, mail=(None, "ann@example.com", "bob@example.com")[row.id % 3])


@task(transform=to_person, into=Table("people", CleanPerson, write="replace"))
def people(api: Connector) -> Call[ApiRow]:
    return api.get_orders("north")


@task(transform=to_order, into=ORDERS, over=From(people, "mail"))
def of_person(api: Connector, mail: str) -> Call[ApiRow]:
    return api._rows("/orders/south", {"of": mail})


def test_a_null_makes_no_slice_and_a_personal_value_is_in_no_file_name_and_no_message(tmp_path: Path) -> None:
    api = Branches(tmp_path, tasks=(people, as_any(of_person)))
    api.answer = lambda request: httpx2.Response(400) if "bob" in str(request.url) else None
    _, report = api.runner().run().tasks
    assert (report.slices, report.exit_code) == (2, ExitCode.FAILED)
    assert (report.error or "").startswith("branches.of_person mail=*** page 0: ")
    assert "example" not in (report.error or "")
    named = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")]
    assert any("of_person" in each for each in named)
    assert not any(person in each for each in named for person in ("ann", "bob", "example"))
