"""What a view may be declared as: SQL that DuckDB and BigQuery read alike, over tables that are known."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import AwareDatetime, create_model

from tidegate.contracts.base import WriteContract
from tidegate.contracts.table import Table
from tidegate.contracts.view import View
from tidegate.contracts.view_sql import Dialect


class CleanOrder(WriteContract):
    order_id: int
    order: str
    day: date
    made_at: AwareDatetime


class CleanLine(WriteContract):
    order_id: int
    amount: float


class CleanStatus(WriteContract):
    made_at: str


class Count(WriteContract):
    """Orders of each day."""

    day: date
    orders: int


ORDERS, LINES = Table("orders", CleanOrder), Table("lines", CleanLine)
DIALECT = Dialect(
    table=lambda name: f"<{name}>",
    column=lambda name: f"[{name}]",
    day=lambda instant: f"day_of({instant})",
    month=lambda day: f"month_of({day})",
)


def view(sql: str, *over: Table[Any]) -> View:
    return View("orders_daily", Count, over=over or (ORDERS,), sql=sql)


def counting(expression: str) -> str:
    return f"SELECT day, {expression} AS orders FROM {{orders}} GROUP BY day"


@pytest.mark.parametrize(
    "expression",
    [
        "count(*)",
        "count(DISTINCT order_id)",
        "sum(CASE WHEN {orders.order} = 'a {b} -- c' THEN 1 ELSE 0 END)",
        "CAST(sum(order_id) / nullif(count(*), 0) AS INT64)",
        "count(*) - 1 + 2.5 * 3",
        "count(*) + (SELECT count(*) FROM ({orders} AS a CROSS JOIN ((SELECT 1 AS b FROM {orders})) AS c))",
        "count(*) + (SELECT max(b) FROM (SELECT 1 AS a, 2 AS b FROM {orders}) AS c GROUP BY a, b)",
        "count(*) + (SELECT 1 FROM {orders} AS a JOIN {orders} AS b ON mod(a.order_id, 2) = b.order_id)",
    ],
)
def test_what_both_read_alike_can_be_declared(expression: str) -> None:
    assert expression in view(counting(expression)).sql


def test_places_in_braces_are_spelled_by_the_destination_and_text_is_left_alone() -> None:
    made = view(
        """
        SELECT {day(o.made_at)} AS day, count(*) AS orders
        FROM {orders} AS o WHERE {orders.order} <> '{orders}' AND {month(made_at)} > {month(day)}
        GROUP BY {day(o.made_at)}
        """
    )
    assert made.select(DIALECT).splitlines() == [
        "SELECT day_of(o.[made_at]) AS day, count(*) AS orders",
        "FROM <orders> AS o WHERE [order] <> '{orders}' AND month_of(day_of([made_at])) > month_of([day])",
        "GROUP BY day_of(o.[made_at])",
    ]


def test_several_tables_and_queries_with_a_name_can_be_joined() -> None:
    made = view(
        """
        WITH dear AS (SELECT order_id FROM {lines} WHERE amount > 100), other AS (SELECT order_id FROM dear)
        SELECT day, count(*) AS orders FROM {orders} AS o
        JOIN other ON other.order_id = o.order_id
        WHERE day IS DISTINCT FROM NULL GROUP BY day
        """,
        ORDERS,
        LINES,
    )
    assert made.over == (ORDERS, LINES)


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("DELETE FROM {orders}", "begin with SELECT"),
        ("", "begin with SELECT"),
        ("SELECT 1 AS orders FROM {lines}", "lines is not in over=\\(orders\\)"),
        ("SELECT 1 AS orders", "orders is in over"),
        ("SELECT {orders.total} FROM {orders}", "no such column \\(order_id, order, day, made_at\\)"),
        ("SELECT {day(day)} FROM {orders}", "day is no instant of orders"),
        ("SELECT {month(order_id)} FROM {orders}", "order_id is neither an instant nor a date of orders"),
        ("SELECT {week(made_at)} FROM {orders}", "\\{week\\(made_at\\)\\}: write"),
        ("SELECT 1 FROM {orders} JOIN others ON true", "JOIN others: name tables in braces"),
        ("SELECT 1 FROM orders", "orders is in over"),
        ("SELECT 1 FROM ((others CROSS JOIN {orders}))", "FROM others: name tables in braces"),
        ("SELECT ', others AS (' FROM {orders} JOIN others ON true", "JOIN others: name tables in braces"),
        ("SELECT 1 FROM {orders} AS a, others", "a comma between tables: write JOIN"),
        ("WITH a AS (SELECT 1 AS b FROM {orders}, others) SELECT b FROM a", "a comma between tables"),
        ("SELECT 1 FROM {orders}; SELECT 2", "; SELECT 2.*alike"),
        ('SELECT "day" FROM {orders}', "alike"),
        ("SELECT `day` FROM {orders}", "alike"),
        ("SELECT day::text FROM {orders}", "alike"),
        ("SELECT 'it''s' FROM {orders}", "a quote inside of text"),
        ("SELECT 'a\\n' FROM {orders}", "alike"),
        ("SELECT 1 -- one\nFROM {orders}", "alike"),
        ("SELECT 7 % 2 FROM {orders}", "alike"),
        ("SELECT current_date FROM {orders}", "current_date: DuckDB and BigQuery do not"),
        (
            "SELECT CAST(nullif(1, (2)) AS VARCHAR) FROM {orders}",
            "as VARCHAR: both know bool, date, int64, str",
        ),
        ("SELECT TIMESTAMP '2026-01-01' FROM {orders}", "TIMESTAMP '2026-01-01'"),
        ("SELECT r'a' FROM {orders}", "r 'a'"),
        ("SELECT 1 /* ' */ , others /* ' */ FROM {orders}", "alike"),
        ("SELECT 7 // 2 FROM {orders}", "// 2.*alike"),
        ("SELECT {orders.order} -> 'a' FROM {orders}", "-> 'a'.*alike"),
        ("SELECT 1_000 FROM {orders}", "1_000.*alike"),
        ("SELECT 1 FROM {orders}) AS a CROSS JOIN (SELECT 2 FROM {orders}", "as many parentheses"),
        ("SELECT (1 FROM {orders}", "as many parentheses"),
        ("SELECT 1 FROM {orders} UNION SELECT 2 FROM {orders}", "UNION: write all or distinct"),
        ("SELECT 1 FROM {orders} EXCEPT ALL SELECT 2 FROM {orders}", "EXCEPT: write distinct"),
        ("SELECT DISTINCT ON (day) day FROM {orders}", "DISTINCT ON"),
        ("SELECT 1 FROM {orders} SEMI JOIN {orders} AS o ON true", "SEMI"),
        (counting("count(*) FILTER (WHERE day IS NULL)"), "FILTER"),
        (counting("countif(day IS NULL)"), "countif\\(...\\): known are abs"),
        (counting("greatest(1, NULL)"), "greatest"),
        (counting("date_trunc('month', day)"), "date_trunc"),
    ],
)
def test_what_they_read_differently_is_refused_when_it_is_declared(sql: str, told: str) -> None:
    with pytest.raises(ValueError, match=f"(?s)^view orders_daily: .*{told}"):
        view(sql)


@pytest.mark.parametrize(
    "expression",
    [
        "CAST(made_at AS DATE)",
        "CAST(coalesce(max(o.Made_At), min({orders.made_at})) AS STRING)",
        "made_at >= '2026-01-01'",
        "(o.made_at) > {day(o.made_at)}",
        "DATE '2026-01-01' <= o.made_at",
        "made_at NOT BETWEEN '2026-01-01' AND '2026-02-01'",
        "made_at BETWEEN o.made_at AND '2026-02-01'",
        "made_at IN ('2026-01-01')",
        "made_at = DATE '2026-01-01'",
        "made_at || '' = ''",
        "max(made_at) < '2026-01-01'",
        "coalesce(made_at, '2026-01-01') IS NULL",
    ],
)
def test_an_instant_becomes_a_day_by_its_place_in_braces_alone(expression: str) -> None:
    with pytest.raises(ValueError, match=r"(?i)made_at.* alike: write \{day\(made_at\)\}"):
        view(f"SELECT day, count(*) AS orders FROM {{orders}} AS o GROUP BY day HAVING {expression}")


def test_an_instant_of_another_name_is_one() -> None:
    sql = """
        WITH a AS (SELECT max(made_at) AS b, day FROM {orders} GROUP BY day),
        c AS (SELECT b AS d, day FROM a)
        SELECT day, 1 AS orders FROM c WHERE d > """
    with pytest.raises(ValueError, match="d beside a text or a day"):
        view(sql + "'2026-01-01'")
    assert view(sql + "(SELECT min(made_at) FROM {orders})").over == (ORDERS,)


def test_an_instant_of_the_name_of_a_date_does_not_make_an_instant_of_it() -> None:
    sql = "WITH a AS (SELECT max(made_at) AS day FROM {orders}) SELECT day, 1 AS orders FROM {orders}"
    assert view(f"{sql} WHERE day > DATE '2026-01-01'").over == (ORDERS,)


@pytest.mark.parametrize(
    "expression",
    [
        "made_at >= (SELECT max(made_at) FROM {orders} WHERE {orders.order} = 'a')",
        "{day(made_at)} >= DATE '2026-01-01' AND day IN ('2026-01-01') AND made_at < o.made_at",
        "CASE WHEN made_at IS NULL THEN 'a' ELSE 'b' END = 'a'",
        "CAST(count(made_at) AS STRING) = '1' AND lower({orders.order}) = 'x'",
        "(SELECT max({orders.order}) FROM {orders} WHERE made_at IS NULL) = 'a'",
    ],
)
def test_instants_are_compared_with_instants_and_days_with_days(expression: str) -> None:
    sql = f"SELECT day, count(*) AS orders FROM {{orders}} AS o GROUP BY day HAVING {expression}"
    assert view(sql).sql == sql


def test_a_name_that_is_an_instant_in_one_table_alone_is_not_told_to_be_one() -> None:
    statuses = Table("statuses", CleanStatus)
    joined = "SELECT o.day, 1 AS orders FROM {orders} AS o JOIN {statuses} AS s ON "
    assert view(f"{joined}s.made_at = '2026'", ORDERS, statuses).over == (ORDERS, statuses)
    with pytest.raises(ValueError, match="made_at is no instant of orders or statuses"):
        view(f"{joined}{{day(made_at)}} = o.day", ORDERS, statuses)


@pytest.mark.parametrize("name", ["", "1st", "a b", "_tidegate_orders", 'x"; DROP TABLE y'])
def test_a_name_that_no_table_could_have_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="view name"):
        View(name, Count, over=(ORDERS,), sql=counting("count(*)"))


@pytest.mark.parametrize("word", ["rows", "Hash", "current", "order"])
def test_a_word_of_sql_is_no_name(word: str) -> None:
    """Neither of a column, nor of what stands between; one of the table is written in braces."""
    fields: dict[str, Any] = {word: (int, ...)}
    with pytest.raises(ValueError, match=f"column {word} is a word of SQL"):
        View("v", create_model("Named", **fields), over=(ORDERS,), sql=counting("count(*)"))
    with pytest.raises(ValueError, match=f"AS {word}: a word of SQL is no name"):
        view(f"SELECT day, count(*) AS {word} FROM {{orders}} GROUP BY day")


def test_columns_are_plain_ones() -> None:
    class Lists(WriteContract):
        days: list[date]

    with pytest.raises(ValueError, match="column days is a list"):
        View("v", Lists, over=(ORDERS,), sql="SELECT day AS days FROM {orders}")


def test_the_description_is_that_of_the_contract() -> None:
    assert view(counting("count(*)")).description == "Orders of each day."
