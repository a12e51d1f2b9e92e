"""The ways in which APIs page, each told from both sides of a route."""

from __future__ import annotations

from typing import Any

import pytest

from tests.authoring.listings.described import (
    FLAG,
    INT,
    ROW,
    TEXT,
    URI,
    endpoint,
    listing_of,
    obj,
    of,
    query,
    rows,
)
from tidegate.authoring.description import Paging, Parameter

NULL_TEXT = {"type": ["string", "null"]}
LIMIT = query("limit", {"type": "integer", "maximum": 100})
OPAQUE = query("cursor", told="An opaque cursor from the previous response.")

STYLES: dict[str, tuple[list[Parameter], Any, Paging]] = {
    "limit and offset with a total": (
        [LIMIT, query("offset", INT)],
        obj(things=rows(), total=INT),
        Paging("offset", "offset", "limit", 100, total="total"),
    ),
    "limit and offset with next and previous links": (
        [LIMIT, query("offset", INT)],
        obj(count={**INT, "description": "Total number of things."}, next=URI, previous=URI, results=rows()),
        Paging("offset", "offset", "limit", 100, total="count"),
    ),
    "page and per_page with a link header": (
        [
            query("page", {"type": "integer", "default": 1}),
            query("per_page", {"type": "integer", "maximum": 100}),
        ],
        rows(),
        Paging("link_header", None, "per_page", 100),
    ),
    "page with a count of pages": (
        [query("page", INT, "Page number, starting at 1."), query("page_size", INT, "Page size (max 250).")],
        obj(data=rows(), meta=obj(total_pages=INT, total_count=INT, current_page=INT)),
        Paging("page_number", "page", "page_size", 250, total="meta.total_count", pages="meta.total_pages"),
    ),
    "page from zero with size": (
        [query("page", INT, "Zero-based page index."), query("size", {"type": "integer", "maximum": 200})],
        obj(content=rows(), totalElements=INT, totalPages=INT, number=INT, last=FLAG, first=FLAG, empty=FLAG),
        Paging("page_number", "page", "size", 200, total="totalElements", pages="totalPages", first=0),
    ),
    "starting_after with has_more": (
        [
            query("starting_after", told="A cursor: an object ID that defines your place in the list."),
            query("ending_before", told="A cursor: an object ID that defines your place in the list."),
            query("limit", INT, "A limit on the number of objects, between 1 and 100, default 10."),
        ],
        obj(object=TEXT, url=TEXT, has_more=FLAG, data=rows()),
        Paging("id_after", "starting_after", "limit", 100),
    ),
    "cursor and next_cursor": (
        [OPAQUE, LIMIT],
        obj(ok=FLAG, things=rows(), response_metadata=obj(next_cursor=TEXT)),
        Paging("cursor", "cursor", "limit", 100, "response_metadata.next_cursor"),
    ),
    "cursor that the body has under the same name": (
        [query("cursor"), LIMIT],
        obj(cursor=TEXT, things=rows(), errors=rows()),
        Paging("cursor", "cursor", "limit", 100, "cursor"),
    ),
    "after in paging.next beside a link": (
        [query("after", told="The paging cursor token of the last successfully read resource."), LIMIT],
        obj(results=rows(), paging=obj(next=obj(after=TEXT, link=TEXT), prev=obj(before=TEXT))),
        Paging("cursor", "after", "limit", 100, "paging.next.after"),
    ),
    "cursors.after": (
        [query("after"), query("before"), LIMIT],
        obj(data=rows(), paging=obj(cursors=obj(before=TEXT, after=TEXT), next=TEXT)),
        Paging("cursor", "after", "limit", 100, "paging.cursors.after"),
    ),
    "page[size] and page[after] with a cursor in meta": (
        [
            query("page[size]", {"type": "integer", "maximum": 100}),
            query("page[after]"),
            query("page[before]"),
        ],
        obj(
            things=rows(), meta=obj(has_more=FLAG, after_cursor=TEXT, before_cursor=TEXT), links=obj(next=URI)
        ),
        Paging("cursor", "page[after]", "page[size]", 100, "meta.after_cursor"),
    ),
    "page[cursor] with a link in links.next": (
        [query("page[cursor]"), query("page[size]", {"type": "integer", "minimum": 1, "maximum": 100})],
        obj(data=rows(), links=obj(self=URI, next=URI, prev=URI)),
        Paging("next_url", None, "page[size]", 100, "links.next"),
    ),
    "page[number] with links": (
        [query("page[number]", INT), query("page[size]", INT)],
        obj(data=rows(), links=obj(first=NULL_TEXT, next=NULL_TEXT), meta=obj(total=INT)),
        Paging("next_url", None, "page[size]", None, "links.next"),
    ),
    "starting_after with the next cursor in pages": (
        [query("starting_after", told="The cursor to use in pagination."), query("per_page", INT)],
        obj(
            type=TEXT,
            data=rows(),
            total_count=INT,
            pages=obj(page=INT, total_pages=INT, next=obj(starting_after=TEXT)),
        ),
        Paging("cursor", "starting_after", "per_page", None, "pages.next.starting_after"),
    ),
    "start_cursor and next_cursor": (
        [query("start_cursor"), query("page_size", INT, "The number of items. Maximum: 100")],
        obj(object=TEXT, results=rows(), next_cursor=NULL_TEXT, has_more=FLAG),
        Paging("cursor", "start_cursor", "page_size", 100, "next_cursor"),
    ),
    "startAt and maxResults": (
        [
            query("startAt", {"type": "integer", "default": 0}),
            query("maxResults", {"type": "integer", "default": 50}),
        ],
        obj(startAt=INT, maxResults=INT, total=INT, isLast=FLAG, values=rows()),
        Paging("offset", "startAt", "maxResults", 50, total="total"),
    ),
    "nextPageToken": (
        [
            query("pageToken", told="The token of the page to return."),
            query("maxResults", INT, "Up to 1,000."),
        ],
        obj(kind=TEXT, etag=TEXT, nextPageToken=TEXT, things=rows()),
        Paging("cursor", "pageToken", "maxResults", 1000, "nextPageToken"),
    ),
    "a link of the protocol beside $skip and $top": (
        [query("$top", INT), query("$skip", INT), query("$count", FLAG), query("$filter"), query("$orderby")],
        {"type": "object", "properties": {"@odata.nextLink": TEXT, "@odata.count": INT, "value": rows()}},
        Paging("next_url", None, "$top", None, "@odata.nextLink"),
    ),
    "next_page_uri with a page and its token": (
        [
            query("PageSize", {"type": "integer", "maximum": 1000}),
            query("Page", INT),
            query("PageToken", told="The page token. This is provided by the API."),
        ],
        obj(things=rows(), next_page_uri=NULL_TEXT, first_page_uri=TEXT, page=INT, page_size=INT, uri=TEXT),
        Paging("next_url", None, "PageSize", 1000, "next_page_uri"),
    ),
    "a link without any parameter": (
        [],
        obj(totalSize=INT, done=FLAG, nextRecordsUrl=TEXT, records=rows()),
        Paging("next_url", None, None, None, "nextRecordsUrl"),
    ),
    "_links.next.href": (
        [LIMIT],
        obj(_embedded=obj(things=rows()), _links=obj(self=obj(href=URI), next=obj(href=URI)), count=INT),
        Paging("next_url", None, "limit", 100, "_links.next.href"),
    ),
    "count and offset": (
        [
            query(
                "count", INT, "The number of records to return. Default value is 10. Maximum value is 1000"
            ),
            query(
                "offset", INT, "Used for pagination, this is the number of records from a collection to skip."
            ),
        ],
        obj(things=rows(), total_items=INT, _links=rows()),
        Paging("offset", "offset", "count", 1000, total="total_items"),
    ),
    "since_id": (
        [
            query("since_id", INT, "Restrict results to after the specified ID."),
            query("limit", {"type": "integer", "maximum": 250}),
        ],
        obj(things=rows()),
        Paging("id_after", "since_id", "limit", 250),
    ),
    "since, an id": (
        [
            query("since", INT, "A user ID. Only return users with an ID greater than this ID."),
            query("per_page", INT),
        ],
        obj(things=rows()),
        Paging("id_after", "since", "per_page"),
    ),
    "an offset that is a token": (
        [
            query("offset", TEXT, "The last item successfully retrieved"),
            query("limit", {"type": "integer", "maximum": 100}),
        ],
        obj(things=rows(), pages=obj(last=TEXT)),
        Paging("cursor", "offset", "limit", 100, "pages.last"),
    ),
    "an offset that is a page": (
        [query("offset", INT, "The page number to fetch, the first page is 0."), LIMIT],
        obj(things=rows()),
        Paging("page_number", "offset", "limit", 100, first=0),
    ),
    "skip and take": ([query("skip", INT), query("take", INT)], rows(), Paging("offset", "skip", "take")),
    "from and size": (
        [query("from", INT), query("size", INT)],
        obj(hits=obj(total=INT, hits=rows())),
        Paging("offset", "from", "size", total="hits.total"),
    ),
    "cursor in a header": (
        [query("cursor"), LIMIT],
        rows(),
        Paging("cursor", "cursor", "limit", 100, "header:X-Next-Cursor"),
    ),
    "a cursor that is a number": (
        [query("after", INT, "Cursor after which to start. It does not correspond to any ids."), LIMIT],
        obj(meta=obj(things=rows(), cursor=obj(before=INT, after=INT))),
        Paging("cursor", "after", "limit", 100, "meta.cursor.after"),
    ),
    "a cursor that is no id and comes from nowhere": (
        [query("after", INT, "Cursor after which to start. It doesn't correspond to any ids."), LIMIT],
        obj(things=rows()),
        Paging("unknown", "after", "limit", 100),
    ),
    "whether there is a next page": (
        [LIMIT],
        obj(things=rows(), next_page=FLAG, cursor=TEXT),
        Paging("unknown", None, "limit", 100),
    ),
    "a cursor that the link header carries": (
        [query("after", told="A cursor, as given in the [Link header](https://x.test/docs)."), LIMIT],
        rows(),
        Paging("link_header", None, "limit", 100),
    ),
    "all at once": ([query("status"), query("sort_by")], obj(things=rows()), Paging("single")),
    "a limit and nothing more": ([LIMIT], obj(things=rows()), Paging("single", None, "limit", 100)),
    "pages without a way to them": (
        [],
        obj(things=rows(), current_page=INT, total_pages=INT),
        Paging("unknown", pages="total_pages"),
    ),
    "a number of the page and no way to another": ([], obj(things=rows(), page=TEXT), Paging("unknown")),
    "a cursor that comes from nowhere": (
        [OPAQUE, LIMIT],
        obj(things=rows(obj(name=TEXT))),
        Paging("unknown", "cursor", "limit", 100),
    ),
}
HEADERS = {
    "page and per_page with a link header": ("Link", "X-Total"),
    "cursor in a header": ("X-Next-Cursor",),
}


