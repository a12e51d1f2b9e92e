"""How the listings are walked: one by one after a 404, page by page below the cap, nothing left out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tidegate.connectors.titelive.client import TiteliveConnector
from tidegate.http_tools.clients import SyncHttpClient
from tidegate.http_tools.exceptions import ContractError, ListingMovedError, PaginationError

A, B, C = "9782000000044", "9782000000082", "9782000000129"
DAY = date(2026, 4, 15)


def article(ean: str, **changes: Any) -> dict[str, Any]:
    made = {"gencod": ean, "editeur": "E", "prix": 9.9, "taux_tva": "5.50", "dateparution": "01/02/2020"}
    return {**made, "datemodification": "15/04/2026", "dispo": 1, "image": "1", **changes}


def work(*eans: str, number: int = 7) -> dict[str, Any]:
    articles = {str(at): article(ean) for at, ean in enumerate(eans, start=1)}
    return {"id": number, "titre": "T", "auteurs": "A", "article": articles}


class Api:
    """Books by their EANs. `unknown` are deleted, `hidden` are left out of the answers to batches."""

    def __init__(self, works: list[dict[str, Any]], unknown: tuple[str, ...] = (), hidden: str = "") -> None:
        self.works, self.unknown, self.hidden = works, unknown, hidden
        self.asked: list[str] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        self.asked.append(request.url.params.get("in") or path.removeprefix("/v1/"))
        if path == "/v1/search":
            assert dict(request.url.params) == {"base": "paper", "page": "1", "nombre": "1"}
            return httpx2.Response(200, json={"result": [], "nbreponses": 0})
        eans = [path.rpartition("/")[2]]
        if path == "/v1/ean":
            eans = request.url.params["in"].removeprefix("ean=").split("|")
        if set(eans) & set(self.unknown):
            return httpx2.Response(404, json={"error": "Not Found"})
        found = [each for each in self.works if set(eans) & set(_eans(each))]
        if path != "/v1/ean":
            return httpx2.Response(200, json={"oeuvre": found[0]})
        shown = [each for each in found if self.hidden not in _eans(each)]
        return httpx2.Response(200, json={"result": dict(enumerate(shown))})


def _eans(made: dict[str, Any]) -> list[str]:
    return [each["gencod"] for each in made["article"].values()]


def connector(api: Callable[[httpx2.Request], httpx2.Response]) -> TiteliveConnector:
    return TiteliveConnector(SyncHttpClient("https://api.test/v1", transport=httpx2.MockTransport(api)))


def rows(titelive: TiteliveConnector, *eans: str) -> list[tuple[str, bool]]:
    call = titelive.get_products(eans)
    return [(row.ean, row.deleted) for page in call for row in page.parse()]


def test_a_batch_is_one_request_and_gives_what_was_asked_for_and_no_other_edition() -> None:
    api = Api([work(A, "9782000000051"), work(B, C)])
    assert rows(connector(api), C, A) == [(C, False), (A, False)]
    assert api.asked == [f"ean={C}|{A}"]


def test_after_a_404_each_is_asked_for_once_and_a_404_for_one_says_that_it_is_gone() -> None:
    api = Api([work(A), work(B), work(C)], unknown=(B,))
    assert rows(connector(api), A, B, C) == [(A, False), (B, True), (C, False)]
    assert api.asked == [f"ean={A}|{B}|{C}", f"ean/{A}", f"ean/{B}", f"ean/{C}"]


def test_one_that_a_batch_leaves_out_is_asked_for_alone() -> None:
    api = Api([work(A), work(B)], hidden=B)
    assert rows(connector(api), A, B) == [(A, False), (B, False)]
    assert api.asked == [f"ean={A}|{B}", f"ean/{B}"]


def test_where_all_are_gone_the_search_says_that_the_api_is_the_right_one() -> None:
    api = Api([], unknown=(A, B))
    assert rows(connector(api), A, B) == [(A, True), (B, True)]
    assert api.asked == [f"ean={A}|{B}", f"ean/{A}", "search", f"ean/{B}"]


def test_an_api_that_answers_404_to_everything_deletes_nothing_and_is_soon_found_out() -> None:
    asked = 0

    def api(_: httpx2.Request) -> httpx2.Response:
        nonlocal asked
        asked += 1
        return httpx2.Response(404, text="<html>no such page</html>")

    with pytest.raises(PaginationError, match="is TITELIVE_BASE_URL right"):
        rows(connector(api), A, B, C)
    assert asked == 3


def test_one_that_a_batch_leaves_out_and_that_is_gone_needs_no_search() -> None:
    api = Api([work(A)], hidden=B)

    def answer(request: httpx2.Request) -> httpx2.Response:
        api.unknown = (B,) if request.url.path.endswith(B) else ()
        return api(request)

    assert rows(connector(answer), A, B) == [(A, False), (B, True)]
    assert api.asked == [f"ean={A}|{B}", f"ean/{B}"]


def test_of_two_works_with_one_ean_the_first_stays() -> None:
    titelive = connector(
        lambda _: httpx2.Response(200, json={"result": [work(A, number=1), work(A, number=2)]})
    )
    found = [row.work and row.work.id for page in titelive.get_products([A]) for row in page.parse()]
    assert found == [1]


def test_an_ean_that_came_as_a_number_gets_back_the_zeros_in_front() -> None:
    made = work("0012345678905")
    made["article"]["1"]["gencod"] = 12345678905
    titelive = connector(lambda _: httpx2.Response(200, json={"result": [made]}))
    assert rows(titelive, "0012345678905") == [("0012345678905", False)]


@pytest.mark.parametrize(
    "body", [{"oeuvre": work(B)}, {"oeuvre": None}, {"oeuvre": {}}, {}, [], {"oeuvre": [work(A)]}]
)
def test_an_answer_for_one_without_its_article_is_an_error_of_its_row(body: Any) -> None:
    def api(request: httpx2.Request) -> httpx2.Response:
        whole = {"result": [work(C)]} if request.url.path == "/v1/ean" else body
        return httpx2.Response(200, json=whole)

    with pytest.raises(ContractError, match="page 1: row 0"):
        rows(connector(api), A)


@pytest.mark.parametrize("body", [{}, [], {"result": 7}, {"result": {"a": 1}}, {"results": []}])
def test_a_batch_without_works_is_an_error_and_not_an_empty_table(body: Any) -> None:
    with pytest.raises(PaginationError, match="'result'"):
        rows(connector(lambda _: httpx2.Response(200, json=body)), A)


def test_the_known_response_gives_its_article_and_as_a_search_more_than_can_be_shown() -> None:
    body = (Path(__file__).parents[1] / "titelive_sample.json").read_bytes()
    titelive = connector(lambda _: httpx2.Response(200, content=body))
    assert rows(titelive, "9782370730541") == [("9782370730541", False)]
    with pytest.raises(PaginationError, match="50,000 works"):
        list(titelive.get_changes("paper", DAY))


# -- by day


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
