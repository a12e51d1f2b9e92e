"""How far a walk asks ahead by the length of the listing before, and what it keeps of the pages behind it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.http_tools.driving import Driver, rows
from tests.http_tools.plans import View, walked
from tests.http_tools.test_paging import ApiRow, Listing, call_of, ids
from tidegate.http_tools.circuit_breakers import CircuitBreaker
from tidegate.http_tools.clients import AsyncHttpClient, Call, HttpClient, SyncHttpClient
from tidegate.http_tools.exceptions import PaginationError
from tidegate.http_tools.pagination import OffsetPaginator, PageNumberPaginator, PagePlan, PageRequest
from tidegate.http_tools.pagination.reading import Repeats

WIDTH = 8


def asked_ahead(plan: PagePlan, pages: int) -> list[int]:
    """Of a listing of full pages without a total: how many are under way when each of them comes."""
    queue, found = list[PageRequest](), list[int]()
    for page in range(pages):
        while len(queue) < WIDTH and (request := plan.take()) is not None:
            queue.append(request)
        found.append(len(queue))
        plan.saw(View(queue.pop(0), list(rows(10 * page, 10 * page + 10))))
    return found


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        (0, [1, 1, 2, 4, 8, 8, 8, 8]),
        (1, [1, 1, 2, 4, 8, 8, 8, 8]),
        (3, [1, 2, 1, 1, 2, 4, 8, 8]),  # the slow start comes behind the three
        (6, [1, 5, 4, 3, 2, 1, 1, 2]),
        (100, [1, 8, 8, 8, 8, 8, 8, 8]),  # never more than the width
    ],
)
def test_as_many_pages_are_asked_for_as_the_listing_before_had_but_for_the_first(
    expected: int, found: list[int]
) -> None:
    plan = OffsetPaginator(limit=10, overlap=0).plan(WIDTH)
    plan.expect(expected)
    assert asked_ahead(plan, len(found)) == found


def test_only_a_walk_that_came_to_its_end_tells_how_long_listings_are(driver: Driver) -> None:
    api = Listing(60)
    call = call_of(driver, api, total=None)
    driver.pages(call)
    assert call.client.lengths == {ApiRow: 20}
    del api.data[4:]
    driver.pages(call)
    assert call.client.lengths == {ApiRow: 1}


def call_by(client: HttpClient) -> Call[ApiRow]:
    return client.pages("GET", "/rows", reads=ApiRow, items="rows", paginator=OffsetPaginator(limit=5))


def test_a_walk_that_is_closed_early_tells_nothing() -> None:
    with SyncHttpClient("http://api.test", transport=httpx2.MockTransport(Listing(60))) as client:
        with contextlib.closing(iter(call_by(client))) as pages:
            assert next(pages).request.index == 0
        assert client.lengths == {}


def test_an_async_walk_that_is_closed_early_tells_nothing() -> None:
    async def look() -> None:
        transport = httpx2.MockTransport(Listing(60))
        async with AsyncHttpClient("http://api.test", transport=transport) as client:
            async with contextlib.aclosing(aiter(call_by(client))) as pages:
                assert (await anext(pages)).request.index == 0
            assert client.lengths == {}

    asyncio.run(look())


@pytest.mark.parametrize("overlap", [0, 2])
def test_pages_of_a_size_that_only_the_first_one_tells_are_asked_for_behind_it(
    driver: Driver, overlap: int
) -> None:
    api = Listing(40)

    def capped(request: httpx2.Request) -> httpx2.Response:
        url = request.url.copy_set_param("limit", min(5, int(request.url.params["limit"])))
        return api(httpx2.Request("GET", url))

    call = call_of(driver, capped, total="count", limit=100, overlap=overlap)
    for _ in range(2):
        assert ids(driver.pages(call)) == list(range(40))


@pytest.mark.parametrize("length", range(1, 26))
def test_a_listing_of_another_length_than_the_one_before_comes_whole(driver: Driver, length: int) -> None:
    api = Listing(26)
    call = call_of(driver, api, total=None)
    driver.pages(call)
    asked = len(api.asked)
    api.data = list(rows(0, length))
    found = driver.pages(call)
    assert ids(found) == list(range(length))
    assert len(api.asked) - asked <= len(found) + WIDTH - 1


@given(
    st.integers(0, 60),
    st.integers(1, 9),
    st.sampled_from([{}, {"total": "total"}, {"pages": "pages"}]),
    st.integers(1, 9),
    st.integers(0, 30),
)
def test_any_expectation_gives_exactly_the_rows_by_number(
    length: int, limit: int, counts: dict[str, Any], width: int, expected: int
) -> None:
    def respond(request: PageRequest) -> View:
        start = (request.params["page"] - 1) * limit
        doc = {"total": length, "pages": -(-length // limit)}
        return View(request, list(rows(0, length))[start : start + limit], doc)

    how = PageNumberPaginator(limit=limit, identity="id", **counts)
    found = walked(how, respond, width=width, expected=expected)
    assert [row["id"] for row in found] == list(range(length))


@pytest.mark.parametrize("status", [400, 404, 416])
def test_what_is_answered_beyond_the_end_does_not_matter(driver: Driver, status: int) -> None:
    api, beyond = Listing(60), threading.Event()

    def refusing(request: httpx2.Request) -> httpx2.Response:
        offset = int(request.url.params["offset"])
        if offset > len(api.data):
            beyond.set()
            return httpx2.Response(status)
        if offset + 5 > len(api.data) and driver.kind is SyncHttpClient:
            beyond.wait(5)  # the other client cancels them before they are sent
        return api(request)

    breaker = CircuitBreaker(failure_threshold=1)
    client = driver.client(
        "http://api.test", transport=httpx2.MockTransport(refusing), circuit_breaker=breaker
    )
    call = call_by(client)
    for length in (60, 8, 60, 12):
        api.data = list(rows(0, length))
        assert ids(driver.pages(call)) == list(range(length))
    assert beyond.is_set() or driver.kind is AsyncHttpClient


# -- what is kept


def test_nothing_that_was_decoded_of_a_page_is_kept_once_its_reader_lets_go() -> None:
    pages = []
    with SyncHttpClient("http://api.test", transport=httpx2.MockTransport(Listing(60))) as client:
        for page in call_by(client):
            assert page.items
            page.let_go()
            pages.append(page)
    assert len(pages) == 20
    assert not any(vars(each).keys() & {"doc", "all_items", "items"} for each in pages)


@pytest.mark.parametrize("at", range(7))
def test_one_row_that_differs_makes_another_page(at: int) -> None:
    repeats, before = Repeats(), list(range(7))
    after = [*before[:at], 99, *before[at + 1 :]]
    assert repeats.of(View(PageRequest(0), before)) is None
    assert repeats.of(View(PageRequest(1), after)) is None
    assert repeats.of(View(PageRequest(2), after)) == 1  # at once


def test_the_page_before_is_known_again_at_once() -> None:
    repeats = Repeats()
    found = [repeats.of(View(PageRequest(index), [min(index, 5)])) for index in range(7)]
    assert found == [None] * 6 + [5]


def test_a_page_that_comes_again_is_noticed_after_its_reader_has_let_go_of_it() -> None:
    api = Listing(60)

    def circle(request: httpx2.Request) -> httpx2.Response:
        url = request.url.copy_set_param("offset", int(request.url.params["offset"]) % 20)
        return api(httpx2.Request("GET", url))

    def read() -> None:
        with SyncHttpClient("http://api.test", transport=httpx2.MockTransport(circle)) as client:
            how = OffsetPaginator(limit=5, overlap=0)
            for page in client.pages("GET", "/rows", reads=ApiRow, items="rows", paginator=how):
                page.let_go()

    with pytest.raises(PaginationError, match="repeats page"):
        read()
