"""A route is a generator over the same policy: it looks at each answer before it says what to ask next."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx2
import pytest

from tests.http_tools.driving import Driver
from tidegate.contracts.base import ReadContract
from tidegate.http_tools.calls import Call, Page
from tidegate.http_tools.exceptions import ContractError, NotFoundError, PaginationError
from tidegate.http_tools.pagination import Ask, Odd, PageRequest, PageView, Rows, Steps

FULL = 4


class ApiBook(ReadContract):
    id: int


def call_of(
    driver: Driver, api: Callable[[httpx2.Request], httpx2.Response], route: Callable[[], Steps], **how: Any
) -> Call[ApiBook]:
    client = driver.client("http://api.test", transport=httpx2.MockTransport(api))
    return client.pages("GET", "/books", reads=ApiBook, items="books", route=route, **how)


def ids(pages: list[Page[ApiBook]]) -> list[int]:
    return [model.id for page in pages for model in page.parse()]


# -- one by one (Titelive answers 404 to a list with one unknown number in it)


def one_by_one(numbers: list[int], at_once: int) -> Steps:
    for first in range(0, len(numbers), at_once):
        some = numbers[first : first + at_once]
        page = yield Ask({"ean": some})
        if page.status_code != 404:
            yield page
            continue
        for number in some if len(some) > 1 else []:
            page = yield Ask({"ean": [number]})
            if page.status_code != 404:
                yield page


class Books:
    def __init__(self, *unknown: int) -> None:
        self.unknown = unknown
        self.asked: list[list[int]] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append([int(each) for each in request.url.params.get_list("ean")])
        if any(each in self.unknown for each in self.asked[-1]):
            return httpx2.Response(404, json={"message": "not found"})
        return httpx2.Response(200, json={"books": [{"id": each} for each in self.asked[-1]]})


def test_a_404_that_is_data_is_followed_by_one_request_each(driver: Driver) -> None:
    api = Books(4, 8)
    call = call_of(driver, api, partial(one_by_one, list(range(9)), 3), accept={404})
    pages = driver.pages(call)
    assert ids(pages) == [0, 1, 2, 3, 5, 6, 7]
    assert api.asked == [[0, 1, 2], [3, 4, 5], [3], [4], [5], [6, 7, 8], [6], [7], [8]]
    assert [page.request.index for page in pages] == [0, 2, 4, 6, 7]


def test_a_404_that_is_not_accepted_is_an_error_of_its_page(driver: Driver) -> None:
    call = call_of(driver, Books(4), partial(one_by_one, list(range(9)), 3))
    with pytest.raises(NotFoundError) as caught:
        driver.pages(call)
    assert caught.value.page == 1


# -- rows that the route finds itself (a numbered object, one object, an answer that says "gone")


def shelf(numbers: list[int]) -> Steps:
    page = yield Ask({"ean": numbers})
    found = [] if page.status_code == 404 else page.doc["books"]
    yield Rows(page, found)
    for number in [number for number in numbers if page.status_code == 404]:
        alone = yield Ask({"ean": [number]})
        row = {"id": -number} if alone.status_code == 404 else alone.doc["books"][0]
        yield Rows(alone, [row])


def test_a_route_gives_rows_that_no_body_holds(driver: Driver) -> None:
    call = call_of(driver, Books(4), partial(shelf, [3, 4, 5]), accept={404})
    pages = driver.pages(call)
    assert ids(pages) == [3, -4, 5]
    assert [page.items for page in pages] == [[], [{"id": 3}], [{"id": -4}], [{"id": 5}]]
    assert pages[2].body == b'{"message":"not found"}'
    assert pages[2].content == b'{"books":[{"id":-4}]}'


def test_rows_of_a_route_that_break_the_contract_are_named(driver: Driver) -> None:
    def broken() -> Steps:
        page = yield Ask({"ean": [1]})
        yield Rows(page, [{"id": 1}, {"number": 2}])

    (page,) = driver.pages(call_of(driver, Books(), broken))
    with pytest.raises(ContractError, match=r"row 1, ApiBook field id"):
        page.parse()


def test_rows_belong_to_the_page_that_was_given_last(driver: Driver) -> None:
    def late() -> Steps:
        first = yield Ask({"ean": [1]})
        yield Ask({"ean": [2]})
        yield Rows(first, [])

    with pytest.raises(PaginationError, match="the page that it was given last"):
        driver.pages(call_of(driver, Books(), late))


# -- bisecting (SendGrid gives at most so many rows of a window)


def bisect(start: int, end: int) -> Steps:
    page = yield Ask({"from": start, "to": end})
    if len(page.all_items) < FULL:
        yield page
    elif end - start == 1:
        raise PaginationError(f"more than {FULL} rows at {start}")
    else:
        yield from bisect(start, (start + end) // 2)
        yield from bisect((start + end) // 2, end)


class Window:
    def __init__(self, at: list[int]) -> None:
        self.at = at
        self.asked: list[tuple[int, int]] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        start, end = int(request.url.params["from"]), int(request.url.params["to"])
        self.asked.append((start, end))
        found = [each for each in self.at if start <= each < end]
        return httpx2.Response(200, json={"books": [{"id": each} for each in found[:FULL]]})


def test_a_window_that_came_back_full_is_halved(driver: Driver) -> None:
    api = Window([0, 1, 2, 3, 4, 10, 11, 60, 61, 62, 63])
    assert ids(driver.pages(call_of(driver, api, partial(bisect, 0, 64)))) == api.at
    assert api.asked[:3] == [(0, 64), (0, 32), (0, 16)]
    assert len(set(api.asked)) == len(api.asked)


def test_an_error_of_the_route_says_which_listing_it_is_about(driver: Driver) -> None:
    call = call_of(driver, Window([5] * 9), partial(bisect, 0, 8))
    with pytest.raises(PaginationError, match=r"GET /books: more than 4 rows at 5"):
        driver.pages(call)


# -- the rules


def test_a_route_that_asks_nothing_is_an_empty_listing(driver: Driver) -> None:
    def nothing() -> Steps:
        yield from ()

    assert driver.pages(call_of(driver, Books(), nothing)) == []


def twice() -> Steps:
    page = yield Ask({"ean": [1]})
    yield page
    yield page


def another() -> Steps:
    first = yield Ask({"ean": [1]})
    yield Ask({"ean": [2]})
    yield first


@pytest.mark.parametrize("steps", [twice, another])
def test_a_page_is_yielded_once_and_before_the_next_is_asked_for(
    driver: Driver, steps: Callable[[], Steps]
) -> None:
    with pytest.raises(PaginationError, match="the page that it was given last"):
        driver.pages(call_of(driver, Books(), steps))


def test_a_route_may_follow_links_and_send_bodies(driver: Driver) -> None:
    sent: list[tuple[str, bytes]] = []

    def api(request: httpx2.Request) -> httpx2.Response:
        sent.append((request.url.path, request.content))
        return httpx2.Response(200, json={"books": [{"id": len(sent)}]})

    def steps() -> Steps:
        yield (yield Ask(url="/elsewhere/1"))
        yield (yield Ask(body={"a": 1}))

    client = driver.client("http://api.test/v1", transport=httpx2.MockTransport(api))
    call = client.pages("POST", "/books", reads=ApiBook, items="books", route=steps, json={"b": 2})
    assert ids(driver.pages(call)) == [1, 2]
    assert sent == [("/elsewhere/1", b'{"b":2}'), ("/v1/books", b'{"b":2,"a":1}')]


def test_a_call_with_a_route_may_be_iterated_again(driver: Driver) -> None:
    call = call_of(driver, Books(), partial(one_by_one, [1, 2, 3], 2))
    assert ids(driver.pages(call)) == ids(driver.pages(call)) == [1, 2, 3]


def test_a_route_is_described_by_its_name_and_what_is_bound_to_it(driver: Driver) -> None:
    call = call_of(driver, Books(), partial(partial(bisect, 0), end=64))
    assert call.describe()["paginator"] == {
        "kind": "RoutePaginator",
        "steps": "bisect",
        "arguments": {"0": 0, "end": 64},
    }


def test_a_route_sees_the_page_as_the_walk_does(driver: Driver) -> None:
    seen: list[PageView] = []

    def steps() -> Steps:
        seen.append((yield Ask({"ean": [7]})))

    assert driver.pages(call_of(driver, Books(), steps)) == []
    (page,) = seen
    assert (page.status_code, page.all_items, page.doc) == (200, [{"id": 7}], {"books": [{"id": 7}]})
    assert page.url == "http://api.test/books?ean=7"


def test_what_is_odd_is_a_warning_and_the_listing_not_whole(
    driver: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    def odd() -> Steps:
        page = yield Ask()
        yield Odd("half of it is missing")
        yield page

    call = call_of(driver, lambda _: httpx2.Response(200, json={"books": [{"id": 1}]}), odd)
    with caplog.at_level(logging.WARNING):
        assert ids(driver.pages(call)) == [1]
    assert caplog.messages == ["GET /books: half of it is missing"]
    plan = call.paginator.plan(1)
    plan.saw(Page(call, PageRequest(0), b'{"books": [{"id": 1}]}'))
    assert not plan.is_whole()
