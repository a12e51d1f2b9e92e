"""Views, at every destination that holds them: made, known again, replaced, and never taken from others."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import duckdb
import pytest
from pydantic import AwareDatetime, Field, create_model

from tests.destinations.bigquery_fake import Answer, Asked, FakeBigQuery
from tests.destinations.suite import ALL, APPEND, CANNOT, DESTINATIONS, commit, row
from tests.standins import Google
from tidegate.contracts.base import WriteContract
from tidegate.contracts.table import Table
from tidegate.contracts.view import View
from tidegate.contracts.view_sql import FUNCTIONS
from tidegate.destinations.base import Destination
from tidegate.destinations.bigquery import BigQueryDestination
from tidegate.destinations.bigquery_views import definition, spelled
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.destinations.exceptions import DestinationBusyError, DestinationError
from tidegate.destinations.views import ForeignViewError, HoldsViews, ViewState

TRICKY = 'UTC day of the row: "quoted", it\'s \\ so \N{PARTY POPPER}'


class PerDay(WriteContract):
    """Rows of each day, and it's "all" of them."""

    day: date | None = Field(description=TRICKY)
    month: date | None
    n: int
    share: float | None


class JustDays(WriteContract):
    day: date | None


SQL = """
    SELECT count(*) AS n, {day(r.at)} AS day, {month(at)} AS month, count(DISTINCT text) / 4 AS share
    FROM {rows} AS r GROUP BY {day(r.at)}, {month(at)}
"""
DAILY = View("rows_daily", PerDay, over=(APPEND,), sql=SQL)
OTHER = View("rows_daily", JustDays, over=(APPEND,), sql="SELECT DISTINCT {day(at)} AS day FROM {rows}")
BROKEN = View("rows_daily", PerDay, over=(APPEND,), sql=SQL.replace("text", "nothing"))
ROWS = [row(1, "a", 1), row(2, "a", 1), row(3, "b", 2), row(4, "no day")]


def standing(to: Destination, view: View) -> str:
    assert isinstance(to, HoldsViews)
    (state,) = to.view_states([view])
    return state.standing


def put(to: Destination, view: View) -> None:
    assert isinstance(to, HoldsViews)
    to.put_view(view)


def look(to: Destination, sql: str) -> list[tuple[Any, ...]]:
    """What a query gives whose table is called {rows_daily}; DuckDB's session is far from UTC."""
    if isinstance(to, BigQueryDestination):
        with to._session() as session:
            return [tuple(each) for each in session.rows(sql.format(rows_daily=session.path("rows_daily")))]
    assert isinstance(to, DuckDBDestination)
    with duckdb.connect(str(to.path)) as connection:
        connection.execute("SET TimeZone = 'Pacific/Honolulu'")
        return connection.execute(sql.format(rows_daily='"rows_daily"')).fetchall()


def test_a_view_is_made_when_its_table_is_there_and_is_the_same_from_then_on(viewing: Destination) -> None:
    assert standing(viewing, DAILY) == "waits"
    with pytest.raises(DestinationError, match="view rows_daily waits for table rows"):
        put(viewing, DAILY)
    commit(viewing, APPEND, ROWS)
    assert standing(viewing, DAILY) == "missing"
    put(viewing, DAILY)
    assert standing(viewing, DAILY) == "same"
    found = look(viewing, "SELECT day, month, n, share FROM {rows_daily} ORDER BY n DESC, share, day")
    first, rest = found[0], set(found[1:])
    assert first == (date(2026, 1, 1), date(2026, 1, 1), 2, 0.25)
    assert rest == {(date(2026, 1, 2), date(2026, 1, 1), 1, 0.25), (None, None, 1, 0.25)}


def test_columns_have_the_types_and_the_order_of_the_contract(viewing: Destination) -> None:
    commit(viewing, APPEND, ROWS)
    put(viewing, DAILY)
    if isinstance(viewing, BigQueryDestination):
        with viewing._session() as session:
            found = session.client.get_table(session.id_of("rows_daily"))
        told: Any = [(each.name, each.field_type) for each in found.schema]
        assert told == [("day", "DATE"), ("month", "DATE"), ("n", "INTEGER"), ("share", "FLOAT")]
        assert (found.description, found.schema[0].description) == (DAILY.description, TRICKY)
        return
    described = look(viewing, "DESCRIBE {rows_daily}")
    assert [each[:2] for each in described] == [
        ("day", "DATE"), ("month", "DATE"), ("n", "BIGINT"), ("share", "DOUBLE"),
    ]  # fmt: skip
    assert look(viewing, "SELECT comment FROM duckdb_columns() WHERE column_name = 'day'") == [(TRICKY,)]
    ((comment,),) = look(viewing, "SELECT comment FROM duckdb_views() WHERE NOT internal")
    assert comment.startswith(f"{DAILY.description} (tidegate view ")


