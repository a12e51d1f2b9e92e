"""`ColumnarBuild`: pages column by column, and by instances where anything is not as it should be."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from tidegate.contracts.map import AnyMap
from tidegate.engine.build import Built, InstancesBuild
from tidegate.engine.columnar.fields import UnprovenError, fields_of
from tidegate.engine.columnar.mapping import Mapped, prove_map, seen_by_functions
from tidegate.engine.columnar.proof import has_functions
from tidegate.engine.columnar.reading import ReadColumns
from tidegate.engine.columnar.writing import WriteColumns
from tidegate.engine.context import Context
from tidegate.engine.tasks import Task
from tidegate.http_tools.clients import Page

if TYPE_CHECKING:
    import pyarrow as pa

# After a page that columns failed on, so many are built by instances at once, and twice as many after the
# next: an API that sends such pages one after the other costs no page twice.
_MOST_SKIPPED = 64


class Proven:
    """What of a task is built by columns: its contracts and its map, proven to be lawful so."""

    def __init__(self, task: Task[Any, Any, Any], reads: type[BaseModel]) -> None:
        """Raises `UnprovenError`."""
        of = task.transform.function
        if not isinstance(of, AnyMap):
            raise UnprovenError(f"{task.transform.name} is a function, not a Map")
        self.map = of
        written, seen = fields_of(of.writes), seen_by_functions(of)
        self.reads = ReadColumns(reads, lambda name: name in seen or has_functions(written))
        prove_map(of, self.reads.fields.keys())
        self.cursor = None if task.cursor is None else task.cursor.field
        if self.cursor is not None and self.cursor not in self.reads.fields:
            raise UnprovenError(f"its cursor {self.cursor} is no field of {reads.__name__}")
        if any(column.computed for column in task.into.columns):
            raise UnprovenError(f"{task.into.model.__name__} has computed fields")
        self.writes = WriteColumns(of, written, self.reads.fields)


class ColumnarBuild:
    """Gives what `InstancesBuild` gives."""

    def __init__(self, proven: Proven, instances: InstancesBuild) -> None:
        self.proven, self._instances = proven, instances
        self._skip, self._failed = 0, 0

    @property
    def schema(self) -> pa.Schema:
        return self._instances.schema

    @property
    def fingerprint(self) -> str:
        """That of the other build: the parts are the same."""
        return self._instances.fingerprint

    @property
    def mend(self) -> str:
        return self._instances.mend

    def page(self, page: Page[Any], context: Context, only: Collection[int] | None = None) -> Built:
        """As `Build.page`. Any failure builds the page by instances, which tell it exactly."""
        if only is not None or not page.items or self._skips():
            return self._instances.page(page, context, only)
        try:
            built = self.by_columns(page, context)
        except Exception:  # noqa: BLE001 - of the user's validators and functions; instances say what it is
            self._failed += 1
            self._skip = min(2**self._failed - 1, _MOST_SKIPPED)
            return self._instances.page(page, context)
        self._failed = 0
        return built

    def _skips(self) -> bool:
        self._skip, skips = max(0, self._skip - 1), self._skip > 0
        return skips

    def by_columns(self, page: Page[Any], context: Context) -> Built:
        """Raises whatever the page, a validator or a function raises: what it gives is right, or nothing."""
        rows, proven, highest = page.items, self.proven, self._instances.highest
        columns = proven.reads.read(page.content, rows)
        made = Mapped(proven.map, proven.map.facts(context), columns, len(rows))
        batch = proven.writes.batch(made, self._instances.encoder) if made.count else None
        dropped = 0 if made.parents is None else len(rows) - len(set(made.parents))
        high = None if highest is None else highest.of_column(columns.values[highest.field])
        return Built(batch, len(rows), made.count + dropped - len(rows), dropped, (), high)
