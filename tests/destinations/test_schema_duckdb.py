"""Schema changes in DuckDB: what else hangs on a table, and crashes at any moment."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import duckdb
import pytest
from pydantic import BaseModel, Field

from tests.destinations.evolving import held, land, rows_of
from tidegate.contracts.table import Table
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.destinations.exceptions import DestinationError
from tidegate.destinations.schema_diff import Change

Money = Annotated[Decimal, Field(max_digits=21, decimal_places=2)]


class Item(BaseModel):
    sku: str


class TaggedItem(BaseModel):
    sku: str
    tags: list[str] = []
    extra: Any = None


FIELDS: dict[str, Any] = {"id": int, "total": int, "code": str, "items": (list[Item], [])}
MORE: dict[str, Any] = {"total": Money, "code": (str | None, None), "tags": (list[str], [])}
OLD = rows_of(**FIELDS)
WIDER = rows_of(**{**FIELDS, **MORE})
NESTED = rows_of(**{**FIELDS, "items": (list[TaggedItem], [])})
RETYPED = rows_of(**{**FIELDS, "code": int})
DROPPED = rows_of(id=int, total=int, items=(list[Item], []))
ROW = {"id": 1, "total": 5, "code": "7", "items": [{"sku": "a"}]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "w.duckdb"


@pytest.fixture
def destination(path: Path) -> DuckDBDestination:
    made = DuckDBDestination(path, busy_wait_s=1.0)
    land(made, OLD, [ROW])
    return made


def sql(path: Path, *statements: str) -> list[tuple[Any, ...]]:
    """The rows that the last one gives."""
    with duckdb.connect(str(path)) as connection:
        return [connection.execute(statement).fetchall() for statement in statements][-1]


def changed(to: DuckDBDestination, table: Table[Any]) -> list[Change]:
    changes = to.differences(table)
    to.apply(table, changes)
    assert to.differences(table) == []
    return changes


@pytest.mark.parametrize("table", [WIDER, NESTED, RETYPED], ids=["in place", "nested", "swap"])
def test_indexes_comments_and_views_survive(
    path: Path, destination: DuckDBDestination, table: Table[Any]
) -> None:
    sql(
        path,
        'CREATE INDEX "by Code" ON rows (code, total)',
        "COMMENT ON TABLE rows IS 'it''s ours'",
        "COMMENT ON COLUMN rows.total IS 'in cents'",
        "CREATE VIEW totals AS SELECT sum(total) AS total FROM rows",
    )
    assert changed(destination, table)
    assert sql(path, "SELECT index_name, table_name FROM duckdb_indexes()") == [("by Code", "rows")]
    assert sql(path, "SELECT comment FROM duckdb_tables() WHERE table_name = 'rows'") == [("it's ours",)]
    assert sql(
        path, "SELECT comment FROM duckdb_columns() WHERE table_name = 'rows' AND column_name = 'total'"
    ) == [("in cents",)]
    assert sql(path, "SELECT total FROM totals") == [(5,)]


def test_safe_changes_leave_no_second_table(path: Path, destination: DuckDBDestination) -> None:
    changed(destination, WIDER)
    changed(destination, rows_of(**{**FIELDS, **MORE, "items": (list[TaggedItem], [])}))
    assert [name for (name,) in sql(path, "SHOW TABLES") if name.startswith("rows")] == ["rows"]


@pytest.mark.parametrize(
    ("statement", "table", "said"),
    [
        ("CREATE INDEX by_code ON rows (code)", DROPPED, "index by_code cannot be made again"),
        ("CREATE VIEW codes AS SELECT code || '!' AS c FROM rows", DROPPED, "view codes could not be read"),
        ("CREATE VIEW codes AS SELECT upper(code) AS c FROM rows", RETYPED, "view codes could not be read"),
        ("ALTER TABLE rows ADD PRIMARY KEY (id)", RETYPED, "because of constraints on it: rows: PRIMARY KEY"),
    ],
)
def test_what_hangs_on_the_table_and_would_break_refuses_the_change(
    path: Path, destination: DuckDBDestination, statement: str, table: Table[Any], said: str
) -> None:
    sql(path, statement)
    changes = destination.differences(table)
    with pytest.raises(DestinationError, match=said):
        destination.apply(table, changes)
    assert held(destination) == [ROW]
    assert destination.differences(table) == changes


def test_view_that_was_broken_before_is_in_nobodys_way(path: Path, destination: DuckDBDestination) -> None:
    sql(
        path,
        "CREATE TABLE gone (a INT)",
        "CREATE VIEW broken AS SELECT * FROM rows, gone",
        "DROP TABLE gone",
    )
    assert changed(destination, DROPPED)


def test_table_that_others_refer_to_gets_columns_and_nothing_else_by_itself(
    path: Path, destination: DuckDBDestination
) -> None:
    sql(path, "ALTER TABLE rows ADD PRIMARY KEY (id)", "CREATE TABLE notes (row BIGINT REFERENCES rows (id))")
    more = rows_of(**FIELDS, more=(str | None, None))
    destination.prepare(more)
    assert land(destination, more, [{**ROW, "id": 2, "more": "x"}]).changes == ("add more: string",)
    with pytest.raises(DestinationError, match=r"constraints on it: notes: FOREIGN KEY.*; rows: PRIMARY KEY"):
        destination.prepare(rows_of(**{**FIELDS, "more": (str | None, None), "total": Money}))


def test_table_of_somebody_else_is_adopted_when_that_is_allowed(path: Path) -> None:
    sql(
        path,
        "CREATE TABLE rows (ID INTEGER, name VARCHAR, uid UUID)",
        "INSERT INTO rows VALUES (1, 'a', uuid())",
    )
    destination, table = DuckDBDestination(path), rows_of(id=int, name=str, uid=str)
    with pytest.raises(DestinationError, match="adopt rows without _tidegate_run"):
        destination.prepare(table)
    changed(destination, table)
    land(destination, table, [{"id": 2, "name": "b", "uid": "u"}])
    assert [(row["id"], row["name"]) for row in held(destination)] == [(1, "a"), (2, "b")]


_MAKE_AND_CRASH = """
import os, sys
from datetime import UTC, datetime
import duckdb
from tests.destinations import test_schema_duckdb as tests
from tidegate.destinations.duckdb_alter import changes_of, make
connection = duckdb.connect(sys.argv[1])
for name in sys.argv[2:]:
    table = getattr(tests, name)
    connection.execute("BEGIN")
    make(connection, table, changes_of(connection, table), datetime.now(UTC))
    connection.execute("INSERT INTO rows BY NAME SELECT * REPLACE (2 AS id) FROM rows LIMIT 1")
    connection.execute("COMMIT")
