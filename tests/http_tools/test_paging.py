"""Every row of a listing comes once and in order, or the walk says why not."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.http_tools.driving import Driver, at_once, rows
from tests.http_tools.loopback import Answer, Loopback, Seen, as_json
from tests.http_tools.plans import View
from tidegate.contracts.base import ReadContract
from tidegate.http_tools.calls import Call, Page, walk
from tidegate.http_tools.clients import HttpClient, SyncHttpClient
from tidegate.http_tools.drivers import Stop
from tidegate.http_tools.events import Event, Sent, Waiting
from tidegate.http_tools.exceptions import (
    ClientClosedError,
    ContractError,
    ListingMovedError,
    PaginationError,
    RateLimitError,
)
from tidegate.http_tools.pagination import OffsetPaginator, PagePlan, PageRequest, PageView, SinglePage
from tidegate.http_tools.policy import Terms
from tidegate.http_tools.rate_limiters import SlidingWindowLimiter
from tidegate.utils.errors import ExitCode


class ApiRow(ReadContract):
    id: int
    name: str = ""


Respond = Callable[[dict[str, str]], httpx2.Response]


class Listing:
    """An API with `limit` and `offset` in memory. `before(asked)` may change `data` as it is read."""

    def __init__(self, total: int, *, count: str | None = "count", empty: Any = None) -> None:
        self.data = list(rows(0, total))
        self.count, self.empty = count, empty
        self.asked: list[int] = []
        self.told: int | None = None  # a count that is not that of the rows
        self.before: Callable[[int], None] = lambda _: None
        self._lock = threading.Lock()

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        limit, offset = int(request.url.params["limit"]), int(request.url.params["offset"])
        with self._lock:
            self.before(len(self.asked))
            self.asked.append(offset)
            shown = self.data[offset : offset + limit]
            if not shown and self.empty is not None:
                return httpx2.Response(200, json=self.empty)
            return httpx2.Response(
                200, json={"rows": shown} | ({self.count: self.told or len(self.data)} if self.count else {})
            )

    @property
    def starts(self) -> int:
        return self.asked.count(0)


def call_of(
    driver: Driver,
    api: Callable[[httpx2.Request], httpx2.Response],
    *,
    width: int = 8,
    ends: bool = False,
    **how: Any,
) -> Call[ApiRow]:
    client = driver.client("http://api.test", transport=httpx2.MockTransport(api), width=width)
    paginator = OffsetPaginator(**{"limit": 5, "identity": "id", **how})
    return client.pages(
        "GET", "/rows", reads=ApiRow, items="rows", paginator=paginator, empty_object_ends=ends
    )


def ids(pages: list[Page[ApiRow]]) -> list[int]:
    read = [model.id for page in pages for model in page.parse()]
    assert read == [row["id"] for page in pages for row in page.items]
    return read


# -- all rows, once, in order


@pytest.mark.parametrize("total", ["count", None])
@pytest.mark.parametrize("width", [1, 8])
def test_a_listing_of_any_length_gives_exactly_its_rows(
    driver: Driver, total: str | None, width: int
) -> None:
    for length in range(61):
        api = Listing(length, count=total)
        pages = driver.pages(call_of(driver, api, total=total, width=width))
        assert ids(pages) == list(range(length)), length
        assert [page.request.index for page in pages] == list(range(len(pages)))
        needed = len(pages)
        assert len(api.asked) <= needed + (0 if total else width), length
        assert len(set(api.asked)) == len(api.asked)


def test_a_listing_of_the_length_of_the_one_before_costs_no_request_too_many(driver: Driver) -> None:
    api = Listing(60)
    call = call_of(driver, api, total=None)
    assert ids(driver.pages(call)) == list(range(60))
    needed, first = 20, len(api.asked)
    assert first >= needed  # it was not known where it ends
    assert ids(driver.pages(call)) == list(range(60))
    assert len(api.asked) - first == needed
    del api.data[30:]
    assert ids(driver.pages(call)) == list(range(30))
    api.data = [{"id": number} for number in range(100)]
    assert ids(driver.pages(call)) == list(range(100))


@given(
    st.integers(0, 80),
    st.integers(1, 9),
    st.data(),
    st.sampled_from(["count", None]),
    st.integers(1, 9),
    st.integers(0, 30),
)
def test_any_limit_overlap_and_width_give_exactly_the_rows(
    length: int, limit: int, data: st.DataObject, total: str | None, width: int, expected: int
) -> None:
    overlap = data.draw(st.integers(0, limit - 1))
    api = Listing(length, count=total)
    how = OffsetPaginator(limit=limit, overlap=overlap, total=total, identity="id")
    assert [row["id"] for row in walked(api, how, width, expected)] == list(range(length))


def walked(api: Listing, how: OffsetPaginator, width: int, expected: int) -> list[Any]:
    """The rows of a walk without client and threads."""
    with SyncHttpClient("http://api.test") as client:
        call = client.pages("GET", "/rows", reads=ApiRow, items="rows", paginator=how)
        plan, queue, found, asked = how.plan(width), list[PageRequest](), list[Any](), 0
        plan.expect(expected)
        while True:
            while len(queue) < width and (request := plan.take()) is not None:
                queue.append(request)
            if not queue:
                assert plan.is_whole() is (plan.warnings() == [])
                assert all("no count of rows and no seam" in warning for warning in plan.warnings())
                assert bool(plan.warnings()) is (asked > 1 and how.total is None and not how.overlap)
                return found
            request, asked = queue.pop(0), asked + 1
            sent = client.build_request("GET", "/rows", request.params)
            page = Page(call, request, api(sent).content)
            plan.saw(page)
            found += page.items
            queue = [each for each in queue if not plan.beyond(each.index)]


@pytest.mark.parametrize("length", [5, 8, 10, 11, 20])
def test_a_full_last_page_is_followed_by_its_seam_alone(driver: Driver, length: int) -> None:
    api = Listing(length)
    pages = driver.pages(call_of(driver, api, total="count"))
    assert ids(pages) == list(range(length))
    full = (length - 2) % 3 == 0
    assert len(api.asked) == max(1, -(-(length - 2) // 3)) + full


def test_a_total_that_is_too_low_at_the_end_of_a_full_page_loses_no_row(driver: Driver) -> None:
    api = Listing(58, count="low")
    api.told = 5
    assert ids(driver.pages(call_of(driver, api, total="low"))) == list(range(58))


@pytest.mark.parametrize("total", ["count", None])
def test_an_empty_listing_is_one_page_without_rows(driver: Driver, total: str | None) -> None:
    api = Listing(0, count=total)
    (page,) = driver.pages(call_of(driver, api, total=total))
    assert (page.items, page.parse(), len(api.asked)) == ([], [], 1)


@pytest.mark.parametrize(("length", "offsets"), [(4, [0]), (7, [0, 3])])
def test_a_short_listing_without_a_total_costs_no_request_too_many(
    driver: Driver, length: int, offsets: list[int]
) -> None:
    api = Listing(length, count=None)
    assert ids(driver.pages(call_of(driver, api))) == list(range(length))
    assert api.asked == offsets


def test_pages_come_in_order_though_answers_do_not(driver: Driver, server: Loopback) -> None:
    finished: list[int] = []

    def answer(seen: Seen) -> Answer:
        offset = int(seen.query["offset"])
        time.sleep(0.05 if (offset // 3) % 2 else 0.0)
        finished.append(offset)
        return as_json({"rows": list(rows(offset, min(40, offset + 5))), "count": 40})

    server.by = answer
    client = driver.client(server.url)
    call = client.pages("GET", "/r", reads=ApiRow, items="rows", paginator=OffsetPaginator(5, total="count"))
    assert ids(driver.pages(call)) == list(range(40))
    assert finished != sorted(finished)


def test_a_page_may_take_several_attempts(driver: Driver) -> None:
    api = Listing(60)
    failed: set[str] = set()

    def flaky(request: httpx2.Request) -> httpx2.Response:
        offset = request.url.params["offset"]
        if offset not in failed and len(failed) < 8:  # more would spend the retry budget
            failed.add(offset)
            return httpx2.Response(503)
        return api(request)

    assert ids(driver.pages(call_of(driver, flaky, total="count"))) == list(range(60))


def test_parameters_of_the_call_go_with_every_page(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: as_json({"rows": list(rows(0, 3)), "count": 3})
    client = driver.client(server.url)
    paginator = OffsetPaginator(5, total="count", limit_param="size", offset_param="from")
    call = client.pages(
        "GET", "/r?fixed=1", reads=ApiRow, items="rows", paginator=paginator, params={"sort": "asc"}
    )
    driver.pages(call)
    assert server.seen[0].query == {"fixed": "1", "sort": "asc", "size": "5", "from": "0"}


# -- the end, and what is no end


@pytest.mark.parametrize("index", [0, 3])
def test_an_empty_object_ends_a_listing_where_said(driver: Driver, index: int) -> None:
    api = Listing(index * 5, count=None, empty={})
    assert ids(driver.pages(call_of(driver, api, overlap=0, ends=True))) == list(range(index * 5))
    with pytest.raises(ContractError, match=f"GET /rows page {index}: the key 'rows' is missing") as caught:
        driver.pages(call_of(driver, api, overlap=0))
    assert caught.value.page == index


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b'{"contacts": [], "count": 0}', "missing from the body: an object with the keys contacts, count"),
        (b"{}", "the key 'rows' is missing from the body: an object with the keys (none)"),
        (b"[]", "the key 'rows' is missing from the body: a list"),
        (b"null", "the key 'rows' is missing from the body: null"),
        (b'{"rows": null}', "the key 'rows' holds null, not a list"),
        (b'{"rows": {"id": 1}}', "the key 'rows' holds an object with the keys id, not a list"),
        (b'{"rows": "none"}', "the key 'rows' holds a string, not a list"),
        (b"<html>Bad gateway</html>", "the body is not JSON"),
        (b"", "the body is not JSON"),
        (b'{"rows": [', "the body is not JSON"),
        (b"\xff\xfe", "the body is not JSON"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("ends", [False, True])
def test_a_body_of_another_shape_is_no_empty_listing(
    driver: Driver, body: bytes, complaint: str, ends: bool
) -> None:
    if ends and body == b"{}":
        return
    call = call_of(driver, lambda _: httpx2.Response(200, content=body), ends=ends)
    with pytest.raises(ContractError) as caught:
        driver.pages(call)
    assert complaint in str(caught.value)
    assert str(caught.value).startswith("GET /rows page 0: ")
    assert (caught.value.page, caught.value.exit_code) == (0, ExitCode.FAILED)


def test_a_list_at_the_root_is_read_as_rows(driver: Driver) -> None:
    client = driver.client(
        "http://api.test",
        transport=httpx2.MockTransport(lambda _: httpx2.Response(200, json=list(rows(0, 3)))),
    )
    (page,) = driver.pages(client.call("GET", "/rows", reads=ApiRow))
    assert [row.id for row in page.parse()] == [0, 1, 2]
    (page,) = driver.pages(client.call("GET", "/rows", reads=ApiRow, items="rows"))
    with pytest.raises(ContractError, match="the key 'rows' is missing"):
        page.parse()


def test_an_api_that_ignores_the_limit_is_an_error(driver: Driver) -> None:
    call = call_of(driver, lambda _: httpx2.Response(200, json={"rows": list(rows(0, 50))}))
    with pytest.raises(PaginationError, match=r"GET /rows.*asked for 5 rows, the page has 50") as caught:
        driver.pages(call)
    assert caught.value.page == 0


@pytest.mark.parametrize("overlap", [0, 2])
def test_an_api_that_ignores_the_offset_never_walks_for_ever(driver: Driver, overlap: int) -> None:
    call = call_of(driver, lambda _: httpx2.Response(200, json={"rows": list(rows(0, 5))}), overlap=overlap)
    with pytest.raises(PaginationError):
        driver.pages(call)


# -- the total


def test_a_total_that_grows_is_followed(driver: Driver) -> None:
    api = Listing(12)

    def grow(asked: int) -> None:
        if asked in (1, 6):
            api.data += rows(len(api.data), len(api.data) + 15)

    api.before = grow
    assert ids(driver.pages(call_of(driver, api, total="count"))) == list(range(42))


@pytest.mark.parametrize(("said", "there"), [(30, 20), (19, 23), (100, 4), (0, 3)])
def test_a_total_that_does_not_fit_is_told(driver: Driver, said: int, there: int) -> None:
    api = Listing(there, count=None)

    def wrong(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json={**api(request).json(), "count": said})

    call = call_of(driver, wrong, total="count")
    plan = call.paginator.plan(8)
    assert ids(list(walk(call, call.fetch, plan=plan))) == list(range(there))
    assert plan.warnings() == [f"the API counts {said} rows and sent {there}"]
    assert plan.is_whole() is (said < there)


@pytest.mark.parametrize("overlap", [0, 2])
@pytest.mark.parametrize("length", [4, 5, 9, 10, 40, 41])
def test_a_limit_that_the_api_caps_loses_nothing_where_a_total_is_known(
    driver: Driver, overlap: int, length: int
) -> None:
    api = Listing(length)

    def capped(request: httpx2.Request) -> httpx2.Response:
        url = request.url.copy_set_param("limit", min(5, int(request.url.params["limit"])))
        return api(httpx2.Request("GET", url))

    call = call_of(driver, capped, total="count", limit=100, overlap=overlap)
    assert ids(driver.pages(call)) == list(range(length))


@pytest.mark.parametrize("overlap", [0, 2])
def test_a_page_longer_than_a_first_one_that_was_short_is_an_error(driver: Driver, overlap: int) -> None:
    api = Listing(40)

    def moody(request: httpx2.Request) -> httpx2.Response:
        limit = 4 if request.url.params["offset"] == "0" else 5
        return api(httpx2.Request("GET", request.url.copy_set_param("limit", limit)))

    with pytest.raises(PaginationError, match="has 5 and the first page 4"):
        driver.pages(call_of(driver, moody, total="count", overlap=overlap))


def test_what_is_odd_about_a_listing_is_logged(driver: Driver, caplog: pytest.LogCaptureFixture) -> None:
    api = Listing(20)
    api.told = 30
    with caplog.at_level(logging.WARNING, "tidegate.http"):
        driver.pages(call_of(driver, api, total="count"))
    (record,) = caplog.records
    assert record.getMessage() == "GET /rows: the API counts 30 rows and sent 20"
    assert vars(record)["event"] == "listing_odd"


def test_a_total_that_fits_is_not_worth_a_word(driver: Driver) -> None:
    call = call_of(driver, Listing(23), total="count")
    plan = call.paginator.plan(8)
    list(walk(call, call.fetch, plan=plan))
    assert plan.warnings() == []


@pytest.mark.parametrize("overlap", [0, 2])
@pytest.mark.parametrize("said", [0, 5, 8, 20])
def test_rows_beyond_the_total_are_not_lost(driver: Driver, said: int, overlap: int) -> None:
    api = Listing(40, count=None)

    def low(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json={**api(request).json(), "count": said})

    found = ids(driver.pages(call_of(driver, low, total="count", overlap=overlap)))
    assert found == list(range(len(found)))
    # without a seam a total that stands exactly at the end of a page is believed
    believed = overlap == 0 and said in (5, 20)
    assert len(found) == (said if believed else 40)


def test_a_total_that_is_written_as_text_is_used(driver: Driver) -> None:
    api = Listing(40, count=None)

    def text(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json={**api(request).json(), "count": "40"})

    assert ids(driver.pages(call_of(driver, text, total="count", overlap=0))) == list(range(40))
    assert len(api.asked) == 8  # and none behind the end


@pytest.mark.parametrize("said", [None, "many", True, [1], -3, 1.5, "-3", "inf"])
def test_a_total_that_is_no_number_is_not_used(driver: Driver, said: Any) -> None:
    api = Listing(23, count=None)

    def odd(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json={**api(request).json(), "count": said})

    assert ids(driver.pages(call_of(driver, odd, total="count"))) == list(range(23))


# -- a listing that moves


def remove_first(data: list[Any]) -> None:
    del data[0]


def insert_first(data: list[Any]) -> None:
    data.insert(0, {"id": -1, "name": "new"})


@pytest.mark.parametrize("move", [remove_first, insert_first])
@pytest.mark.parametrize("identity", ["id", None])
@pytest.mark.parametrize("width", [1, 8])
def test_a_row_that_moves_the_seam_is_noticed(
    driver: Driver, move: Callable[[list[Any]], None], identity: str | None, width: int
) -> None:
    api = Listing(40)
    api.before = lambda asked: move(api.data) if asked == 1 else None
    with pytest.raises(ListingMovedError, match=r"^GET /rows.*page 1 does not join page 0") as caught:
        driver.pages(call_of(driver, api, total="count", identity=identity, width=width))
    assert (caught.value.page, caught.value.exit_code) == (1, ExitCode.TRY_AGAIN)


def test_a_row_put_in_behind_what_was_read_moves_nothing(driver: Driver) -> None:
    api = Listing(20)
    api.before = lambda asked: api.data.append({"id": len(api.data)}) if asked == 2 else None
    assert ids(driver.pages(call_of(driver, api, total="count"))) == list(range(21))


def test_a_row_that_only_changes_moves_nothing_where_rows_have_an_identity(driver: Driver) -> None:
    api = Listing(20)

    def edit(asked: int) -> None:
        api.data[3] = {"id": 3, "name": f"edited {asked}"}

    api.before = edit
    assert ids(driver.pages(call_of(driver, api, total="count"))) == list(range(20))
    with pytest.raises(ListingMovedError):
        driver.pages(call_of(driver, api, total="count", identity=None))


def test_a_listing_that_shrinks_under_the_walk_is_noticed(driver: Driver) -> None:
    api = Listing(40)
    api.before = lambda asked: api.data.clear() if asked == 3 else None
    with pytest.raises(ListingMovedError):
        driver.pages(call_of(driver, api, total="count", width=1))


def test_a_total_below_one_that_stood_before_the_page_was_asked_for_means_a_move() -> None:
    plan = OffsetPaginator(5, overlap=0, total="count").plan(4)

    def see(request: PageRequest | None, count: int) -> None:
        assert request is not None
        at = request.index * 5
        plan.saw(View(request, list(rows(at, at + 5)), {"count": count}))

    see(plan.take(), 40)
    second, third = plan.take(), plan.take()
    see(second, 45)
    see(third, 41)  # under way together with the one before: their answers tell no order
    with pytest.raises(ListingMovedError, match="it was shorter at page 3"):
        see(plan.take(), 42)


def test_json_starts_over_when_the_listing_moves(driver: Driver) -> None:
    api = Listing(40)
    api.before = lambda asked: remove_first(api.data) if asked == 1 else None
    assert [row["id"] for row in call_of(driver, api, total="count").json()] == list(range(1, 40))
    assert api.starts == 2


def test_json_gives_a_restless_listing_up_after_three_starts(driver: Driver) -> None:
    api = Listing(200)
    api.before = lambda _: insert_first(api.data)
    with pytest.raises(ListingMovedError):
        call_of(driver, api, total="count").json()
    assert api.starts == 3


# -- walks


def test_send_gives_the_raw_answer_of_the_first_page(driver: Driver) -> None:
    api = Listing(40)
    assert call_of(driver, api, total="count").send().json()["count"] == 40
    assert api.asked == [0]


def test_a_call_sends_nothing_before_it_is_iterated(driver: Driver) -> None:
    api = Listing(40)
    call = call_of(driver, api)
    iter(call)
    aiter(call)
    assert call.describe()["url"] == "http://api.test/rows"
    assert not api.asked


def test_a_call_may_be_iterated_again(driver: Driver) -> None:
    call = call_of(driver, Listing(12), total="count")
    assert ids(driver.pages(call)) == ids(driver.pages(call))


def test_a_walk_takes_its_pages_from_wherever_it_is_told() -> None:
    with SyncHttpClient("http://api.test") as client:
        paginator = OffsetPaginator(5, total="count")
        call = client.pages("GET", "/rows", reads=ApiRow, items="rows", paginator=paginator)
        api, logged = Listing(23), list[int]()

        def from_log(request: PageRequest, terms: Terms, stop: Stop) -> Page[ApiRow]:
            logged.append(request.index)
            return Page(call, request, api(client.build_request("GET", "/rows", request.params)).content)

        assert ids(list(walk(call, from_log))) == list(range(23))
        assert sorted(logged) == list(range(8))  # the last page is full: the one behind it is the seam alone


def test_no_more_pages_are_under_way_than_the_width() -> None:
    under_way, most, lock = 0, 0, threading.Lock()
    api = Listing(100)

    def slow(request: httpx2.Request) -> httpx2.Response:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.005)
        with lock:
            under_way -= 1
        return api(request)

    with SyncHttpClient("http://api.test", transport=httpx2.MockTransport(slow), width=3) as client:
        paginator = OffsetPaginator(5, total="count")
        call = client.pages("GET", "/rows", reads=ApiRow, items="rows", paginator=paginator)
        assert len(list(call)) == 33
    assert most == 3


def test_pages_ahead_are_bounded_while_the_reader_is_slow(driver: Driver) -> None:
    api = Listing(300)
    if driver.kind is not SyncHttpClient:
        return
    for page in call_of(driver, api, total="count", width=4):
        time.sleep(0.005)
        assert len(api.asked) <= page.request.index + 1 + 4
        if page.request.index == 10:
            break


class Noting(PagePlan):
    """A walk that notes what is taken of it."""

    def __init__(self, plan: PagePlan, taken: list[int]) -> None:
        self.plan, self.taken = plan, taken

    def take(self) -> PageRequest | None:
        request = self.plan.take()
        if request is not None:
            self.taken.append(request.index)
        return request

    def saw(self, page: PageView) -> None:
        self.plan.saw(page)


def test_a_walk_that_waits_for_quota_asks_no_further_ahead() -> None:
    api, taken = Listing(300), list[int]()
    waits, may_go = threading.Event(), threading.Event()
    with SyncHttpClient("http://api.test", width=4) as client:
        paginator = OffsetPaginator(5, total="count")
        call = client.pages("GET", "/rows", reads=ApiRow, items="rows", paginator=paginator)

        def fetch(request: PageRequest, terms: Terms, stop: Stop) -> Page[ApiRow]:
            if request.index == 3:
                terms.listener(Waiting("GET /rows", 60))
                waits.set()
                may_go.wait(30)
                terms.listener(Sent("GET /rows"))
            elif request.index > 0:
                waits.wait(30)
            return Page(call, request, api(client.build_request("GET", "/rows", request.params)).content)

        pages = walk(call, fetch, plan=Noting(call.paginator.plan(4), taken))
        assert [next(pages).request.index for _ in range(3)] == [0, 1, 2]
        assert max(taken) <= 4  # what was under way when the wait began
        may_go.set()
        assert [next(pages).request.index for _ in range(3)] == [3, 4, 5]
        pages.close()


def test_a_listing_comes_whole_through_a_quota(driver: Driver) -> None:
    waits: list[Event] = []
    client = driver.client(
        "http://api.test",
        transport=httpx2.MockTransport(Listing(40)),
        rate_limiter=SlidingWindowLimiter(4, 0.2),
    )
    paginator = OffsetPaginator(5, total="count")
    call = client.pages("GET", "/rows", reads=ApiRow, items="rows", paginator=paginator)
    pages = driver.pages(call.under(Terms(listener=waits.append)))
    assert ids(pages) == list(range(40))
    assert any(isinstance(each, Waiting) for each in waits)


def test_the_terms_of_a_call_bind_all_its_pages(driver: Driver) -> None:
    busy = httpx2.MockTransport(lambda _: httpx2.Response(429, headers={"Retry-After": "30"}))
    client = driver.client("http://api.test", transport=busy, retry_strategy=at_once())
    call = client.call("GET", "/rows", reads=ApiRow).under(Terms(max_wait_s=1))
    with pytest.raises(RateLimitError) as caught:
        driver.pages(call)
    assert caught.value.page == 0


def test_a_walk_can_be_stopped_from_outside() -> None:
    stop = Stop()
    api = Listing(300)
    client = SyncHttpClient("http://api.test", transport=httpx2.MockTransport(api))
    paginator = OffsetPaginator(5, total="count")
    call = client.pages("GET", "/rows", reads=ApiRow, items="rows", paginator=paginator)
    pages = walk(call, call.fetch, stop=stop)
    next(pages)
    stop.set()
    with pytest.raises(ClientClosedError):
        list(pages)
    assert not client.stop.is_set()
    client.close()


def test_a_description_names_what_is_asked_and_no_credential(driver: Driver) -> None:
    client = driver.client("http://api.test/v3", headers={"X-Token": "hunter3hunter3"})
    call = client.pages(
        "GET",
        "/rows",
        reads=ApiRow,
        items="rows",
        params={"a": True},
        headers={"X-Own": "hunter4hunter4"},
        paginator=OffsetPaginator(5),
    )
    described = json.dumps(call.describe())
    assert "hunter" not in described
    assert json.loads(described) == {
        "account": None,
        "method": "GET",
        "url": "http://api.test/v3/rows",
        "headers": json.loads(described)["headers"],
        "params": {"a": "true"},
        "body": None,
        "items": "rows",
        "empty_object_ends": False,
        "accept": [],
        "paginator": {
            "kind": "OffsetPaginator", "limit": 5, "overlap": 2, "identity": None, "total": None,
            "limit_param": "limit", "offset_param": "offset",
        },
    }  # fmt: skip
    assert client.call("GET", "/x", reads=ApiRow).describe()["paginator"] == {"kind": "SinglePage"}


@pytest.mark.parametrize(("limit", "overlap"), [(5, 5), (2, 2), (5, -1), (0, 0)])
def test_an_overlap_that_leaves_no_step_is_refused(limit: int, overlap: int) -> None:
    with pytest.raises(ValueError, match="overlap"):
        OffsetPaginator(limit=limit, overlap=overlap)


def test_one_request_is_one_page(driver: Driver) -> None:
    client: HttpClient = driver.client(
        "http://api.test", transport=httpx2.MockTransport(lambda _: httpx2.Response(200, json=[]))
    )
    call = client.call("GET", "/x", reads=ApiRow)
    assert call.paginator == SinglePage()
    assert len(driver.pages(call)) == 1
