"""Rows in an object with numbers for keys are a listing where the call says so, and nowhere else."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from tests.http_tools.driving import Driver
from tidegate.contracts.base import ReadContract
from tidegate.http_tools.calls import Call, Page
from tidegate.http_tools.exceptions import ContractError
from tidegate.http_tools.pagination import OffsetPaginator


class ApiRow(ReadContract):
    id: int


def call_of(driver: Driver, body: Any, items: str | None = "data.rows", **how: Any) -> Call[ApiRow]:
    text = json.dumps(body)
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, text=text))
    client = driver.client("http://api.test", transport=transport)
    return client.call("GET", "/rows", reads=ApiRow, items=items, **{"numbered": True, **how})


def page_of(driver: Driver, body: Any, items: str | None = "data.rows", **how: Any) -> Page[ApiRow]:
    (page,) = driver.pages(call_of(driver, body, items, **how))
    return page


def test_rows_by_number_come_in_the_order_of_the_numbers(driver: Driver) -> None:
    page = page_of(driver, {"data": {"rows": {"10": {"id": 3}, "9": {"id": 2}, "1": {"id": 1}}}})
    assert [row.id for row in page.parse()] == [1, 2, 3]
    assert page.items == [{"id": 1}, {"id": 2}, {"id": 3}]


def test_a_list_is_read_from_the_body_as_it_came(driver: Driver) -> None:
    page = page_of(driver, {"data": {"rows": [{"id": 1}]}, "more": 1})
    assert [row.id for row in page.parse()] == [1]
    assert page.content is page.body


def test_the_body_itself_may_be_numbered(driver: Driver) -> None:
    assert [row.id for row in page_of(driver, {"2": {"id": 2}, "1": {"id": 1}}, None).parse()] == [1, 2]


def test_numbers_of_any_size_are_kept(driver: Driver) -> None:
    huge = 2**80 + 1
    assert [row.id for row in page_of(driver, {"1": {"id": huge}}, None).parse()] == [huge]


@pytest.mark.parametrize("rows", [{"a": {"id": 1}}, {"1": {"id": 1}, "x": {"id": 2}}, "rows", None, 7])
def test_another_object_is_no_listing(driver: Driver, rows: Any) -> None:
    with pytest.raises(ContractError, match=r"'data\.rows' holds"):
        page_of(driver, {"data": {"rows": rows}}).parse()


def test_a_row_that_breaks_the_contract_is_named_by_its_place(driver: Driver) -> None:
    with pytest.raises(ContractError, match=r"row 1 \(id x\), ApiRow field id"):
        page_of(driver, {"data": {"rows": {"7": {"id": "x"}, "3": {"id": 1}}}}).parse()


def test_unless_the_call_says_so_an_object_is_refused(driver: Driver) -> None:
    with pytest.raises(ContractError, match="not a list"):
        page_of(driver, {"data": {"rows": {"1": {"id": 1}}}}, numbered=False).parse()


def test_what_identifies_a_call_changes_only_where_it_is_said(driver: Driver) -> None:
    assert call_of(driver, {}).describe()["numbered"] is True
    assert "numbered" not in call_of(driver, {}, numbered=False).describe()


def test_pages_join_by_their_seam_whatever_their_form(driver: Driver) -> None:
    data = [{"id": number} for number in range(7)]

    def api(request: httpx2.Request) -> httpx2.Response:
        at, size = int(request.url.params["offset"]), int(request.url.params["limit"])
        rows: Any = data[at : at + size]
        numbered = {str(8 + number): row for number, row in enumerate(rows)}
        return httpx2.Response(200, json={"rows": numbered if at % 2 else rows})

    client = driver.client("http://api.test", transport=httpx2.MockTransport(api))
    paginator = OffsetPaginator(limit=3, identity="id")
    call = client.pages("GET", "/rows", reads=ApiRow, items="rows", numbered=True, paginator=paginator)
    assert [row.id for page in driver.pages(call) for row in page.parse()] == list(range(7))
