"""Contracts of a line, rows of them landed, and what a table holds: for the tests of schema changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, create_model

from tidegate.contracts.base import WriteContract
from tidegate.contracts.table import WINDOW_COLUMN, Table
from tidegate.destinations.base import Commit, Destination, Landed
from tidegate.utils.encoding import Encoder

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
DAY = date(2026, 1, 1)
_ids = count(1)


def contract(name: str = "Row", /, **fields: Any) -> type[WriteContract]:
    """A write contract of these fields; a type alone is a required field, a pair has its default."""
    given = {key: each if isinstance(each, tuple) else (each, ...) for key, each in fields.items()}
    return create_model(name, __base__=WriteContract, **given)  # type: ignore[call-overload,no-any-return]  # made of data


def rows_of(**fields: Any) -> Table[Any]:
    """An `append` table `rows` of these fields."""
    return Table("rows", contract(**fields))


def land(to: Destination, table: Table[Any], rows: Sequence[dict[str, Any]]) -> Landed:
    """Land rows, checked against the table's contract, in a commit of their own."""
    models: list[BaseModel] = [table.model.model_validate(row) for row in rows]

    def draw() -> Iterator[pa.RecordBatch]:
        if not models:
            return
        batch = Encoder(table.model).encode(models)
        if windows:
            field = pa.field(WINDOW_COLUMN, pa.date32(), nullable=False)
            batch = batch.append_column(field, pa.array([DAY] * len(models), pa.date32()))
        yield batch

    windows = (DAY,) if table.write == "replace_windows" else ()
    seen = to.cursor("api.rows").version
    return to.commit(Commit(f"c{next(_ids)}", "run", "api.rows", table, seen, None, NOW, draw, windows))


def held(to: Destination, table: str = "rows") -> list[dict[str, Any]]:
    """The rows of a table, tidegate's own columns left out, ordered by their first column's text."""
    names, rows = to.sample(table, 100_000)
    own = {name for name in names if name.startswith("_tidegate_")}
    found = [{name: value for name, value in zip(names, row, strict=True) if name not in own} for row in rows]
    return sorted(found, key=lambda row: str(row.get("id")))


def texts(to: Destination, table: Table[Any]) -> list[str]:
    return [change.text for change in to.differences(table)]