def test_another_definition_takes_the_place_of_the_one_before(viewing: Destination) -> None:
    commit(viewing, APPEND, ROWS)
    put(viewing, DAILY)
    assert standing(viewing, OTHER) == "other"
    put(viewing, OTHER)
    put(viewing, OTHER)
    assert standing(viewing, OTHER) == "same"
    assert len(look(viewing, "SELECT * FROM {rows_daily}")[0]) == 1


def test_a_view_that_cannot_be_read_is_not_made_and_the_one_before_stays(viewing: Destination) -> None:
    commit(viewing, APPEND, ROWS)
    put(viewing, OTHER)
    with pytest.raises(DestinationError, match=r"view rows_daily cannot be made: .*nothing") as refused:
        put(viewing, BROKEN)
    assert "change the view's sql" in str(refused.value.hint)
    assert standing(viewing, OTHER) == "same"
    assert len(look(viewing, "SELECT * FROM {rows_daily}")) == 3


def test_an_instant_is_no_day_of_its_own_accord(tmp_path: Any) -> None:
    """DuckDB would take the day of whoever asks."""
    to = DuckDBDestination(tmp_path / "w.duckdb")
    commit(to, APPEND, ROWS)
    with pytest.raises(DestinationError, match=r"day is an instant, and date in the .* write \{day\(...\)\}"):
        put(to, View("rows_daily", JustDays, over=(APPEND,), sql="SELECT max({rows.at}) AS day FROM {rows}"))
    text = create_model("Text", text=(str, ...))
    with pytest.raises(DestinationError, match="text is an instant, and string in the contract"):
        put(to, View("rows_daily", text, over=(APPEND,), sql="SELECT max({rows.at}) AS text FROM {rows}"))
    assert standing(to, DAILY) == "missing"


def test_a_fraction_is_rounded_by_who_writes_the_view(tmp_path: Any) -> None:
    """Of a half DuckDB's cast makes the even number, BigQuery's the one away from zero."""
    to = DuckDBDestination(tmp_path / "w.duckdb")
    commit(to, APPEND, ROWS)
    mean = create_model("Mean", mean=(int, ...))
    with pytest.raises(DestinationError, match="column mean is a DOUBLE, and whole in the contract"):
        put(to, View("rows_daily", mean, over=(APPEND,), sql="SELECT avg(id) AS mean FROM {rows}"))
    rounded = "SELECT CAST(round(avg(id)) AS INT64) AS mean FROM {rows}"
    put(to, View("rows_daily", mean, over=(APPEND,), sql=rounded))
    assert look(to, "SELECT mean FROM {rows_daily}") == [(3,)]


def test_a_day_is_no_instant_of_its_own_accord(tmp_path: Any) -> None:
    to = DuckDBDestination(tmp_path / "w.duckdb")
    commit(to, APPEND, ROWS)
    last = create_model("Last", last_at=(AwareDatetime | None, ...))
    with pytest.raises(DestinationError, match="column last_at is a DATE, and an instant in the contract"):
        put(to, View("rows_daily", last, over=(APPEND,), sql="SELECT {day(at)} AS last_at FROM {rows}"))
    put(to, View("rows_daily", last, over=(APPEND,), sql="SELECT max({rows.at}) AS last_at FROM {rows}"))


def test_a_table_of_its_name_is_never_touched(viewing: Destination) -> None:
    taken = View("rows", PerDay, over=(Table("orders", APPEND.model),), sql=SQL.replace("{rows}", "{orders}"))
    commit(viewing, APPEND, ROWS)
    assert standing(viewing, taken) == "foreign"
    with pytest.raises(ForeignViewError, match="view rows is not made"):
        put(viewing, taken)
    assert len(viewing.sample("rows", 9)[1]) == 4