@pytest.mark.parametrize("style", list(STYLES))
def test_paging_is_told_from_parameters_and_answer(style: str) -> None:
    parameters, response, expected = STYLES[style]
    assert of(parameters, response, response_headers=HEADERS.get(style, ())).paging == expected


def test_what_cannot_be_told_is_a_sentence_to_look_up() -> None:
    for style in (
        "pages without a way to them",
        "a cursor that comes from nowhere",
        "a limit and nothing more",
    ):
        parameters, response, _ = STYLES[style]
        assert any("look it up" in each or "slice" in each for each in of(parameters, response).todo), style
    (told,) = [each for each in of([query("page", INT), LIMIT]).todo if "from 0" in each]
    assert told == "Whether page counts from 0 or from 1 is not told: look it up."


def test_order_of_ids_is_a_question() -> None:
    parameters, response, _ = STYLES["since_id"]
    assert any("by rising ids, for since_id" in each for each in of(parameters, response).todo)


def test_rows_without_an_id_do_not_go_on_by_one() -> None:
    parameters, _, _ = STYLES["since_id"]
    assert of(parameters, rows(obj(colour=TEXT))).paging.kind != "id_after"


def test_bare_next_is_a_link_or_a_cursor_by_what_it_holds() -> None:
    def found(example: str, parameters: list[Parameter]) -> Paging:
        body = {"things": [{"id": 1, "name": "a"}], "next": example}
        return of(parameters, obj(things=rows(), next=TEXT), examples=(body,)).paging

    assert found("/v2/things?page=2", []) == Paging("next_url", found_at="next")
    assert found("https://x.test/things", [OPAQUE]) == Paging("next_url", found_at="next")
    assert found("Zm9v", [OPAQUE]) == Paging("cursor", "cursor", found_at="next")