os._exit(9)
"""


@pytest.mark.parametrize(
    "steps",
    [
        *(pytest.param((name,), marks=pytest.mark.extended) for name in ("WIDER", "NESTED", "RETYPED")),
        ("WIDER", "NESTED", "RETYPED", "NESTED"),
    ],
)
def test_file_opens_after_a_crash_that_follows_a_change(
    path: Path, destination: DuckDBDestination, steps: tuple[str, ...]
) -> None:
    """DuckDB plays its log back then; a log with an expression in it could not be."""
    sql(path, "CREATE INDEX by_code ON rows (total)", "CHECKPOINT")
    crashed = subprocess.run(
        [sys.executable, "-c", _MAKE_AND_CRASH, str(path), *steps],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (crashed.returncode, crashed.stderr) == (9, "")
    assert path.with_name("w.duckdb.wal").stat().st_size > 0
    assert destination.differences(globals()[steps[-1]]) == []
    assert [row["id"] for row in held(destination)] == [1, *[2] * len(steps)]


_LOOP = """
import sys
from tests.destinations import test_schema_duckdb as tests
from tidegate.destinations.duckdb import DuckDBDestination
to = DuckDBDestination(sys.argv[1])
print("ready", flush=True)
while True:
    for table in (tests.RETYPED, tests.OLD):
        to.apply(table, to.differences(table))
"""


@pytest.mark.extended
def test_kill_at_any_moment_of_an_apply_leaves_the_old_table_or_the_new(
    path: Path, destination: DuckDBDestination
) -> None:
    rows = 20_000
    sql(path, f"INSERT INTO rows BY NAME SELECT r.* REPLACE (range AS id) FROM rows r, range(2, {rows + 1})")
    chance = random.Random(11)
    for number in range(8):
        loop = subprocess.Popen([sys.executable, "-c", _LOOP, str(path)], stdout=subprocess.PIPE, text=True)
        assert loop.stdout is not None
        assert loop.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.0, 0.3) + number * 0.02)
        loop.send_signal(signal.SIGKILL)
        loop.wait()
        loop.stdout.close()
        assert [] in (destination.differences(OLD), destination.differences(RETYPED))
        found = sql(path, "SELECT count(*), count(DISTINCT id), sum(code::INT) FROM rows")
        assert found == [(rows, rows, 7 * rows)]
