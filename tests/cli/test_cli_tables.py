"""How values and tables are laid out for a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from io import StringIO
from typing import Any

import pytest

from tidegate.app.tables import print_failures, print_report, print_table
from tidegate.app.text import cell, columns_wide, duration, moment, printable
from tidegate.engine.report import RunReport, TaskReport

TEXT = "All email campaigns with their global statistics, which change long after the sending."


def table(*rows: tuple[Any, ...], header: tuple[str, ...] = ("task", "rows", "what"), **how: Any) -> str:
    out = StringIO()
    print_table(header, rows, out, **how)
    return out.getvalue()


def test_numbers_stand_on_the_right_under_their_header() -> None:
    shown = table(("a", "1,234,567", "x"), ("bcd", "5", "y"), right=(1,))
    assert shown == (
        "task       rows  what\n"
        "----  ---------  ----\n"
        "a     1,234,567  x\n"
        "bcd           5  y\n"
    )  # fmt: skip


def test_a_table_without_rows_is_its_header() -> None:
    assert table() == "task  rows  what\n----  ----  ----\n"


def test_a_log_gets_the_last_column_whole() -> None:
    assert TEXT in table(("a", 1, TEXT))


def test_a_terminal_gets_the_last_column_wrapped() -> None:
    lines = table(("a", 1, TEXT), ("b", 2, "short"), width=50).splitlines()
    assert max(map(len, lines)) <= 50
    assert lines[2].startswith("a     1     All email campaigns")
    assert lines[3].startswith(" " * 12)
    assert " ".join(line[12:].strip() for line in lines[2:-1]) == TEXT


def test_a_table_that_no_terminal_of_this_width_holds_becomes_lines() -> None:
    assert table(("a", 1, "x"), ("b", 2, "y"), width=12) == (
        "task  a\nrows  1\nwhat  x\n\ntask  b\nrows  2\nwhat  y\n"
    )


def test_wide_characters_keep_the_columns_aligned() -> None:
    lines = table(("日本語", 1, "x"), ("e\u0301te\u0301", 2, "x")).splitlines()
    assert {columns_wide(line) for line in lines[2:]} == {columns_wide(lines[2])}


def test_a_long_inner_value_is_cut() -> None:
    assert "x" * 41 + "..." in table(("x" * 100, 1, "y"))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        ("a\nb\tc\u2028d", "a b c d"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("caf\xe9 \u20ac", "caf\xe9 \u20ac"),
        (datetime(2026, 1, 31, 9, 30, tzinfo=UTC), "2026-01-31 09:30:00Z"),
        (
            datetime(2026, 1, 31, 9, 30, 0, 120_000, timezone(timedelta(hours=2))),
            "2026-01-31 07:30:00.120000Z",
        ),
        (10**30, "1" + "0" * 30),
    ],
)
def test_a_value_is_shown_on_one_line_without_control_characters(value: object, shown: str) -> None:
    assert cell(value, 100) == shown


def test_a_naive_instant_is_not_given_a_zone() -> None:
    assert moment(datetime(2026, 1, 31)) == "2026-01-31 00:00:00"


def test_no_surrogate_survives() -> None:
    assert printable("\ud800x").encode() == rb"\ud800x"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0.0 s"),
        (-1, "0.0 s"),
        (1.26, "1.3 s"),
        (99.9, "99.9 s"),
        (99.96, "1 min 40 s"),
        (3599.6, "1 h 00 min"),
        (7325, "2 h 02 min"),
        (4e6, "1,111 h 06 min"),
    ],
)
def test_a_duration_is_shown_in_what_a_person_counts_in(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def report(*tasks: TaskReport) -> RunReport:
    return RunReport("run-1", "brevo", "x.duckdb", datetime(2026, 1, 1, tzinfo=UTC), 4000.0, list(tasks))


def loaded(name: str, rows: int) -> TaskReport:
    return TaskReport(name, name, "loaded", 0, rows_fetched=rows, rows_loaded=rows - 2, rows_dropped=2)


def failed(name: str, error: str, hint: str) -> TaskReport:
    return TaskReport(name, name, "failed", 30, error=error, hint=hint, rows_fetched=7)


def test_the_sum_is_that_of_what_loaded() -> None:
    out = StringIO()
    print_report(report(loaded("a", 1_000_000), loaded("b", 234), failed("c", "no", "do")), out)
    assert (
        "1,000,234 fetched + 0 added = 1,000,230 loaded + 0 superseded + 4 dropped + 0 quarantined\n"
        "run run-1 into x.duckdb, 1 h 06 min\n"
    ) in out.getvalue()


def test_nothing_loaded_has_no_sum() -> None:
    out = StringIO()
    print_report(report(failed("c", "no", "do")), out)
    assert "fetched +" not in out.getvalue()


def test_a_hint_that_several_failures_share_is_given_once() -> None:
    out = StringIO()
    tasks = (
        failed("a", "a broke", "Mend it."),
        failed("b", "b broke", "Mend it."),
        failed("c", "c broke", "Wait."),
    )
    print_failures(report(*tasks), out)
    assert out.getvalue() == "error: a broke\nerror: b broke\n  Mend it.\nerror: c broke\n  Wait.\n"


def test_rows_that_were_deleted_have_a_column_where_there_are_any_and_no_part_in_the_sum() -> None:
    out = StringIO()
    print_report(report(replace(loaded("a", 5), rows_deleted=1234), loaded("b", 2)), out)
    header, _, first, second, total, *_ = out.getvalue().splitlines()
    place = header.split().index("deleted")
    assert (first.split()[place], second.split()[place]) == ("1,234", "0")
    assert total == "7 fetched + 0 added = 3 loaded + 0 superseded + 4 dropped + 0 quarantined"
    none = StringIO()
    print_report(report(loaded("a", 5)), none)
    assert "deleted" not in none.getvalue()


def test_what_a_destination_bills_is_told_where_it_bills_anything() -> None:
    out = StringIO()
    print_report(
        report(replace(loaded("a", 5), bytes_billed=1_500_000_000, slot_ms=35_040), loaded("b", 2)), out
    )
    assert "\nbilled: 1.5 GB, 35.0 s of a slot (a 1.5 GB)\n" in out.getvalue()
    none = StringIO()
    print_report(report(loaded("a", 5)), none)
    assert "billed" not in none.getvalue()
