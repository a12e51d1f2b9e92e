"""A tiny API whose work splits: orders by account and day, lines by order. What the tests of slices run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from pydantic import AwareDatetime

from tidegate.contracts.base import ReadContract, WriteContract
from tidegate.contracts.table import Table
from tidegate.contracts.windows import Window, Windows
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.engine.context import Context
from tidegate.engine.events import RunListener, ignore
from tidegate.engine.over import Each, From
from tidegate.engine.run import Options, Runner
from tidegate.engine.tasks import Task, task
from tidegate.engine.workflows import Workflow
from tidegate.http_tools.clients import Call, HttpClient, SyncHttpClient
from tidegate.http_tools.pagination import OffsetPaginator
from tidegate.utils.home import Home

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
ACCOUNTS = ("north", "south", "east", "west", "centre")
ROUTE = re.compile(r"/(?P<what>orders|lines)/(?P<of>\w+)")


class ApiRow(ReadContract):
    id: int
    at: AwareDatetime


class CleanOrder(WriteContract):
    order_id: int
    account: str


class CleanLine(WriteContract):
    line_id: int
    order_id: int


def to_order(row: ApiRow, ctx: Context) -> CleanOrder:
    return CleanOrder(order_id=row.id, account=str(ctx.account))


def to_line(row: ApiRow, ctx: Context) -> CleanLine:
    order = ctx.values["order_id"]
    assert isinstance(order, int)
    return CleanLine(line_id=row.id, order_id=order)


class Connector:
    def __init__(self, client: HttpClient) -> None:
        self.client = client

    def get_orders(self, account: str, window: Window | None = None) -> Call[ApiRow]:
        days = {} if window is None else {"first": window.first_day, "last": window.last_day}
        return self._rows(f"/orders/{account}", days)

    def get_lines(self, order: int) -> Call[ApiRow]:
        return self._rows(f"/lines/{order}", {})

    def _rows(self, path: str, params: dict[str, Any]) -> Call[ApiRow]:
        paginator = OffsetPaginator(limit=3, identity="id", total="count")
        return self.client.pages("GET", path, reads=ApiRow, items="rows", paginator=paginator, params=params)


ORDERS = Table("orders", CleanOrder, key=("order_id",), write="merge")
LINES = Table("lines", CleanLine, key=("line_id",), write="merge")
DAILY = Windows(days=1, start=date(2026, 3, 6))


@task(transform=to_order, into=ORDERS, over=Each("account", ACCOUNTS))
def orders(api: Connector, account: str) -> Call[ApiRow]:
    """Orders, account by account."""
    return api.get_orders(account)


@task(transform=to_line, into=LINES, over=From(orders, "order_id"))
def lines(api: Connector, order_id: int) -> Call[ApiRow]:
    """Lines, order by order."""
    return api.get_lines(order_id)


@task(
    transform=to_order,
    into=Table("daily", CleanOrder, write="replace_windows"),
    windows=DAILY,
    over=Each("account", ACCOUNTS),
)
def daily(api: Connector, window: Window, account: str) -> Call[ApiRow]:
    """Orders by day and account."""
    return api.get_orders(account, window)


@dataclass
class Branches:
    """`rows` gives what the API holds for a path's kind and name; `answer` comes first where it answers."""

    folder: Path
    tasks: tuple[Task[Any, Any, Any], ...] = (orders, lines)
    answer: Callable[[httpx2.Request], httpx2.Response | None] = lambda _: None
    asked: list[str] = field(default_factory=list)
    per_account: int = 7

    def rows_of(self, what: str, of: str, first: str | None) -> list[dict[str, Any]]:
        if what == "lines":
            return [{"id": int(of) * 10 + number, "at": NOW.isoformat()} for number in range(int(of) % 4)]
        begin = ACCOUNTS.index(of) * 1_000
        if first is None:
            ids = range(begin, begin + self.per_account)
        else:
            day = (date.fromisoformat(first) - date(2026, 1, 1)).days
            ids = range(begin + day, begin + day + 1)
        return [{"id": each, "at": (NOW - timedelta(hours=each % 50)).isoformat()} for each in ids]

    def serve(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(f"{request.url.path}?{request.url.params}")
        given = self.answer(request)
        if given is not None:
            return given
        found = ROUTE.search(request.url.path)
        assert found is not None
        query = request.url.params
        rows = self.rows_of(found["what"], found["of"], query.get("first"))
        offset, limit = int(query["offset"]), int(query["limit"])
        body = {"rows": rows[offset : offset + limit], "count": len(rows)}
        return httpx2.Response(200, content=json.dumps(body))

    def runner(self, *, now: datetime = NOW, listener: RunListener = ignore, **options: Any) -> Runner:
        return Runner(
            workflow=Workflow("branches", self, self.tasks),
            destination=DuckDBDestination(self.folder / "warehouse.duckdb"),
            home=Home(self.folder / "home"),
            options=Options(**options),
            listener=listener,
            now=lambda: now,
        )

    def create_connector(
        self,
        settings: Any = None,  # noqa: ARG002 - the protocol's
        *,
        client: type[HttpClient] = SyncHttpClient,
    ) -> Connector:
        return Connector(client("https://branches.example", transport=httpx2.MockTransport(self.serve)))

    def table(self, name: str, order: str = "ORDER BY ALL") -> list[tuple[Any, ...]]:
        import duckdb

        with duckdb.connect(str(self.folder / "warehouse.duckdb"), read_only=True) as db:
            columns = [row[0] for row in db.execute(f"DESCRIBE {name}").fetchall()]
            own = ", ".join(each for each in columns if each not in ("_tidegate_run", "_tidegate_loaded_at"))
            return db.execute(f"SELECT {own} FROM {name} {order}").fetchall()
