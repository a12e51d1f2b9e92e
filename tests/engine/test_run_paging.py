"""Every way of paging goes on from the page log where a run broke off: no logged page is asked for again."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.engine.shop import AcmeConnector, ApiOrder, CleanOrder, Shop, to_clean
from tidegate.engine.pagelog import PageLog
from tidegate.http_tools.auth import APIKeyAuthManager
from tidegate.http_tools.clients import Call, HttpClient, Page, SyncHttpClient
from tidegate.http_tools.pagination import (
    Ask,
    CursorPaginator,
    IdAfterPaginator,
    LinkHeaderPaginator,
    NextUrlPaginator,
    PageNumberPaginator,
    Paginator,
    Steps,
)
from tidegate.http_tools.retry_strategies import ExponentialBackoffRetryStrategy
from tidegate.utils.errors import ExitCode

KEY = "the-key-of-acme"
SIZE = 10


@dataclass
class WaysConnector(AcmeConnector):
    client: HttpClient
    paginator: Paginator | None
    route: Callable[[], Steps] | None

    def get_orders(self) -> Call[ApiOrder]:
        return self.client.pages(
            "GET", "/orders", reads=ApiOrder, items="orders", paginator=self.paginator, route=self.route,
            accept={404},
        )  # fmt: skip


@dataclass
class WaysShop(Shop):
    """Acme, paged every way at once. `broken` is the number of requests after which it is down."""

    paginator: Paginator | None = None
    route: Callable[[], Steps] | None = None
    broken: float = float("inf")

    def create_connector(
        self,
        settings: Any = None,  # noqa: ARG002 - the protocol's
        *,
        client: type[HttpClient] = SyncHttpClient,
    ) -> AcmeConnector:
        made = client(
            "https://api.acme.example/v1",
            auth_manager=APIKeyAuthManager(KEY),
            transport=httpx2.MockTransport(self.page),
            retry_strategy=ExponentialBackoffRetryStrategy(max_attempts=1),
        )
        return WaysConnector(made, self.paginator, self.route)

    def page(self, request: httpx2.Request) -> httpx2.Response:
        if len(self.asked) >= self.broken:
            return httpx2.Response(503)
        self.asked.append(request.url.raw_path.decode())
        query = request.url.params
        if query.get("from"):
            first, last = int(query["from"]), int(query["to"])
            if (first, last) == (0, 37):  # a window that it does not know
                return httpx2.Response(404, json={})
            shown = self.orders[first:last][:SIZE]
            return httpx2.Response(200, json={"orders": shown})
        at = int(query.get("at", "0")) + (int(query.get("page", "1")) - 1) * SIZE
        at = int(query["after_id"]) + 1 if "after_id" in query else at
        after = at + SIZE if at + SIZE < len(self.orders) else None
        # the API puts our key into its links, as some do
        link = f"?at={after}&key={KEY}" if after else None
        headers = {"Link": f'<{link}>; rel="next"', "X-Secret": "never kept"} if link else {}
        body = {"orders": self.orders[at : at + SIZE], "next": link, "cursor": after, "pages": 8}
        return httpx2.Response(200, content=json.dumps(body), headers=headers)


def halves(first: int, last: int) -> Steps:
    page = yield Ask({"from": first, "to": last})
    if page.status_code == 404:
        yield from halves(first, last + 50)
    elif len(page.all_items) == SIZE and last - first > 1:
        yield from halves(first, (first + last) // 2)
        yield from halves((first + last) // 2, last)
    else:
        yield page


WAYS: dict[str, dict[str, Any]] = {
    "link": {"paginator": LinkHeaderPaginator()},
    "url": {"paginator": NextUrlPaginator("next")},
    "cursor": {"paginator": CursorPaginator("cursor", "at")},
    "id": {"paginator": IdAfterPaginator(limit=SIZE)},
    "number": {"paginator": PageNumberPaginator(limit=SIZE)},
    "number-pages": {"paginator": PageNumberPaginator(pages="pages")},
    "route": {"route": partial(halves, 0, 37)},
}


@pytest.mark.parametrize("way", WAYS)
def test_a_run_that_broke_off_goes_on_from_the_page_log(tmp_path: Path, way: str) -> None:
    shop = WaysShop(tmp_path, **WAYS[way])
    shop.fill(80 if way != "route" else 70)
    for broken in (1, 3, 6):
        shop.broken = broken
        report = shop.runner().run()
        assert report.exit_code is ExitCode.TRY_AGAIN
        assert len(shop.asked) == broken
    shop.broken = float("inf")
    report = shop.runner().run()
    assert report.exit_code is ExitCode.OK
    assert report.tasks[0].pages_resumed
    assert len(set(shop.asked)) == len(shop.asked)
    assert shop.rows() == [(order["id"], order["total"]) for order in shop.orders]


def test_pages_that_only_show_the_way_are_not_counted_as_rows(tmp_path: Path) -> None:
    shop = WaysShop(tmp_path, route=partial(halves, 0, 37))
    shop.fill(70)
    (report,) = shop.runner().run().tasks
    assert (report.rows_fetched, report.rows_loaded, report.accounted) == (70, 70, True)


def test_the_log_keeps_of_the_headers_what_paging_needs_and_no_credential(tmp_path: Path) -> None:
    shop = WaysShop(tmp_path, paginator=LinkHeaderPaginator())
    shop.fill(80)
    assert shop.runner().run().exit_code is ExitCode.OK
    (path,) = tmp_path.rglob("*.pages")
    log = path.read_bytes()
    assert b'"h":{"link":"<?at=10&key=[redacted]>' in log
    assert b"never kept" not in log
    assert shop.asked[1] == "/v1/orders?at=10"
    headers = b"".join(part for part in log.split(b'"k":')[1:] if part.startswith(b"{"))
    assert KEY.encode() not in headers[:2000].partition(b"\x28\xb5")[0]


def test_a_log_without_kept_headers_is_read_as_before(tmp_path: Path) -> None:
    path = tmp_path / "one.pages"
    log = PageLog(path, {"a": 1})
    log.append(0, 200, {}, b"[]")
    log.append(1, 200, {}, b"[]", {"h": {"link": "<x>"}})
    assert (log.kept(0), log.kept(1)) == ({}, {"h": {"link": "<x>"}})
    log.close()
    again = PageLog(path, {"a": 1})
    assert (again.kept(0), again.kept(1)) == ({}, {"h": {"link": "<x>"}})
    again.close()


def test_of_the_pages_behind_the_one_that_is_built_only_bytes_are_held(tmp_path: Path) -> None:
    def decoded() -> dict[int, Page[Any]]:
        pages = (each for each in gc.get_objects() if type(each) is Page)
        return {id(each): each for each in pages if "all_items" in vars(each)}

    shop, before, found = Shop(tmp_path), decoded(), list[int]()
    shop.fill(100)

    def look(order: ApiOrder) -> CleanOrder:
        if order.id % 10 == 5:
            found.append(len(decoded().keys() - before.keys()))
        return to_clean(order)

    assert shop.runner(look).run().tasks[0].rows_loaded == 100
    assert found == [1] * 10
