"""The stand-in of the tutorial does what its OpenAPI file says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tidegate.sandbox.acme import AcmeSandbox
from tidegate.sandbox.asgi import Request
from tidegate.sandbox.server import running

KEY = {"x-api-key": "any"}


@pytest.fixture(scope="module")
def acme() -> AcmeSandbox:
    return AcmeSandbox(rows=250, quota=1000)


@pytest.fixture(scope="module")
def origin(acme: AcmeSandbox) -> Iterator[str]:
    with running(acme) as origin:
        yield origin


def got(origin: str, path: str, **params: Any) -> Any:
    answer = httpx2.get(f"{origin}{path}", headers=KEY, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_its_pages_hold_every_row_once(acme: AcmeSandbox, origin: str) -> None:
    pages = [got(origin, "/v1/orders", limit=100, offset=offset) for offset in (0, 100, 200, 300)]
    assert [len(page["orders"]) for page in pages] == [100, 100, 50, 0]
    assert [row for page in pages for row in page["orders"]] == acme.data.orders
    customers: list[Any] = []
    cursor: str | None = "0"
    while cursor is not None:
        page = got(origin, "/v1/customers", limit=20, cursor=cursor)
        customers += page["data"]
        cursor = page["nextCursor"]
    assert customers == acme.data.customers


def test_updated_since_leaves_out_what_was_not_changed_after(acme: AcmeSandbox, origin: str) -> None:
    middle = sorted(row["updatedAt"] for row in acme.data.orders)[100]
    found = got(origin, "/v1/orders", limit=100, updatedSince=middle)
    assert httpx2.get(f"{origin}/_sandbox/truth/orders").json() == acme.data.orders
    assert found["count"] == sum(row["updatedAt"] > middle for row in acme.data.orders)


def test_its_file_names_where_it_was_asked_and_every_parameter_that_is_known(origin: str) -> None:
    file = httpx2.get(f"{origin}/openapi.json").json()
    assert file["servers"] == [{"url": f"{origin}/v1"}]
    for path, operations in file["paths"].items():
        for parameter in operations["get"]["parameters"]:
            sample = {"date-time": "2025-01-02T00:00:00Z"}.get(parameter["schema"].get("format", ""), "1")
            got(origin, f"/v1{path}", **{parameter["name"]: sample})
    row = file["components"]["schemas"]["Order"]["properties"]
    assert set(got(origin, "/v1/orders")["orders"][0]) == set(row)


@pytest.mark.parametrize("rows", [0, 1, 5000])
def test_its_orders_are_of_a_year_that_is_over(rows: int) -> None:
    orders = AcmeSandbox(rows=rows).data.orders
    assert len(orders) == rows
    assert all("2025-01-01" <= row["createdAt"] <= row["updatedAt"] < "2026" for row in orders)


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v1/orders", {}, 401),
        ("/v1/nothing", KEY, 404),
        ("/orders", KEY, 404),
        ("/v1/orders?page=2", KEY, 400),
        ("/v1/orders?limit=101", KEY, 400),
        ("/v1/orders?offset=-1", KEY, 400),
        ("/v1/orders?updatedSince=2025-01-01", KEY, 400),
    ],
)
def test_it_refuses_what_is_wrong(origin: str, path: str, headers: dict[str, str], status: int) -> None:
    assert httpx2.get(f"{origin}{path}", headers=headers).status_code == status


def test_each_key_has_its_requests_of_a_second() -> None:
    now = [0.0]
    acme = AcmeSandbox(rows=5, monotonic=lambda: now[0])

    def status(key: str) -> int:
        return acme.handle(Request("GET", "/v1/orders", "", {"x-api-key": key})).status

    assert [status("a") for _ in range(21)] == [200] * 20 + [429]
    assert status("b") == 200
    now[0] = 1.01
    assert status("a") == 200
    assert acme.counters() == {"requests": 23}
