"""How a day of modified works is walked: page by page below the cap, while it changes, nothing left out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx2
import pytest

from tests.connectors.titelive_support import DAY, A, B, C, connector, work
from tidegate.http_tools.exceptions import ContractError, ListingMovedError, PaginationError


class Search:
    """The works of a day, in pages."""

    def __init__(self, works: list[Any], **told: Any) -> None:
        self.works, self.told = works, told
        self.pages: list[dict[str, str]] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.pages.append(dict(request.url.params))
        at, size = int(request.url.params["page"]), int(request.url.params["nombre"])
        shown = self.works[(at - 1) * size : at * size]
        result: Any = shown if at % 2 else {str(9 + number): each for number, each in enumerate(shown)}
        return httpx2.Response(200, json={"nbreponses": len(self.works), "result": result, **self.told})


def many(count: int) -> list[dict[str, Any]]:
    return [work(f"{number:013d}", number=number) for number in range(count)]


def found(api: Callable[[httpx2.Request], httpx2.Response]) -> list[str]:
    return [row.ean for page in connector(api).get_changes("paper", DAY) for row in page.parse()]


@pytest.mark.parametrize(
    ("count", "pages"), [(0, 1), (1, 1), (119, 1), (120, 1), (121, 2), (240, 2), (241, 3)]
)
def test_every_work_of_a_day_comes_once_and_no_page_beyond_the_last_is_asked_for(
    count: int, pages: int
) -> None:
    api = Search(many(count))
    assert found(api) == [f"{number:013d}" for number in range(count)]
    assert [each["page"] for each in api.pages] == [str(number + 1) for number in range(pages)]
    assert api.pages[0] == {
        "base": "paper",
        "dateminm": "15/04/2026",
        "datemaxm": "15/04/2026",
        "page": "1",
        "nombre": "120",
        "tri": "datemodification",
        "tri_ordre": "desc",
    }


def test_the_total_may_be_a_text_and_nothing_may_be_an_empty_object() -> None:
    assert found(Search([], nbreponses="0", result={})) == []


def test_every_edition_of_a_work_is_a_row() -> None:
    assert found(Search([work(A, B, C)])) == [A, B, C]


@pytest.mark.parametrize("total", [20_000, 20_001, "20000", 50_000])
def test_a_day_beyond_what_a_search_shows_stops_at_its_first_page(total: Any) -> None:
    api = Search(many(120), nbreponses=total)
    with pytest.raises(PaginationError, match="20,000 at most, so that the day cannot be had whole"):
        found(api)
    assert len(api.pages) == 1


@pytest.mark.extended
def test_a_day_just_below_the_cap_is_walked() -> None:
    api = Search(many(19_999))
    assert len(found(api)) == 19_999


@pytest.mark.parametrize(("total", "sent"), [(5, 4), (4, 5), (125, 120), (1, 0)])
def test_another_number_than_was_counted_is_an_error(total: int, sent: int) -> None:
    with pytest.raises(
        PaginationError, match=f"counts {total} works of paper modified on 15/04/2026, and sent {sent}"
    ):
        found(Search(many(sent), nbreponses=total))


@pytest.mark.parametrize("total", [None, -1, "many", 1.5, True, [], "\u00b2"])
def test_a_total_that_is_no_number_is_an_error(total: Any) -> None:
    with pytest.raises(PaginationError, match="'nbreponses' is no number"):
        found(Search([], nbreponses=total))


class Busy(Search):
    """The latest first, and before page after page some work is modified, which puts it in front."""

    def __init__(self, works: list[Any], modified: list[int], **told: Any) -> None:
        super().__init__(works, **told)
        self.modified = iter(modified)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        at = next(self.modified, -1)
        if at >= 0:
            self.works.insert(0, self.works.pop(at))
        return super().__call__(request)


@pytest.mark.parametrize(
    ("modified", "pages"),
    [
        ([-1, 5], 3),  # one that was read: the others move on, and are known again
        ([-1, 300], 4),  # one that was not: it is on the first page now
        ([-1, -1, 359], 4),
        ([-1, 200, 200, 359], 4),
        ([0, 130, 250, 1, 359], 4),
    ],
)
def test_works_that_are_modified_while_they_are_read_come_all_the_same_and_once(
    modified: list[int], pages: int
) -> None:
    api = Busy(many(360), modified)
    assert sorted(found(api)) == sorted(f"{number:013d}" for number in range(360))
    assert len(api.pages) == pages


def test_a_work_that_is_new_while_the_day_is_read_is_there_at_the_end() -> None:
    works = many(240)

    def api(request: httpx2.Request) -> httpx2.Response:
        if request.url.params["page"] == "2" and len(works) == 240:
            works.insert(0, work("4006381333931", number=999))
        return Search(works)(request)

    assert len(found(api)) == 241
    assert "4006381333931" in found(api)


def test_a_work_that_leaves_the_day_says_that_the_listing_moved() -> None:
    works = many(241)

    def api(request: httpx2.Request) -> httpx2.Response:
        if request.url.params["page"] == "2":
            works.pop(0)
        return Search(works)(request)

    with pytest.raises(ListingMovedError, match="works of paper modified on 15/04/2026 have left that day"):
        found(api)


def test_more_works_than_are_counted_at_last_have_moved() -> None:
    works, asked = many(240), 0

    def api(request: httpx2.Request) -> httpx2.Response:
        nonlocal asked
        asked += 1
        if asked == 2:
            works.insert(0, work("4006381333931", number=999))
        if asked == 4:  # the first page again, as one was missing: meanwhile one has left, and one has come
            works.pop(5)
            works.insert(0, work("5901234123457", number=998))
        return Search(works)(request)

    with pytest.raises(ListingMovedError):
        found(api)


def test_a_server_that_gives_the_same_page_again_and_again_is_an_error() -> None:
    works = many(240)

    def api(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json={"nbreponses": 240, "result": works[:120]})

    with pytest.raises(PaginationError, match=r"counts 240 works of .*, and sent 120"):
        found(api)


def test_a_server_that_caps_pages_lower_is_walked_all_the_same() -> None:
    works = many(25)

    def api(request: httpx2.Request) -> httpx2.Response:
        at = int(request.url.params["page"])
        return httpx2.Response(200, json={"nbreponses": 25, "result": works[(at - 1) * 10 : at * 10]})

    assert len(found(api)) == 25


@pytest.mark.parametrize("odd", [7, None, "work", [], {}, {"id": 1}, {**work(A), "id": 8, "article": []}])
def test_what_is_no_work_with_articles_is_an_error_of_its_row(odd: Any) -> None:
    with pytest.raises(ContractError, match="page 0: row 1"):
        found(Search([work(B), odd]))


def test_an_article_without_its_ean_is_an_error_of_its_row() -> None:
    bad = work(A)
    del bad["article"]["1"]["gencod"]
    with pytest.raises(ContractError, match="row 0"):
        found(Search([bad]))


def test_impossible_questions_are_refused_at_once() -> None:
    titelive = connector(Search([]))
    with pytest.raises(ValueError, match="no base 'film'"):
        titelive.get_changes("film", DAY)
    with pytest.raises(TypeError, match="a whole day"):
        titelive.get_changes("paper", datetime(2026, 4, 15))
