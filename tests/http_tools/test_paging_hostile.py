"""Whatever a server answers, a walk ends: with all pages, or with an error that says why."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.http_tools.driving import Driver
from tests.http_tools.plans import View, walked
from tidegate.contracts.base import ReadContract
from tidegate.http_tools.clients import AsyncHttpClient, SyncHttpClient
from tidegate.http_tools.exceptions import HttpClientError, PaginationError
from tidegate.http_tools.pagination import (
    CursorPaginator,
    IdAfterPaginator,
    LinkHeaderPaginator,
    NextUrlPaginator,
    OffsetPaginator,
    PageNumberPaginator,
    PageRequest,
    Paginator,
)
from tidegate.http_tools.pagination.links import link_of
from tidegate.http_tools.pagination.reading import MISSING, Repeats, dig

URL = "http://api.test/rows"
PAGINATORS: list[Paginator] = [
    OffsetPaginator(3, total="total", identity="id"),
    OffsetPaginator(3, overlap=0, total="total"),
    OffsetPaginator(3),
    PageNumberPaginator(limit=3, total="total", identity="id"),
    PageNumberPaginator(pages="pages"),
    PageNumberPaginator(),
    CursorPaginator("next"),
    CursorPaginator("next", limit=3, more="more"),
    NextUrlPaginator("next"),
    NextUrlPaginator("next", more="more"),
    LinkHeaderPaginator(),
    IdAfterPaginator(limit=3),
    IdAfterPaginator(more="more", ordered=False),
    IdAfterPaginator(descending=True),
]

_scalars = st.one_of(st.none(), st.booleans(), st.integers(-3, 9), st.floats(), st.text(max_size=3))
_rows = st.lists(st.one_of(st.fixed_dictionaries({"id": st.integers(0, 6)}), _scalars), max_size=4)
_links = st.sampled_from(
    ["?page=1", "?page=2", "?page=3", "/other", "x/../rows?page=1", "#a", URL, "http://[", ""]
)
_pages = st.fixed_dictionaries(
    {"rows": _rows},
    optional={
        "total": st.one_of(_scalars, st.integers(0, 40)),
        "pages": st.one_of(_scalars, st.integers(0, 12)),
        "next": st.one_of(_links, _scalars, st.lists(_scalars, max_size=1)),
        "more": _scalars,
        "link": st.builds('<{}>; rel="next"'.format, _links),
    },
)  # fmt: skip


class Hostile:
    """Answers from a few pages, chosen by what is asked, and by how often it was asked before if it is moody.

    Of a server that goes on inventing new rows no walk can tell that it will not end: this one has only so
    many pages, as a real listing has.
    """

    def __init__(self, pages: list[dict[str, Any]], *, moody: bool) -> None:
        self.pages, self.moody, self.asked = pages, moody, 0

    def __call__(self, request: PageRequest) -> View:
        self.asked += 1
        key = json.dumps([sorted(request.params.items()), request.url], default=str)
        turn = self.asked if self.moody else sum(key.encode())
        page = self.pages[turn % len(self.pages)]
        url = request.url or f"{URL}?{key}"
        return View(request, page["rows"], page, url=url, headers={"link": page.get("link", "")})


@pytest.mark.parametrize("paginator", PAGINATORS, ids=repr)
@settings(max_examples=80)
@given(st.lists(_pages, min_size=1, max_size=6), st.booleans(), st.integers(1, 9), st.integers(0, 20))
def test_a_walk_ends_whatever_is_answered(
    paginator: Paginator, pages: list[dict[str, Any]], moody: bool, width: int, expected: int
) -> None:
    with suppress(PaginationError):
        walked(paginator, Hostile(pages, moody=moody), width=width, expected=expected)


@pytest.mark.parametrize(
    "paginator", [CursorPaginator("next", more="more"), NextUrlPaginator("next", more="more")]
)
def test_new_pages_without_a_row_end_though_more_is_promised(paginator: Paginator) -> None:
    def promise(request: PageRequest) -> View:
        doc = {"next": f"?page={request.index + 1}", "more": True}
        return View(request, [], doc, url=request.url or URL)

    with pytest.raises(PaginationError, match="in a row without a row: it has no end"):
        walked(paginator, promise)


@given(st.integers(1, 30), st.integers(0, 30))
def test_any_circle_of_pages_is_noticed_within_a_few_rounds(length: int, lead: int) -> None:
    repeats = Repeats()
    for index in range(5 * (length + lead) + 5):
        at = index if index < lead else lead + (index - lead) % length
        if repeats.of(View(PageRequest(index), [at])) is not None:
            assert index >= lead
            return
    pytest.fail("it went on")


@given(st.lists(st.lists(st.integers(0, 1000), min_size=1, max_size=3), max_size=40, unique_by=tuple))
def test_pages_that_differ_are_no_circle(pages: list[list[int]]) -> None:
    repeats = Repeats()
    assert all(repeats.of(View(PageRequest(index), rows)) is None for index, rows in enumerate(pages))


@given(st.text())
def test_reading_a_link_header_never_raises(header: str) -> None:
    found = link_of(header, "next")
    assert found is None or found in header


@given(st.text(alphabet='<>;,="\\ relnxt', max_size=200))
def test_reading_a_nasty_link_header_takes_no_time(header: str) -> None:
    link_of(header * 20, "next")


@pytest.mark.parametrize("piece", ["<", '<>\\"', '<a>;a="\\', ";", ';a="', '<a>;a=b "', "<a>;a "])
def test_reading_a_link_header_takes_time_by_its_length_alone(piece: str) -> None:
    def took_s(header: str) -> float:
        began = time.process_time()
        link_of(header, "next")
        return time.process_time() - began

    short, long = piece * (20_000 // len(piece)), piece * (320_000 // len(piece))
    # by its square it would be 256 times
    assert took_s(long) < 80 * max(min(took_s(short) for _ in range(3)), 0.001)


@given(st.recursive(_scalars, lambda inner: st.one_of(
    st.lists(inner, max_size=3), st.dictionaries(st.text("ab.0", max_size=3), inner, max_size=3)
)), st.text("ab.0", max_size=6))  # fmt: skip
def test_reading_a_path_never_raises(doc: Any, path: str) -> None:
    dig(doc, path)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a", {"b": [1, {"c": 2}], "b.x": 3}),
        ("a.b.1.c", 2),
        ("a.b.x", 3),
        ("d.e", 4),
        ("a.b.7", MISSING),
        ("a.z", MISSING),
        ("f", None),
    ],
)
def test_a_path_leads_into_a_body(path: str, value: Any) -> None:
    doc = {"a": {"b": [1, {"c": 2}], "b.x": 3}, "d.e": 4, "f": None}
    assert dig(doc, path) == value


class ApiRow(ReadContract):
    id: int


def outcome(kind: type, paginator: Paginator, respond: Callable[[httpx2.Request], httpx2.Response]) -> Any:
    """The rows of a walk, or the error it ends with, as one client gives them."""
    driver = Driver(kind)
    try:
        client = driver.client("http://api.test", transport=httpx2.MockTransport(respond), width=3)
        call = client.pages("GET", "/rows", reads=ApiRow, items="rows", paginator=paginator)
        return [row for page in driver.pages(call) for row in page.items]
    except HttpClientError as error:
        return type(error), str(error), error.page
    finally:
        driver.close()


_good_pages = st.fixed_dictionaries(
    {"rows": st.lists(st.fixed_dictionaries({"id": st.integers(0, 60)}), max_size=4)},
    optional={"total": st.integers(0, 20), "next": _links, "more": st.booleans()},
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PAGINATORS), st.lists(_good_pages, min_size=1, max_size=5))
def test_both_clients_give_the_same_rows_or_the_same_error(
    paginator: Paginator, pages: list[dict[str, Any]]
) -> None:
    def respond(request: httpx2.Request) -> httpx2.Response:
        page = pages[sum(request.url.query) % len(pages)]
        headers = {"Link": f'<{page["next"]}>; rel="next"'} if "next" in page else {}
        return httpx2.Response(200, json=page, headers=headers)

    assert outcome(SyncHttpClient, paginator, respond) == outcome(AsyncHttpClient, paginator, respond)