def test_a_view_of_its_name_that_others_made_is_never_touched(viewing: Destination) -> None:
    commit(viewing, APPEND, ROWS)
    look(viewing, "CREATE VIEW {rows_daily} AS SELECT 7 AS mine")
    assert standing(viewing, DAILY) == "foreign"
    with pytest.raises(ForeignViewError, match="view rows_daily is not made"):
        put(viewing, DAILY)
    assert look(viewing, "SELECT mine FROM {rows_daily}") == [(7,)]


@pytest.mark.parametrize("name", ALL)
def test_a_destination_holds_views_or_says_why_not(name: str, request: pytest.FixtureRequest) -> None:
    made: Any = BigQueryDestination("bigquery://project-1/d") if name not in DESTINATIONS else None
    to = made or DESTINATIONS[name](request.getfixturevalue("tmp_path"))
    assert isinstance(to, HoldsViews) is ("views" not in CANNOT.get(name, {}))


def test_a_view_that_somebody_replaced_by_hand_is_theirs(viewing: Destination) -> None:
    commit(viewing, APPEND, ROWS)
    put(viewing, DAILY)
    look(viewing, "CREATE OR REPLACE VIEW {rows_daily} AS SELECT 7 AS mine")
    assert standing(viewing, DAILY) == "foreign"


def test_a_view_that_can_be_read_no_more_is_broken_until_its_table_is_mended(tmp_path: Any) -> None:
    to = DuckDBDestination(tmp_path / "w.duckdb")
    commit(to, APPEND, ROWS)
    put(to, DAILY)
    look(to, "ALTER TABLE rows RENAME text TO words")
    (state,) = to.view_states([DAILY])
    assert (state.standing, "text" in state.about) == ("broken", True)
    look(to, "ALTER TABLE rows RENAME words TO text")
    assert standing(to, DAILY) == "same"


def test_a_column_that_changed_its_type_is_read_by_a_view_made_anew(tmp_path: Any) -> None:
    """What DuckDB says of a view whose columns are others than when it was made."""
    to = DuckDBDestination(tmp_path / "w.duckdb")
    commit(to, APPEND, ROWS)
    put(to, DAILY)
    look(to, "ALTER TABLE rows ALTER text TYPE BLOB")
    assert standing(to, DAILY) == "same"
    assert len(look(to, "SELECT * FROM {rows_daily}")) == 3


def test_an_own_view_does_not_keep_a_table_from_being_changed(tmp_path: Any) -> None:
    to = DuckDBDestination(tmp_path / "w.duckdb")
    commit(to, APPEND, ROWS)
    put(to, DAILY)

    class Less(WriteContract):
        id: int
        text: str | None

    less = Table("rows", Less)
    to.apply(less, to.differences(less))
    assert to.view_states([DAILY])[0].standing == "broken"
    look(to, "CREATE VIEW theirs AS SELECT text FROM rows")
    look(to, "DROP VIEW rows_daily")

    class Least(WriteContract):
        id: int

    least = Table("rows", Least)
    with pytest.raises(DestinationError, match="view theirs could not be read after the change"):
        to.apply(least, to.differences(least))


def standing_fake(kind: str = "VIEW", **labels: str) -> FakeBigQuery:
    """A service where the table stands, and, with labels, a view, or what `kind` says, of the name."""
    fake = FakeBigQuery()
    to = fake.destination()
    to.apply(APPEND, to.differences(APPEND))
    if labels:
        reference = {"projectId": "p1", "datasetId": "d1", "tableId": "rows_daily"}
        fake.tables["rows_daily"] = {"tableReference": reference, "type": kind, "labels": labels}
    fake.asked.clear()
    return fake


def statements(fake: FakeBigQuery) -> list[str]:
    return [each.body["query"] for each in fake.sent("POST", "queries")]