def test_next_that_was_only_seen_as_null_is_told() -> None:
    found = of([], obj(things=rows(), next={}))
    assert found.paging == Paging("single")
    assert found.todo == (
        "The answer names the next page in next, and no parameter is told that takes it: look it up.",
    )


def test_number_named_next_is_no_cursor() -> None:
    response = obj(things=rows(), next_page=INT, next=INT)
    assert of([query("page", {"type": "integer", "default": 1})], response).paging.kind == "page_number"


def test_name_stands_against_a_text_that_stands_everywhere() -> None:
    told = "Index of the first document of the page"
    offset = query("offset", INT, told)
    page = query("page", INT, told)
    other = endpoint("/others", offset, response=obj(others=rows()))
    assert (
        listing_of(endpoint("/things", page, response=obj(things=rows())), other).paging.kind == "page_number"
    )
    assert listing_of(endpoint("/things", page, response=obj(things=rows()))).paging.kind == "offset"


@pytest.mark.parametrize(
    "parameter",
    [
        query("from", {"type": "string", "format": "date-time"}),
        query("from", TEXT, "E-mail address of the sender."),
        query("start", TEXT, "Start date, ISO 8601."),
        query("start", INT, "Unix timestamp to begin with."),
        query("since", TEXT, "Only what was updated since this time."),
        query("after", TEXT, "Return events after this date (YYYY-MM-DD)."),
        query("token", TEXT, "Your API token."),
        query("page_views", INT),
        query("page", FLAG, "Whether to page."),
        query("prev_cursor", TEXT, "A cursor of the previous page."),
        query("before", TEXT, "A cursor of the previous page."),
        query("position", TEXT, "The position that a person holds."),
    ],
    ids=lambda each: f"{each.name}: {each.description}",
)
def test_what_only_sounds_like_paging_is_none(parameter: Parameter) -> None:
    assert of([parameter]).paging.kind == "single"


