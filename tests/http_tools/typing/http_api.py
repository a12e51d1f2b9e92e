"""Checked by mypy, never run: what a connector's author and its user are told by their editor."""

from __future__ import annotations

from contextlib import aclosing, closing
from functools import partial
from typing import Any, assert_type

import httpx2

from tidegate.contracts.base import ReadContract
from tidegate.http_tools.clients import (
    AsyncHttpClient,
    Call,
    Download,
    HttpClient,
    Page,
    Ready,
    SyncHttpClient,
)
from tidegate.http_tools.pagination import Ask, OffsetPaginator, PageView, Steps


class ApiOrder(ReadContract):
    id: int


class AcmeConnector:
    def __init__(self, client: HttpClient) -> None:
        self.client = client

    def get_orders(self) -> Call[ApiOrder]:
        return self.client.pages(
            "GET", "/orders", reads=ApiOrder, items="orders", paginator=OffsetPaginator(limit=100)
        )

    def get_order(self) -> Call[ApiOrder]:
        return self.client.call("GET", "/orders/1", reads=ApiOrder)


def plain(client: SyncHttpClient) -> None:
    acme = AcmeConnector(client)
    call = acme.get_orders()
    with closing(iter(call)) as pages:
        assert_type(next(pages), Page[ApiOrder])
    for page in call:
        assert_type(page, Page[ApiOrder])
        assert_type(page.parse(), list[ApiOrder])
        assert_type(page.items, list[Any])
        assert_type(page.body, bytes)
    assert_type(call.send(), httpx2.Response)
    assert_type(call.json(), list[Any])
    assert_type(call.fetch(call.first()), Page[ApiOrder])
    assert_type(acme.get_order(), Call[ApiOrder])
    assert_type(client.request("GET", "/x"), httpx2.Response)
    assert_type(client.download("/x", "x.csv"), Download)
    assert_type(client.poll("/x"), Ready)
    with client as same:
        assert_type(same, SyncHttpClient)


async def awaited(client: AsyncHttpClient) -> None:
    call = AcmeConnector(client).get_orders()
    async with aclosing(aiter(call)) as pages:
        assert_type(await anext(pages), Page[ApiOrder])
    async for page in call:
        assert_type(page, Page[ApiOrder])
        assert_type(page.parse(), list[ApiOrder])
    assert_type(await call, httpx2.Response)
    assert_type(await call.fetch_async(call.first()), Page[ApiOrder])
    assert_type(await client.request("GET", "/x"), httpx2.Response)
    assert_type(await client.download("/x", "x.csv"), Download)
    assert_type(await client.poll("/x"), Ready)
    async with client as same:
        assert_type(same, AsyncHttpClient)


def one_by_one(ids: list[int]) -> Steps:
    for each in ids:
        page = yield Ask({"id": each})
        assert_type(page, PageView)
        if page.status_code != 404:
            yield page


def routed(client: HttpClient) -> Call[ApiOrder]:
    return client.pages("GET", "/x", reads=ApiOrder, route=partial(one_by_one, [1]), accept={404})


def refused(client: HttpClient) -> None:
    client.request("GET", "/x")  # type: ignore[attr-defined]  # only the two clients know how to ask
    client.pages("GET", "/x", reads=dict, paginator=OffsetPaginator(5))  # type: ignore[type-var]
    AcmeConnector(client).get_orders().page(0)  # type: ignore[call-arg, arg-type]