def test_bigquery_makes_a_view_by_one_statement_with_its_label_and_descriptions() -> None:
    fake = standing_fake()
    fake.destination().put_view(DAILY)
    (made,) = statements(fake)
    lines = made.split("\n")
    assert lines[0] == (
        "CREATE VIEW `p1`.`d1`.`rows_daily` "
        '(`day` OPTIONS(description="UTC day of the row: \\"quoted\\", it\'s \\\\ so \N{PARTY POPPER}"), '
        "`month`, `n`, `share`)"
    )
    told = re.escape('OPTIONS(description="Rows of each day, and it\'s \\"all\\" of them.", labels=')
    assert re.fullmatch(told + r'\[\("tidegate_view", "[0-9a-f]{32}"\)\]\)', lines[1])
    assert lines[2:] == [
        (
            "AS SELECT CAST(`day` AS DATE) AS `day`, CAST(`month` AS DATE) AS `month`,"
            " CAST(`n` AS INT64) AS `n`, CAST(`share` AS FLOAT64) AS `share`"
        ),
        "FROM (",
        (
            "SELECT count(*) AS n, DATE(r.`at`, 'UTC') AS day, DATE_TRUNC(DATE(`at`, 'UTC'), MONTH) AS month,"
            " count(DISTINCT text) / 4 AS share"
        ),
        "FROM `p1`.`d1`.`rows` AS r GROUP BY DATE(r.`at`, 'UTC'), DATE_TRUNC(DATE(`at`, 'UTC'), MONTH)",
        ") AS _tidegate_view",
    ]


def test_bigquery_replaces_only_what_has_the_label() -> None:
    ours = standing_fake(tidegate_view="another")
    ours.destination().put_view(DAILY)
    assert [sql.split("`")[0] for sql in statements(ours)] == ["CREATE OR REPLACE VIEW "]
    theirs = standing_fake(team="sales")
    with pytest.raises(ForeignViewError, match="without the label tidegate_view"):
        theirs.destination().put_view(DAILY)
    assert statements(theirs) == []


def test_bigquery_replaces_nothing_but_a_view() -> None:
    fake = standing_fake("MATERIALIZED_VIEW", tidegate_view=label())
    with pytest.raises(ForeignViewError, match="a materialized view of that name"):
        fake.destination().put_view(DAILY)
    assert statements(fake) == []


def label() -> str:
    """What the view is marked with."""
    own = definition(DAILY, spelled(lambda name: f"`p1`.`d1`.`{name}`"))
    return own.partition('"tidegate_view", "')[2].partition('"')[0]


def test_bigquery_leaves_alone_what_another_made_the_same_at_the_same_time() -> None:
    fake, others = standing_fake(), standing_fake(tidegate_view=label())

    def first(asked: Asked) -> Answer | None:
        if asked.path != "queries":
            return None
        fake.tables |= others.tables
        exists = {"code": 409, "message": "Already Exists", "errors": [{"reason": "duplicate"}]}
        return 409, {"error": exists}

    fake.before = first
    fake.destination().put_view(DAILY)
    assert len(statements(fake)) == 1


def test_bigquery_is_asked_by_a_dry_run_whether_a_view_can_be_read() -> None:
    fake = standing_fake(tidegate_view=label())
    assert fake.destination().view_states([DAILY]) == [ViewState("same")]
    (job,) = fake.sent("POST", "jobs")
    assert job.body["configuration"]["dryRun"] is True
    assert statements(fake) == []

    def broken(asked: Asked) -> Answer | None:
        told = [{"reason": "invalidQuery", "message": "Unrecognized name: text"}]
        error = {"code": 400, "message": "Unrecognized name: text", "errors": told}
        return (400, {"error": error}) if asked.path == "jobs" else None

    fake.before = broken
    assert fake.destination().view_states([DAILY]) == [ViewState("broken", "Unrecognized name: text")]

    def gone(asked: Asked) -> Answer | None:
        error = {"code": 404, "message": "Not found: Routine", "errors": [{"reason": "notFound"}]}
        return (404, {"error": error}) if asked.path == "jobs" else None

    fake.before = gone
    (state,) = fake.destination().view_states([DAILY])
    assert state.standing == "broken"


def test_bigquery_looks_again_where_another_was_first_and_not_for_ever() -> None:
    fake = standing_fake()

    def first(asked: Asked) -> Answer | None:
        exists = {"code": 409, "message": "Already Exists", "errors": [{"reason": "duplicate"}]}
        return (409, {"error": exists}) if asked.path == "queries" else None

    fake.before = first
    with pytest.raises(DestinationBusyError, match="rows_daily"):
        fake.destination().put_view(DAILY)
    assert len(statements(fake)) == 3


def test_bigquery_names_the_permission_that_is_missing() -> None:
    fake = standing_fake()

    def forbidden(asked: Asked) -> Answer | None:
        text = "Access Denied: Dataset p1:d1: Permission bigquery.tables.create denied"
        error = {"code": 403, "message": text, "errors": [{"reason": "accessDenied", "message": text}]}
        return (403, {"error": error}) if asked.path == "queries" else None

    fake.before = forbidden
    with pytest.raises(Exception, match=r"bigquery\.tables\.create") as refused:
        fake.destination().put_view(DAILY)
    assert "roles/bigquery.dataEditor" in f"{refused.value} {getattr(refused.value, 'hint', '')}"


