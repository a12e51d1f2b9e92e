"""One page through both builds, and whether they agree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from tests.engine.columnar.contracts import Case
from tidegate.contracts.table import Table
from tidegate.contracts.windows import Cursor
from tidegate.engine.build import Built, InstancesBuild
from tidegate.engine.columnar.build import ColumnarBuild, Proven
from tidegate.engine.columnar.fields import UnprovenError
from tidegate.engine.context import Context
from tidegate.engine.tasks import Task
from tidegate.engine.transforms import Transform
from tidegate.http_tools.calls import Call
from tidegate.http_tools.clients import Page, SyncHttpClient
from tidegate.http_tools.pagination import PageRequest

CONTEXT = Context(datetime(2026, 3, 1, 12, 30, tzinfo=UTC))
CLIENT = SyncHttpClient("https://api.example.com")


@dataclass
class Both:
    """The two builds of one case; `columns` is None, and `why` says it, where columns are not proven."""

    call: Call[Any]
    instances: InstancesBuild
    columns: ColumnarBuild | None
    why: str

    @classmethod
    def of(cls, case: Case, cursor: str | None = None) -> Both:
        call = CLIENT.call("GET", "/rows", reads=case.reads, items="rows")
        task: Task[Any, Any, Any] = Task(
            "rows",
            lambda _: call,
            Transform.of(case.map, case.writes),
            Table("rows", case.writes),
            None if cursor is None else Cursor(cursor, start=datetime(2020, 1, 1, tzinfo=UTC).date()),
            None,
        )
        instances = InstancesBuild(task, case.reads)
        try:
            return cls(call, instances, ColumnarBuild(Proven(task, case.reads), instances), "")
        except UnprovenError as why:
            return cls(call, instances, None, str(why))

    def hold(self, body: bytes, seam: int = 0) -> tuple[bool, str | None]:
        """Whether columns build this page, and how the builds differ on it: None where they agree, or columns
        leave it to instances.
        """
        assert self.columns is not None
        expected = self._by(self.instances.page, body, seam)
        found = self._by(self.columns.by_columns, body, seam)
        taken = found[0] == "built"
        if taken and found != expected:
            return taken, f"instances: {expected}\ncolumns:   {found}"
        return taken, None

    def takes(self, body: bytes) -> bool:
        return self.hold(body)[0]

    def differ(self, body: bytes, seam: int = 0) -> str | None:
        """As `hold`, of the whole way of a page: by columns, and by instances where these fail."""
        assert self.columns is not None
        expected = self._by(self.instances.page, body, seam)
        found = self._by(self.columns.page, body, seam)
        return None if found == expected else f"instances: {expected}\ncolumnar:  {found}"

    def page(self, body: bytes, index: int = 0, seam: int = 0) -> Page[Any]:
        return Page(self.call, PageRequest(index, {}, seam=seam), body)

    def _by(self, build: Any, body: bytes, seam: int) -> tuple[Any, ...]:
        page = self.page(body, seam=seam)
        try:
            return ("built", *told(build(page, CONTEXT)), repr(page.items))
        except Exception as error:  # noqa: BLE001 - whatever it is, the other build must say the same
            return "raised", type(error).__name__, str(error)


def told(built: Built) -> tuple[Any, ...]:
    """All that a page became, in a form that tells NaN, -0.0 and other spellings apart."""
    high = None if built.high is None else built.high.isoformat()
    counts = (built.fetched, built.added, built.dropped, high)
    return (*_rows(built.batch), *counts, tuple(map(repr, built.rejects)))


def _rows(batch: pa.RecordBatch | None) -> tuple[str, str]:
    return ("", "") if batch is None else (str(batch.schema), repr(batch.to_pylist()))
