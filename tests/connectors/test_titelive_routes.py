"""How articles are found by their EANs: in batches, one by one after a 404, and none left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.connectors.titelive_support import DAY, A, B, C, connector, work
from tidegate.connectors.titelive.client import TiteliveConnector
from tidegate.http_tools.exceptions import ContractError, PaginationError


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


def test_where_all_are_gone_the_search_says_that_the_api_is_the_right_one_and_it_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    api = Api([], unknown=(A, B, C))
    assert rows(connector(api), A, B, C) == [(A, True), (B, True), (C, True)]
    assert api.asked == [f"ean={A}|{B}|{C}", f"ean/{A}", "search", f"ean/{B}", f"ean/{C}"]
    assert "none of 3 EANs" in caplog.text


@pytest.mark.parametrize("gone", [(A,), (A, B), (B, C)])
def test_that_some_are_gone_is_no_news(gone: tuple[str, ...], caplog: pytest.LogCaptureFixture) -> None:
    api = Api([work(each) for each in (A, B, C) if each not in gone], unknown=gone)
    assert [deleted for _, deleted in rows(connector(api), A, B, C)] == [each in gone for each in (A, B, C)]
    assert caplog.text == ""


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
