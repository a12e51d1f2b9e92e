"""Views in DuckDB. A comment on the view marks it as tidegate's, with the fingerprint of its definition: who
puts another view in its place by hand takes the comment away with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tidegate.contracts.view import View
from tidegate.contracts.view_sql import Dialect
from tidegate.destinations.duckdb_sql import column_type, literal, quote
from tidegate.destinations.duckdb_tables import has_table, is_own_view, one, view_comment
from tidegate.destinations.exceptions import DestinationError
from tidegate.destinations.views import ForeignViewError, ViewState, body, fingerprint

if TYPE_CHECKING:
    import duckdb

DIALECT = Dialect(
    table=quote,
    column=quote,
    day=lambda instant: f"CAST({instant} AT TIME ZONE 'UTC' AS DATE)",
    month=lambda day: f"CAST(date_trunc('month', {day}) AS DATE)",
)


def statements(view: View) -> list[str]:
    """What makes the view, with its descriptions as comments; whoever sends them holds a transaction."""
    return [*_made(view), f"COMMENT ON VIEW {quote(view.name)} IS {literal(_comment(view))}"]


def _made(view: View) -> list[str]:
    named = quote(view.name)
    comments = (
        f"COMMENT ON COLUMN {named}.{quote(each.name)} IS {literal(each.description)}"
        for each in view.columns
        if each.description
    )
    return [f"CREATE OR REPLACE VIEW {named} AS {body(view, DIALECT, column_type)}", *comments]


def _comment(view: View) -> str:
    """The description, and the mark by which the view is known again."""
    return f"{view.description} (tidegate view {fingerprint('; '.join(_made(view)))})".strip()


def state_of(connection: duckdb.DuckDBPyConnection | None, view: View) -> ViewState:
    if connection is None:
        return ViewState("waits", view.over[0].name)
    known, comment = view_comment(connection, view.name)
    if known and not is_own_view(comment):
        return ViewState("foreign", "a view of that name was made, or changed, by somebody else")
    if not known and has_table(connection, view.name):
        return ViewState("foreign", "a table has its name")
    absent = [table.name for table in view.over if not has_table(connection, table.name)]
    if absent:
        return ViewState("waits", absent[0])
    if comment != _comment(view):
        return ViewState("other" if known else "missing")
    fault = next(_faults(connection, view.name), None)
    return ViewState("same") if fault is None else ViewState("broken", fault)


def put(connection: duckdb.DuckDBPyConnection, view: View) -> None:
    """Inside of a transaction. Raises `DestinationError`; the transaction is aborted then."""
    import duckdb

    state = state_of(connection, view)
    if state.standing == "foreign":
        raise ForeignViewError(view.name, state.about)
    if state.standing == "waits":
        raise DestinationError(f"view {view.name} {state.text}")
    try:
        fault = next(_misread(connection, view), None)
        for statement in statements(view) if fault is None else ():
            connection.execute(statement)
    except duckdb.Error as error:
        fault = _brief(error)
    if fault is not None:
        raise DestinationError(
            f"view {view.name} cannot be made: {fault}",
            hint="Its tables are untouched: change the view's sql to what they are now.",
        )


def _faults(connection: duckdb.DuckDBPyConnection, name: str) -> Iterator[str]:
    """Why the view cannot be read, if it cannot. Reads no rows."""
    import duckdb

    try:
        one(connection, f"DESCRIBE SELECT * FROM {quote(name)}")  # noqa: S608  the name is quoted
    except duckdb.Error as error:
        yield _brief(error)


def _misread(connection: duckdb.DuckDBPyConnection, view: View) -> Iterator[str]:
    """Columns whose cast would ask the session for its time zone, or round otherwise than BigQuery. Reads no
    rows.
    """
    described = connection.execute(f"DESCRIBE {view.select(DIALECT)}").fetchall()
    found = {str(name).lower(): str(kind) for name, kind, *_ in described}
    for column in view.columns:
        kind = found.get(column.name.lower(), "")
        if column.kind in {"date", "string"} and kind.startswith("TIMESTAMP"):
            yield f"column {column.name} is an instant, and {column.kind} in the contract: write {{day(...)}}"
        if column.kind == "timestamp" and kind in {"DATE", "VARCHAR", "TIMESTAMP"}:
            yield f"column {column.name} is a {kind}, and an instant in the contract"
        if column.kind == "int" and kind in {"DOUBLE", "FLOAT"}:
            yield f"column {column.name} is a {kind}, and whole in the contract: CAST(round(...) AS INT64)"


def _brief(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
