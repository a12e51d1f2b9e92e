"""A tiny API, Acme, in this process: what the tests of the engine run against where Brevo is too much."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
from pydantic import AwareDatetime, BaseModel, Field

from tidegate.contracts.base import ReadContract, WriteContract
from tidegate.contracts.table import Table
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.engine.run import Options, Runner
from tidegate.engine.tasks import Task, task
from tidegate.engine.workflows import Workflow
from tidegate.http_tools.auth import APIKeyAuthManager
from tidegate.http_tools.clients import Call, HttpClient, SyncHttpClient
from tidegate.http_tools.pagination import OffsetPaginator
from tidegate.http_tools.retry_strategies import ExponentialBackoffRetryStrategy
from tidegate.utils.home import Home


class ApiOrder(ReadContract):
    id: int
    total: int
    updated_at: AwareDatetime = Field(alias="updatedAt")


class CleanOrder(WriteContract):
    order_id: int
    total: int = Field(ge=0)


def to_clean(order: ApiOrder) -> CleanOrder:
    return CleanOrder(order_id=order.id, total=order.total)


ORDERS = Table("orders", CleanOrder, key=("order_id",), write="merge")


class AcmeConnector:
    reads = ApiOrder

    def __init__(self, client: HttpClient, params: dict[str, Any]) -> None:
        self.client, self.params = client, params

    def get_orders(self) -> Call[ApiOrder]:
        paginator = OffsetPaginator(limit=10, identity="id", total="count")
        return self.client.pages(
            "GET", "/orders", reads=self.reads, items="orders", paginator=paginator, params=self.params
        )


@dataclass
class Shop:
    """`orders` are what the API holds; `answer` replaces an answer where it gives one."""

    folder: Path
    orders: list[dict[str, Any]] = field(default_factory=list)
    answer: Callable[[httpx2.Request], httpx2.Response | None] = lambda _: None
    asked: list[str] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)
    key: str = "the-key-of-acme"

    def fill(self, count: int) -> None:
        at = "2026-01-01T00:00:00Z"
        self.orders = [{"id": number, "total": number * 3, "updatedAt": at} for number in range(count)]

    def serve(self, request: httpx2.Request) -> httpx2.Response:
        query = request.url.params
        self.asked.append(str(request.url.query, "ascii"))
        given = self.answer(request)
        if given is not None:
            return given
        offset, limit = int(query["offset"]), int(query["limit"])
        body = {"orders": self.orders[offset : offset + limit], "count": len(self.orders)}
        return httpx2.Response(200, content=json.dumps(body))

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"

    def runner(
        self,
        transform: Callable[[ApiOrder], CleanOrder | Iterable[CleanOrder] | None] = to_clean,
        table: Table[CleanOrder] = ORDERS,
        **options: Any,
    ) -> Runner:
        @task(transform=transform, into=table)
        def orders(acme: AcmeConnector) -> Call[ApiOrder]:
            """Orders."""
            return acme.get_orders()

        return Runner(
            workflow=Workflow("acme", self, (as_any(orders),)),
            destination=DuckDBDestination(self.warehouse),
            home=Home(self.folder / "home"),
            options=Options(**options),
            now=lambda: datetime(2026, 3, 10, tzinfo=UTC),
        )

    def create_connector(
        self,
        settings: Any = None,  # noqa: ARG002 - the protocol's
        *,
        client: type[HttpClient] = SyncHttpClient,
    ) -> AcmeConnector:
        retry = ExponentialBackoffRetryStrategy(max_attempts=2, base_s=0.01)
        made = client(
            "https://api.acme.example/v1",
            auth_manager=APIKeyAuthManager(self.key),
            transport=httpx2.MockTransport(self.serve),
            retry_strategy=retry,
        )
        return AcmeConnector(made, self.params)

    def rows(self, sql: str = "SELECT order_id, total FROM orders ORDER BY ALL") -> list[tuple[Any, ...]]:
        import duckdb

        with duckdb.connect(str(self.warehouse), read_only=True) as db:
            return db.execute(sql).fetchall()


def as_any(made: Task[Any, Any, Any]) -> Task[Any, Any, Any]:
    return made


__all__ = ["ORDERS", "ApiOrder", "BaseModel", "CleanOrder", "Shop", "to_clean"]
