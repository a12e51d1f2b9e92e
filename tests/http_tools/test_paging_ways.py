"""Each way of paging gives every row once, ends where the listing ends, and says so where it goes wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.http_tools.driving import Driver, rows
from tests.http_tools.loopback import Loopback, Seen, as_json
from tidegate.contracts.base import ReadContract
from tidegate.http_tools.auth import APIKeyAuthManager
from tidegate.http_tools.calls import Call, Page, walk
from tidegate.http_tools.exceptions import (
    ContractError,
    CrossOriginError,
    ListingMovedError,
    PaginationError,
)
from tidegate.http_tools.pagination import (
    CursorPaginator,
    IdAfterPaginator,
    LinkHeaderPaginator,
    NextUrlPaginator,
    OffsetPaginator,
    PageNumberPaginator,
    Paginator,
)

API = "http://api.test/v3"
Api = Callable[[httpx2.Request], httpx2.Response]


class ApiRow(ReadContract):
    id: int
    name: str = ""


def call_of(
    driver: Driver, api: Api, paginator: Paginator, *, width: int = 8, items: str | None = "rows", **how: Any
) -> Call[ApiRow]:
    client = driver.client(API, transport=httpx2.MockTransport(api), width=width)
    return client.pages("GET", "/rows", reads=ApiRow, items=items, paginator=paginator, **how)


def ids(pages: list[Page[ApiRow]]) -> list[int]:
    read = [model.id for page in pages for model in page.parse()]
    assert read == [row["id"] for page in pages for row in page.items]
    return read


def answer(shown: list[Any], headers: dict[str, str] | None = None, **more: Any) -> httpx2.Response:
    return httpx2.Response(200, json={"rows": shown, **more}, headers=headers)


class Paged:
    """An API in memory that pages every way at once. `asked` are the query parameters of each request."""

    def __init__(self, total: int, size: int = 5) -> None:
        self.data = list(rows(0, total))
        self.size = size
        self.asked: list[dict[str, str]] = []
        self.before: Callable[[int], object] = lambda _: None

    def _begin(self, request: httpx2.Request) -> httpx2.QueryParams:
        self.before(len(self.asked))
        self.asked.append(dict(request.url.params))
        return request.url.params

    def by_number(self, request: httpx2.Request) -> httpx2.Response:
        at = (int(self._begin(request)["page"]) - 1) * self.size
        pages = -(-len(self.data) // self.size)
        counts = {"meta": {"count": len(self.data), "pages": pages}}
        headers = {"X-Total": str(len(self.data)), "X-Total-Pages": str(pages)}
        return answer(self.data[at : at + self.size], headers, **counts)

    def _follow(self, request: httpx2.Request) -> tuple[list[Any], int | None]:
        at = int(self._begin(request).get("at", "0"))
        after = at + self.size
        return self.data[at:after], after if after < len(self.data) else None

    def by_cursor(self, request: httpx2.Request) -> httpx2.Response:
        shown, after = self._follow(request)
        return answer(shown, meta={"next": after and str(after), "more": after is not None})

    def by_url(self, request: httpx2.Request) -> httpx2.Response:
        shown, after = self._follow(request)
        return answer(shown, links={"next": after and f"{API}/rows?at={after}"})

    def by_link(self, request: httpx2.Request) -> httpx2.Response:
        shown, after = self._follow(request)
        link = f'<{API}/rows?at=0>; rel="first"'
        link += f', <{API}/rows?at={after}>; title="a, b"; rel="next last"' if after else ""
        return answer(shown, {"Link": link})

    def by_id(self, request: httpx2.Request) -> httpx2.Response:
        after = int(self._begin(request).get("after_id", "-1"))
        return answer([row for row in self.data if row["id"] > after][: self.size])


WAYS: dict[str, tuple[Callable[[Paged], Api], Paginator]] = {
    "number": (lambda api: api.by_number, PageNumberPaginator(limit=5)),
    "number-unsized": (lambda api: api.by_number, PageNumberPaginator()),
    "number-total": (lambda api: api.by_number, PageNumberPaginator(limit=5, total="meta.count")),
    "number-total-unsized": (lambda api: api.by_number, PageNumberPaginator(total="meta.count")),
    "number-pages": (lambda api: api.by_number, PageNumberPaginator(pages="meta.pages")),
    "number-header": (lambda api: api.by_number, PageNumberPaginator(total="header:X-Total")),
    "number-pages-header": (lambda api: api.by_number, PageNumberPaginator(pages="header:x-total-pages")),
    "cursor": (lambda api: api.by_cursor, CursorPaginator("meta.next", param="at")),
    "cursor-more": (lambda api: api.by_cursor, CursorPaginator("meta.next", param="at", more="meta.more")),
    "url": (lambda api: api.by_url, NextUrlPaginator("links.next")),
    "link": (lambda api: api.by_link, LinkHeaderPaginator()),
    "id": (lambda api: api.by_id, IdAfterPaginator(limit=5)),
    "id-unsized": (lambda api: api.by_id, IdAfterPaginator()),
}
each_way = pytest.mark.parametrize("way", WAYS)


@each_way
@pytest.mark.parametrize("width", [1, 8])
def test_a_listing_of_any_length_gives_exactly_its_rows(driver: Driver, way: str, width: int) -> None:
    ask, paginator = WAYS[way]
    for length in [0, 1, 4, 5, 6, 9, 10, 11, 31]:
        api = Paged(length)
        call = call_of(driver, ask(api), paginator, width=width)
        pages = driver.pages(call)
        assert ids(pages) == list(range(length)), length
        assert [page.request.index for page in pages] == list(range(len(pages)))


@each_way
def test_a_walk_that_went_well_has_nothing_to_warn_of(driver: Driver, way: str) -> None:
    if driver.kind.__name__ != "SyncHttpClient":
        return
    ask, paginator = WAYS[way]
    call = call_of(driver, ask(Paged(23)), paginator)
    plan = paginator.plan(8)
    assert len(ids(list(walk(call, call.fetch, plan=plan)))) == 23
    blind = isinstance(paginator, PageNumberPaginator) and paginator.total is None
    assert plan.is_whole() is not blind
    assert ["no count of rows" in warning for warning in plan.warnings()] == [True] * blind


@each_way
def test_an_api_that_always_gives_the_same_page_is_an_error(driver: Driver, way: str) -> None:
    same = answer(
        list(rows(0, 5)),
        {"Link": f'<{API}/rows?at=5>; rel="next"'},
        meta={"next": "5", "more": True},
        links={"next": f"{API}/rows?at=5"},
    )
    with pytest.raises(PaginationError, match="GET /rows"):
        driver.pages(call_of(driver, lambda _: same, WAYS[way][1]))


def many(count: int) -> list[Any]:
    return list(rows(0, count))


# -- page numbers


def asked_pages(api: Paged) -> list[int]:
    return [int(each["page"]) for each in api.asked]


def test_page_numbers_go_out_with_their_size_and_begin_where_told(driver: Driver) -> None:
    api = Paged(3)
    call_of(driver, api.by_number, PageNumberPaginator(limit=5, limit_param="pageSize", first=1)).json()
    assert api.asked == [{"page": "1", "pageSize": "5"}]
    asked: list[str] = []

    def from_zero(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.params["page"])
        return answer([])

    driver.pages(call_of(driver, from_zero, PageNumberPaginator(first=0)))
    assert asked == ["0"]


@pytest.mark.parametrize("how", [{"total": "meta.count"}, {"pages": "meta.pages"}])
def test_a_known_end_is_reached_without_a_page_too_many(driver: Driver, how: dict[str, str]) -> None:
    api = Paged(40)
    assert ids(driver.pages(call_of(driver, api.by_number, PageNumberPaginator(**how)))) == list(range(40))  # type: ignore[arg-type]
    assert sorted(asked_pages(api)) == list(range(1, 9))


def test_pages_by_number_come_in_order_though_answers_do_not(driver: Driver, server: Loopback) -> None:
    def slow_at_odd(seen: Seen) -> Any:
        number = int(seen.query["page"])
        body = {"rows": list(rows(number * 5, number * 5 + 5)), "pages": 8}
        return as_json(body, delay_s=0.05 if number % 2 else 0.0)

    server.by = slow_at_odd
    paginator = PageNumberPaginator(pages="pages")
    call = driver.client(server.url).pages("GET", "/", reads=ApiRow, items="rows", paginator=paginator)
    assert ids(driver.pages(call)) == list(range(5, 45))


def test_a_size_that_the_api_caps_loses_nothing_where_a_total_is_known(driver: Driver) -> None:
    api = Paged(23, size=5)  # asked for 100 a page
    paginator = PageNumberPaginator(limit=100, total="meta.count")
    assert ids(driver.pages(call_of(driver, api.by_number, paginator))) == list(range(23))


def test_a_total_that_shrinks_by_number_means_a_moved_listing(driver: Driver) -> None:
    api = Paged(40)
    api.before = lambda asked: api.data.pop(0) if asked == 3 else None
    paginator = PageNumberPaginator(limit=5, total="meta.count")
    with pytest.raises(ListingMovedError, match=r"GET /rows.*it was shorter"):
        driver.pages(call_of(driver, api.by_number, paginator, width=1))


def test_a_number_of_pages_that_shrinks_means_a_moved_listing(driver: Driver) -> None:
    api = Paged(41)
    api.before = lambda asked: api.data.pop(0) if asked == 3 else None
    paginator = PageNumberPaginator(limit=5, pages="meta.pages")
    with pytest.raises(ListingMovedError, match=r"GET /rows.*it was shorter"):
        driver.pages(call_of(driver, api.by_number, paginator, width=1))


@pytest.mark.parametrize("width", [1, 8])
def test_rows_that_vanish_unseen_are_warned_of_where_nothing_can_show_them(
    driver: Driver, width: int
) -> None:
    api = Paged(40)
    api.before = lambda asked: api.data.pop(0) if asked == 3 else None
    call = call_of(driver, api.by_number, PageNumberPaginator(limit=5), width=width)
    plan = call.paginator.plan(width)
    assert (
        len(ids(list(walk(call, call.fetch, plan=plan)))) < 40
    )  # one of those that are still there is missing
    (warning,) = plan.warnings()
    assert "a row that vanished while it was read may have hidden another one" in warning
    assert not plan.is_whole()


@pytest.mark.parametrize("rows_there", [0, 4])
def test_a_listing_of_one_page_has_nothing_to_hide(driver: Driver, rows_there: int) -> None:
    call = call_of(driver, Paged(rows_there).by_number, PageNumberPaginator(limit=5))
    plan = call.paginator.plan(8)
    list(walk(call, call.fetch, plan=plan))
    assert (plan.warnings(), plan.is_whole()) == ([], True)


def test_a_total_that_grows_by_number_is_followed_and_told(driver: Driver) -> None:
    api = Paged(12)
    api.before = lambda asked: api.data.extend(rows(len(api.data), 20)) if asked == 1 else None
    call = call_of(driver, api.by_number, PageNumberPaginator(limit=5, total="meta.count"), width=1)
    plan = call.paginator.plan(1)
    assert ids(list(walk(call, call.fetch, plan=plan))) == list(range(20))
    assert plan.warnings() == ["the API counted 12 rows at first, 20 at last"]
    assert plan.is_whole()


def test_a_row_put_in_before_is_noticed_by_its_identity(driver: Driver) -> None:
    api = Paged(40)
    api.before = lambda asked: api.data.insert(0, {"id": -1}) if asked == 1 else None
    paginator = PageNumberPaginator(limit=5, identity="id")
    with pytest.raises(ListingMovedError, match="page 1 has a row of page 0"):
        driver.pages(call_of(driver, api.by_number, paginator, width=1))


@pytest.mark.parametrize("count", [None, "many", True, [1], -3, 1e308, 0])
def test_a_count_that_is_none_is_not_used(driver: Driver, count: Any) -> None:
    def odd(request: httpx2.Request) -> httpx2.Response:
        at = int(request.url.params["page"]) * 5 - 5
        return answer(many(23)[at : at + 5], total=count, pages=count)

    for how in ({"total": "total"}, {"pages": "pages"}):
        paginator = PageNumberPaginator(limit=5, **how)  # type: ignore[arg-type]
        assert ids(driver.pages(call_of(driver, odd, paginator))) == list(range(23))


@pytest.mark.parametrize(("said", "sent"), [(9, 2), (1, 1)])
def test_pages_that_did_not_come_are_told(driver: Driver, said: int, sent: int) -> None:
    def api(request: httpx2.Request) -> httpx2.Response:
        at = int(request.url.params["page"]) * 5 - 5
        return answer(many(sent * 5)[at : at + 5], pages=said)

    call = call_of(driver, api, PageNumberPaginator(limit=5, pages="pages"))
    plan = call.paginator.plan(1)
    assert len(ids(list(walk(call, call.fetch, plan=plan)))) == sent * 5
    # the empty page that showed it counts as sent
    told = [warning for warning in plan.warnings() if "no count of rows" not in warning]
    assert told == ([f"the API counts {said} pages and sent {sent + 1}"] if said > sent else [])


def test_a_short_page_ends_the_walk_where_no_number_says_otherwise(driver: Driver) -> None:
    api = Paged(9)
    assert len(ids(driver.pages(call_of(driver, api.by_number, PageNumberPaginator(limit=5), width=1)))) == 9
    assert asked_pages(api) == [1, 2]


# -- cursors


def test_a_short_page_ends_a_walk_by_cursor_only_where_the_size_is_given(driver: Driver) -> None:
    def short(request: httpx2.Request) -> httpx2.Response:
        at = int(request.url.params.get("cursor", "0"))
        return answer(list(rows(at, at + 3)), next=at + 3 if at < 9 else None)

    assert ids(driver.pages(call_of(driver, short, CursorPaginator("next")))) == list(range(12))
    assert ids(driver.pages(call_of(driver, short, CursorPaginator("next", limit=5)))) == [0, 1, 2]


@pytest.mark.parametrize("end", [None, "", False, ...])
def test_a_missing_cursor_ends_the_walk(driver: Driver, end: Any) -> None:
    body = {} if end is ... else {"next": end}
    assert ids(driver.pages(call_of(driver, lambda _: answer(many(2), **body), CursorPaginator("next")))) == [
        0,
        1,
    ]


def test_an_empty_page_ends_the_walk_though_it_has_a_cursor(driver: Driver) -> None:
    assert not ids(driver.pages(call_of(driver, lambda _: answer([], next="x"), CursorPaginator("next"))))


def test_an_empty_page_in_the_middle_is_passed_where_the_api_says_that_more_follows(driver: Driver) -> None:
    def sparse(request: httpx2.Request) -> httpx2.Response:
        at = int(request.url.params.get("cursor", "0"))
        return answer([{"id": at}] if at % 3 == 0 else [], next=at + 1, more=at < 7)

    found = ids(driver.pages(call_of(driver, sparse, CursorPaginator("next", more="more"))))
    assert found == [0, 3, 6]


@pytest.mark.parametrize("no", [False, None, 0, "", "false", "0"])
def test_more_is_denied_in_every_spelling(driver: Driver, no: Any) -> None:
    call = call_of(driver, lambda _: answer(many(2), next="x", more=no), CursorPaginator("next", more="more"))
    assert ids(driver.pages(call)) == [0, 1]


def test_a_cursor_may_stand_in_a_header_and_is_kept_with_its_page(driver: Driver) -> None:
    def api(request: httpx2.Request) -> httpx2.Response:
        at = int(request.url.params.get("cursor", "0"))
        return answer([{"id": at}], {"X-Next": str(at + 1)} if at < 3 else {})

    pages = driver.pages(call_of(driver, api, CursorPaginator("header:X-Next")))
    assert ids(pages) == [0, 1, 2, 3]
    assert [page.kept for page in pages] == [*({"h": {"x-next": str(each)}} for each in (1, 2, 3)), {}]


def test_more_that_leads_nowhere_is_an_error(driver: Driver) -> None:
    call = call_of(driver, lambda _: answer(many(2), more=True), CursorPaginator("next", more="more"))
    with pytest.raises(PaginationError, match="more follows, and not where"):
        driver.pages(call)
    call = call_of(driver, lambda _: answer(many(2), next="x"), CursorPaginator("next", more="more"))
    with pytest.raises(PaginationError, match="'more' is missing"):
        driver.pages(call)


@pytest.mark.parametrize("cursor", [{"a": 1}, [1], 1.5, True])
def test_a_cursor_of_another_kind_is_an_error(driver: Driver, cursor: Any) -> None:
    call = call_of(driver, lambda _: answer(many(2), next=cursor), CursorPaginator("next"))
    with pytest.raises(PaginationError, match="no text or number"):
        driver.pages(call)


def test_a_cursor_that_comes_again_is_an_error_at_once(driver: Driver) -> None:
    asked: list[str] = []

    def circle(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.params.get("cursor", ""))
        at = len(asked)
        return answer([{"id": at}], next={"": "a", "a": "b", "b": "a"}[asked[-1]])

    with pytest.raises(PaginationError, match=r"GET /rows: page 2 leads back .* goes in a circle") as caught:
        driver.pages(call_of(driver, circle, CursorPaginator("next")))
    assert (asked, caught.value.page) == (["", "a", "b"], 2)


def test_new_cursors_that_bring_the_same_rows_are_an_error(driver: Driver) -> None:
    asked: list[str] = []

    def inventive(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        return answer([{"id": len(asked) % 3}], next=f"c{len(asked)}")

    with pytest.raises(PaginationError, match="has the very rows of page"):
        driver.pages(call_of(driver, inventive, CursorPaginator("next")))
    assert len(asked) < 12


def test_a_cursor_may_go_into_the_body(driver: Driver) -> None:
    sent: list[Any] = []

    def search(request: httpx2.Request) -> httpx2.Response:
        sent.append(json.loads(request.content))
        at = sent[-1].get("after", 0)
        return answer(list(rows(at, at + 2)), paging={"after": at + 2 if at < 4 else None})

    client = driver.client(API, transport=httpx2.MockTransport(search))
    paginator = CursorPaginator("paging.after", "after", limit=2, limit_param="limit", where="body")
    call = client.pages(
        "POST", "/search", reads=ApiRow, items="rows", json={"filter": 1}, paginator=paginator
    )
    assert ids(driver.pages(call)) == list(range(6))
    assert sent == [
        {"filter": 1, "limit": 2},
        {"filter": 1, "limit": 2, "after": 2},
        {"filter": 1, "limit": 2, "after": 4},
    ]


def test_a_key_with_a_dot_in_it_is_found(driver: Driver) -> None:
    def graph(request: httpx2.Request) -> httpx2.Response:
        if "skip" in request.url.params:
            return httpx2.Response(200, json={"rows": [{"id": 1}]})
        return httpx2.Response(200, json={"rows": [{"id": 0}], "@odata.nextLink": f"{API}/rows?skip=1"})

    assert ids(driver.pages(call_of(driver, graph, NextUrlPaginator("@odata.nextLink")))) == [0, 1]


# -- links


def test_a_relative_link_is_joined_to_the_page_that_it_stands_on(driver: Driver, server: Loopback) -> None:
    links = {
        "/v3/rows/list?sort=asc": "?page=2",
        "/v3/rows/list?page=2": "more?page=3#top",
        "/v3/rows/more?page=3": "/v3/rows/list?page=4",
        "/v3/rows/list?page=4": "../rest",
        "/v3/rest": None,
    }
    server.by = lambda seen: as_json(
        {"rows": [{"id": list(links).index(seen.target)}], "next": links[seen.target]}
    )
    client = driver.client(server.url + "/v3")
    call = client.pages(
        "GET",
        "/rows/list",
        reads=ApiRow,
        items="rows",
        params={"sort": "asc"},
        paginator=NextUrlPaginator("next"),
    )
    assert ids(driver.pages(call)) == [0, 1, 2, 3, 4]
    assert [seen.target for seen in server.seen] == list(links)


def test_a_relative_link_behind_a_redirect_is_joined_to_where_it_led(
    driver: Driver, server: Loopback
) -> None:
    def moved(seen: Seen) -> Any:
        if seen.path == "/old/rows":
            return as_json({}, status=307, headers={"Location": "/new/rows?page=1"})
        number = int(seen.query["page"])
        return as_json({"rows": [{"id": number}], "next": "?page=2" if number == 1 else None})

    server.by = moved
    call = driver.client(server.url).pages(
        "GET", "/old/rows", reads=ApiRow, items="rows", paginator=NextUrlPaginator("next")
    )
    assert ids(driver.pages(call)) == [1, 2]
    assert [seen.target for seen in server.seen] == ["/old/rows", "/new/rows?page=1", "/new/rows?page=2"]


KEY = "a-key-for-one-origin-only"


@pytest.mark.parametrize("kind", ["body", "header"])
@pytest.mark.parametrize(
    "spelling", ["http://{other}/rows", "//{other}/rows", "http://127.0.0.1@{other}/rows"]
)
def test_a_next_link_to_another_host_is_refused_and_nothing_is_sent_there(
    driver: Driver, server: Loopback, elsewhere: Loopback, kind: str, spelling: str
) -> None:
    link = spelling.format(other=elsewhere.url.removeprefix("http://"))
    server.by = lambda _: as_json(
        {"rows": [{"id": 1}], "next": link}, headers={"Link": f'<{link}>; rel="next"'}
    )
    paginator = NextUrlPaginator("next") if kind == "body" else LinkHeaderPaginator()
    for auth in (APIKeyAuthManager(KEY), None):
        client = driver.client(server.url, auth_manager=auth, headers={"X-Token": KEY})
        call = client.pages("GET", "/rows", reads=ApiRow, items="rows", paginator=paginator)
        with pytest.raises(CrossOriginError) as caught:
            driver.pages(call)
        assert caught.value.page == 1
    assert not elsewhere.seen


def test_a_next_link_to_an_allowed_host_carries_no_credential(
    driver: Driver, server: Loopback, elsewhere: Loopback
) -> None:
    server.by = lambda _: as_json({"rows": [{"id": 1}], "next": elsewhere.url + "/rows"})
    elsewhere.by = lambda _: as_json({"rows": [{"id": 2}]})
    for base, auth in ((server.url, APIKeyAuthManager(KEY)), ("", None)):
        client = driver.client(base, auth_manager=auth, allowed_origins=[elsewhere.url])
        call = client.pages(
            "GET",
            server.url + "/rows",
            reads=ApiRow,
            items="rows",
            params={"secret": KEY},
            headers={"X-Own": KEY},
            paginator=NextUrlPaginator("next"),
        )
        assert ids(driver.pages(call)) == [1, 2]
    assert len(elsewhere.seen) == 2
    assert KEY not in repr(elsewhere.seen)


@pytest.mark.parametrize(
    "query",
    [f"key={KEY}&key={KEY}", f"a={KEY}&a=b", f"a=b&a={KEY}", KEY, f"{KEY}=1", f"x=%{ord(KEY[0]):x}{KEY[1:]}"],
)
def test_a_link_that_repeats_a_credential_is_kept_without_it(driver: Driver, query: str) -> None:
    def echo(request: httpx2.Request) -> httpx2.Response:
        following = None if "page" in request.url.params else f"{API}/rows?tag=1&{query}&tag=2&page=2"
        return answer(many(1) if following else [{"id": 1}], next=following)

    client = driver.client(
        API, transport=httpx2.MockTransport(echo), auth_manager=APIKeyAuthManager(KEY, query="key")
    )
    call = client.pages("GET", "/rows", reads=ApiRow, items="rows", paginator=NextUrlPaginator("next"))
    _, second = driver.pages(call)
    assert KEY not in json.dumps(second.kept)
    asked = httpx2.URL(second.kept["a"]).params
    assert (asked.get_list("tag"), asked["page"]) == (["1", "2"], "2")


def test_without_a_base_url_a_next_link_elsewhere_is_refused(
    driver: Driver, server: Loopback, elsewhere: Loopback
) -> None:
    server.by = lambda _: as_json({"rows": [{"id": 1}], "next": elsewhere.url + "/rows"})
    call = driver.client(headers={"X-Token": KEY}).pages(
        "GET", server.url + "/rows", reads=ApiRow, items="rows", paginator=NextUrlPaginator("next")
    )
    with pytest.raises(CrossOriginError, match="another origin; nothing was sent there"):
        driver.pages(call)
    assert not elsewhere.seen


def test_a_next_link_never_falls_from_https_to_http(driver: Driver) -> None:
    transport = httpx2.MockTransport(lambda _: answer(many(1), next="http://api.test/rows?page=2"))
    for base, url in (("https://api.test", "/rows"), ("", "https://api.test/rows")):
        client = driver.client(base, transport=transport)
        call = client.pages("GET", url, reads=ApiRow, items="rows", paginator=NextUrlPaginator("next"))
        with pytest.raises(CrossOriginError, match="https never falls back to http"):
            driver.pages(call)


@pytest.mark.parametrize("link", ["http://[::1", "http://a:99999/", "http://\u2603.example/x", "/\0"])
def test_a_malformed_link_is_an_error(driver: Driver, link: str) -> None:
    call = call_of(driver, lambda _: answer(many(1), next=link), NextUrlPaginator("next"))
    with pytest.raises((PaginationError, CrossOriginError)):
        driver.pages(call)


@pytest.mark.parametrize("paginator", [NextUrlPaginator("next", limit=5), LinkHeaderPaginator(limit=5)])
def test_a_short_page_ends_a_walk_along_links_where_the_size_is_given(
    driver: Driver, paginator: Paginator
) -> None:
    asked: list[int] = []

    def api(request: httpx2.Request) -> httpx2.Response:
        at = int(request.url.params.get("at", "0"))
        asked.append(at)
        link = f"{API}/rows?at={at + 5}"
        return answer(many(8)[at : at + 5], {"Link": f'<{link}>; rel="next"'}, next=link)

    assert ids(driver.pages(call_of(driver, api, paginator))) == list(range(8))
    assert asked == [0, 5]


@pytest.mark.parametrize("link", [5, ["a"], {"href": "x"}, True])
def test_a_link_of_another_kind_is_an_error(driver: Driver, link: Any) -> None:
    call = call_of(driver, lambda _: answer(many(1), next=link), NextUrlPaginator("next"))
    with pytest.raises(PaginationError, match="not a link"):
        driver.pages(call)


def test_a_link_back_to_the_first_page_is_noticed_there(driver: Driver) -> None:
    asked: list[str] = []

    def circle(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        following = f"{API}/rows?page=2" if len(asked) % 2 else f"{API}/rows?sort=asc"
        return answer([{"id": len(asked)}], next=following)

    call = call_of(driver, circle, NextUrlPaginator("next"), params={"sort": "asc"})
    with pytest.raises(PaginationError, match="page 1 leads back"):
        driver.pages(call)
    assert len(asked) == 2


def test_a_fragment_makes_no_other_page(driver: Driver) -> None:
    call = call_of(driver, lambda _: answer(many(1), next="#rest"), NextUrlPaginator("next"))
    with pytest.raises(PaginationError, match="page 0 leads back"):
        driver.pages(call)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ('<https://a.b/x?p=2>; rel="next"', "https://a.b/x?p=2"),
        ("<x>; rel=next", "x"),
        ('<a>; rel="prev", <b>; rel="NEXT last"', "b"),
        ('<a,b;c>; title="x; rel=\\"prev\\", y"; rel="next"', "a,b;c"),
        ('<a>;rel="next";rel="prev"', "a"),
        ('<a>; rel="nextish"', None),
        ('<a>; anchor="#x"; rel="next"', None),
        ("", None),
        ("<a; rel=next", None),
        ('<>; rel="next"', ""),
    ],
)  # fmt: skip
def test_a_link_header_is_read_as_its_rfc_says(header: str, found: str | None) -> None:
    from tidegate.http_tools.pagination.links import link_of

    assert link_of(header, "next") == found


# -- ids


def test_ids_that_do_not_progress_are_an_error(driver: Driver) -> None:
    for shown in ([3, 2], [1, 1], [5, 1, 9]):
        page = answer([{"id": each} for each in shown])
        with pytest.raises(PaginationError, match="does not come after the one before it") as caught:
            driver.pages(call_of(driver, lambda _, page=page: page, IdAfterPaginator()))  # type: ignore[misc]
        assert caught.value.page == 0


def test_ids_may_fall_where_that_is_said(driver: Driver) -> None:
    def newest_first(request: httpx2.Request) -> httpx2.Response:
        before = int(request.url.params.get("before", "10"))
        return answer([{"id": each} for each in range(before - 1, max(-1, before - 4), -1)])

    paginator = IdAfterPaginator(param="before", descending=True)
    assert ids(driver.pages(call_of(driver, newest_first, paginator))) == list(range(9, -1, -1))


@pytest.mark.parametrize("row", [{}, {"id": None}, {"id": {}}, {"id": True}, {"id": ""}, "text", None])
def test_a_row_without_an_id_is_an_error(driver: Driver, row: Any) -> None:
    call = call_of(driver, lambda _: answer([{"id": 1}, row]), IdAfterPaginator())
    with pytest.raises(PaginationError, match="page 0 row 1 has no id"):
        driver.pages(call)


def test_ids_written_as_text_are_compared_as_numbers() -> None:
    from tests.http_tools.plans import View

    plan = IdAfterPaginator(limit=3).plan(1)
    request = plan.take()
    assert request is not None
    plan.saw(View(request, [{"id": "8"}, {"id": "9"}, {"id": "10"}]))
    following = plan.take()
    assert following is not None
    assert following.params == {"limit": 3, "after_id": "10"}


def test_ids_without_an_order_only_may_not_come_again(driver: Driver) -> None:
    following = {None: ["b", "a"], "a": ["z", "c"], "c": []}

    def unordered(request: httpx2.Request) -> httpx2.Response:
        shown = following[request.url.params.get("starting_after")]
        return answer([{"id": each} for each in shown])

    paginator = IdAfterPaginator(param="starting_after", ordered=False)
    call = call_of(driver, unordered, paginator)
    assert [row["id"] for page in driver.pages(call) for row in page.items] == ["b", "a", "z", "c"]
    following["c"] = ["y", "a"]
    with pytest.raises(PaginationError, match="goes in a circle"):
        driver.pages(call)


# -- where rows and totals stand


def gives(body: Any) -> Api:
    return lambda _: httpx2.Response(200, json=body)


def test_rows_may_stand_deeper_in_the_body(driver: Driver) -> None:
    body = {"result": {"data": many(3), "other": 1}, "status": "ok"}
    call = call_of(
        driver, lambda _: httpx2.Response(200, json=body), PageNumberPaginator(limit=5), items="result.data"
    )
    assert ids(driver.pages(call)) == [0, 1, 2]


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({}, "the key 'result.data' is missing from the body: an object with the keys (none)"),
        ({"result": {"a": []}}, "'result.data' is missing from the key 'result': an object with the keys a"),
        ({"result": None}, "the key 'result.data' is missing from the key 'result': null"),
        ({"result": {"data": {}}}, "the key 'result.data' holds an object with the keys (none), not a list"),
    ],
)  # fmt: skip
def test_a_missing_envelope_is_named(driver: Driver, body: Any, complaint: str) -> None:
    call = call_of(
        driver, lambda _: httpx2.Response(200, json=body), PageNumberPaginator(), items="result.data"
    )
    with pytest.raises(ContractError) as caught:
        driver.pages(call)
    assert complaint in str(caught.value)


def test_a_broken_row_deeper_in_the_body_is_named(driver: Driver) -> None:
    body = {"result": {"data": [{"id": 1}, {"id": "x"}]}}
    call = call_of(
        driver, lambda _: httpx2.Response(200, json=body), PageNumberPaginator(limit=5), items="result.data"
    )
    (page,) = driver.pages(call)
    with pytest.raises(ContractError, match=r"row 1.* field id"):
        page.parse()


@pytest.mark.parametrize("total", ["meta.count", "header:X-Total"])
def test_the_total_of_an_offset_listing_may_stand_deeper_or_in_a_header(driver: Driver, total: str) -> None:
    data, asked = many(30), list[int]()

    def api(request: httpx2.Request) -> httpx2.Response:
        at = int(request.url.params["offset"])
        asked.append(at)
        return answer(data[at : at + 5], {"X-Total": "30"}, meta={"count": 30})

    assert ids(driver.pages(call_of(driver, api, OffsetPaginator(5, total=total)))) == list(range(30))
    assert len(asked) == 10


def test_an_offset_listing_without_a_seam_that_shrinks_has_moved(driver: Driver) -> None:
    data, asked = many(40), list[int]()

    def api(request: httpx2.Request) -> httpx2.Response:
        at = int(request.url.params["offset"])
        asked.append(at)
        if len(asked) == 3:
            data.pop(0)
        return answer(data[at : at + 5], count=len(data))

    call = call_of(driver, api, OffsetPaginator(5, overlap=0, total="count"), width=1)
    with pytest.raises(ListingMovedError, match="it was shorter at page 2 than before"):
        driver.pages(call)


def test_a_listing_needs_a_paginator_or_a_route(driver: Driver) -> None:
    with pytest.raises(ValueError, match="either a paginator or a route"):
        driver.client(API).pages("GET", "/rows", reads=ApiRow)
