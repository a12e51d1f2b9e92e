"""A view of the warehouse: a question that is asked of tables again and again, declared beside them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from inspect import cleandoc
from typing import Any

from pydantic import BaseModel

from tidegate.contracts.table import RESERVED_PREFIX, Table
from tidegate.contracts.view_sql import RESERVED, Dialect, check, rendered
from tidegate.utils.schemas import Column, columns_of

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NO_COLUMN = {"record", "json"}


@dataclass(frozen=True)
class View:
    """What the view is called, what its columns are, and the SELECT that makes them.

    `model` is its contract: names, types (each column is cast to its own) and descriptions, in this order;
    its docstring describes the view. `sql` selects columns of these names, in any order, from the tables
    `over`, which stand in it by name in braces: `SELECT id AS order_id FROM {acme_orders}`. A column whose
    name is a word of SQL is written `{acme_orders.order}`; `{day(created_at)}` and `{month(created_at)}` are
    the UTC day of an instant and the first day of its UTC month; `{month(published_on)}` is that of a date.

    Checked when it is made: `ValueError` for SQL that DuckDB and BigQuery do not read alike.
    """

    name: str
    model: type[BaseModel]
    over: tuple[Table[Any], ...]
    sql: str
    columns: tuple[Column, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", columns_of(self.model))
        object.__setattr__(self, "sql", cleandoc(self.sql))
        if not _NAME.fullmatch(self.name) or self.name.lower().startswith(RESERVED_PREFIX):
            raise ValueError(
                f"view name {self.name!r}: use letters, digits and _; no digit or {RESERVED_PREFIX} in front"
            )
        for column in self.columns:
            if column.name.lower() in RESERVED:
                raise ValueError(f"view {self.name}: column {column.name} is a word of SQL")
            if column.repeated or column.kind in _NO_COLUMN:
                raise ValueError(f"view {self.name}: column {column.name} is a list, a record or JSON")
        try:
            check(self.sql, self._tables)
        except ValueError as error:
            raise ValueError(f"view {self.name}: {error}") from None

    @property
    def description(self) -> str:
        return cleandoc(self.model.__doc__ or "")

    def select(self, dialect: Dialect) -> str:
        """The text of the author, as one destination reads it."""
        return rendered(self.sql, dialect, self._tables)

    @property
    def _tables(self) -> dict[str, dict[str, Column]]:
        return {table.name: {each.name: each for each in table.columns} for table in self.over}