@pytest.mark.extended
def test_two_who_make_the_same_view_make_it_once(google: Google) -> None:
    to = BigQueryDestination(google.to, retry_s=5.0)
    commit(to, APPEND, ROWS)
    put(to, DAILY)
    put(BigQueryDestination(google.to, retry_s=5.0), DAILY)
    assert standing(to, DAILY) == "same"


# An expression with each function that is allowed, and the type of what it gives.
EXPRESSIONS: dict[str, tuple[str, Any]] = {
    "abs": ("abs(-max(id))", int),
    "avg": ("avg(id)", float),
    "cast": ("CAST(max(id) AS STRING)", str),
    "ceil": ("ceil(max(id) / 3)", float),
    "coalesce": ("coalesce(max({rows.text}), 'none')", str),
    "count": ("count({rows.text})", int),
    "floor": ("floor(max(id) / 3)", float),
    "length": ("length(max({rows.text}))", int),
    "lower": ("lower(max({rows.text}))", str),
    "max": ("max(id)", int),
    "min": ("min(id)", int),
    "mod": ("mod(-max(id), 3)", int),
    "nullif": ("nullif(max(id), 4)", int),
    "replace": ("replace(max({rows.text}), 'b', 'ç')", str),
    "round": ("round(max(id) / 8 + 2, 0)", float),
    "sign": ("sign(-max(id))", int),
    "starts_with": ("sum(CASE WHEN starts_with({rows.text}, 'a') THEN 1 ELSE 0 END)", int),
    "substr": ("substr(max({rows.text}), 1, 1)", str),
    "sum": ("sum(id)", int),
    "upper": ("upper(max({rows.text}))", str),
}
WHOLE = "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"
RANKED = {
    "dense_rank": "dense_rank() OVER (ORDER BY {rows.text} NULLS LAST)",
    "first_value": "first_value(id) OVER (ORDER BY id)",
    "lag": "lag(id) OVER (ORDER BY id)",
    "last_value": f"last_value(id) OVER (ORDER BY id {WHOLE})",
    "lead": "lead(id) OVER (ORDER BY id)",
    "rank": "rank() OVER (ORDER BY {rows.text} NULLS LAST)",
    "row_number": "row_number() OVER (ORDER BY id DESC)",
}


def selecting(name: str, columns: dict[str, tuple[str, Any]], rest: str) -> View:
    fields: dict[str, Any] = {f"v_{each}": (kind | None, ...) for each, (_, kind) in columns.items()}
    listed = ", ".join(f"{expression} AS v_{each}" for each, (expression, _) in columns.items())
    return View(
        name, create_model(name, **fields), over=(APPEND,), sql=f"SELECT {listed} FROM {{rows}} {rest}"
    )


def test_there_is_an_expression_for_each_function() -> None:
    assert EXPRESSIONS.keys() | RANKED.keys() == FUNCTIONS


@pytest.mark.parametrize(
    ("columns", "rest", "wanted"),
    [
        (EXPRESSIONS, "", None),
        ({name: (sql, int) for name, sql in RANKED.items()} | {"id": ("id", int)}, "", None),
        ({"n": ("count(*)", int)}, "GROUP BY {rows.text} HAVING count(*) > 1", [(2,)]),
    ],
    ids=["functions", "windows", "having"],
)
@pytest.mark.extended
def test_what_is_allowed_means_the_same_in_both(
    google: Google,
    tmp_path: Any,
    columns: dict[str, tuple[str, Any]],
    rest: str,
    wanted: list[tuple[int]] | None,
) -> None:
    """As far as the stand-in is BigQuery: it parses, binds and runs each."""
    found = []
    for to in (DuckDBDestination(tmp_path / "w.duckdb"), BigQueryDestination(google.to, retry_s=5.0)):
        commit(to, APPEND, ROWS)
        put(to, selecting("rows_daily", columns, rest))
        found.append(sorted(look(to, "SELECT * FROM {rows_daily}"), key=repr))
    assert found[0] == found[1]
    assert wanted in (None, found[0])