@pytest.mark.parametrize(
    ("schema", "told", "limit"),
    [
        ({"type": "integer", "maximum": 50}, "", 50),
        ({"type": "integer", "exclusiveMaximum": 501}, "", 500),
        ({"type": "integer", "enum": [10, 25, 50]}, "", 50),
        ({"type": "integer", "maximum": 1_000_000}, "", None),
        ({"type": "integer", "maximum": 2147483647}, "Default 20, max 1,000.", 1000),
        ({"type": "string"}, "Number of rows, at most `200`.", 200),
        (INT, "Maximum: 50", 50),
        (INT, "The maximum number of results is 75.", 75),
        (INT, "Defaults to 20; cannot exceed 300.", 300),
        (INT, "A number between 1 and 100.", 100),
        (INT, "Must be in the range 1-250.", 250),
        (INT, "Number of items (1..500).", 500),
        (INT, "10 by default, 100 max", 100),
        (INT, "Values greater than 40 are refused; no more than 40.", 40),
        (INT, "Page size. Max value 10 000.", 10000),
        ({"type": "integer", "default": 25}, "How many.", 25),
        (INT, "How many. See version 2.1 of 2024-01-15.", None),
        (INT, "The default limit is 20.", 20),
    ],
)
def test_largest_page_is_read_from_schema_text_or_default(schema: Any, told: str, limit: int | None) -> None:
    assert of([query("limit", schema, told), query("offset", INT)]).paging.limit == limit


def test_default_in_place_of_a_maximum_is_told() -> None:
    todo = of([query("limit", {"type": "integer", "default": 25}), query("offset", INT)]).todo
    assert (
        "The largest value that limit takes is not told; its default, 25, is asked for: look it up." in todo
    )


@pytest.mark.parametrize(
    ("count", "total"),
    [
        ({**INT, "description": "Total number of things."}, "count"),
        ({**INT, "description": "Number of things in this page."}, None),
        ({**INT, "description": "Number of things returned."}, None),
        (INT, None),
    ],
)
def test_count_is_a_total_only_where_it_says_so(count: Any, total: str | None) -> None:
    """A count of the page, taken for the total, would end the walk with the first page."""
    page = query("page", {"type": "integer", "default": 1})
    assert of([page], obj(things=rows(), count=count)).paging.total == total


def test_total_of_a_page_is_none() -> None:
    page = query("page", {"type": "integer", "default": 1})
    total = {**INT, "description": "How many results are in this page."}
    assert of([page], obj(things=rows(), total_results=total)).paging.total is None
    assert of([page], obj(things=rows(), total_results=INT)).paging.total == "total_results"


def test_count_is_a_total_where_an_example_counts_more_than_it_shows() -> None:
    page = query("page", {"type": "integer", "default": 1})
    response = obj(things=rows(), count=INT)
    assert of([page], response, examples=({"things": [{"id": 1}], "count": 20},)).paging.total == "count"
    assert of([page], response, examples=({"things": [{"id": 1}], "count": 1},)).paging.total is None


def test_examples_that_are_made_up_prove_nothing() -> None:
    page = query("page", {"type": "integer", "default": 1})
    body = {"things": [{"id": 1}], "count": 20}
    found = of([page], obj(things=rows(), count=INT), examples=(body,), is_sampled=True)
    assert found.paging.total is None
    assert found.endpoint.examples == (body,)


def test_counts_in_headers_are_named_as_headers() -> None:
    headers = ("X-Total-Count", "X-Total-Pages")
    paging = of(
        [query("page", {"type": "integer", "default": 1})], rows(ROW), response_headers=headers
    ).paging
    assert (paging.total, paging.pages) == ("header:X-Total-Count", "header:X-Total-Pages")
