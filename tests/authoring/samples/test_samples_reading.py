"""Recorded answers become endpoints: files with bodies, page logs, paths and what they were asked with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.http_tools.loopback import Loopback, as_json
from tidegate.authoring.description import Parameter
from tidegate.authoring.exceptions import DescriptionError
from tidegate.authoring.samples import api_of, read_samples
from tidegate.authoring.samples.reading import split_url
from tidegate.contracts.base import ReadContract
from tidegate.http_tools.clients import SyncHttpClient
from tidegate.http_tools.pagination import OffsetPaginator
from tidegate.testing import record
from tidegate.utils.errors import UsageError


def _file(folder: Path, name: str, body: object) -> str:
    (folder / name).write_text(json.dumps(body))
    return name


def test_samples_of_one_path_merge_and_others_are_endpoints_of_their_own(tmp_path: Path) -> None:
    one = _file(tmp_path, "one.json", {"orders": [{"id": 1}]})
    two = _file(tmp_path, "two.json", {"orders": [{"id": 2, "note": None}]})
    other = _file(tmp_path, "a=b.json", [{"sku": "x"}])
    given = [f"/orders?limit=2&offset=0={one}", f"/orders={two}", f"/items={other}"]

    orders, items = api_of("acme", read_samples(given, tmp_path)).endpoints

    assert (orders.path, items.path) == ("/orders", "/items")
    assert orders.response is not None
    row = orders.response["properties"]["orders"]["items"]
    assert row["required"] == ["id"]
    assert list(row["properties"]) == ["id", "note"]
    assert orders.parameters == (
        Parameter("limit", "query", {"type": "integer"}),
        Parameter("offset", "query", {"type": "integer"}),
    )
    assert items.parameters == ()


def test_the_path_of_all_files_may_be_given_apart(tmp_path: Path) -> None:
    files = [_file(tmp_path, "1.json", [1]), str(tmp_path / _file(tmp_path, "2.json", [2]))]
    (endpoint,) = api_of("acme", read_samples(files, tmp_path, "shops/{shop}/sales")).endpoints
    assert endpoint.path == "/shops/{shop}/sales"
    assert endpoint.parameters == (Parameter("shop", "path", {"type": "string"}, required=True),)


def test_a_file_without_a_path_is_wrong_usage(tmp_path: Path) -> None:
    samples = read_samples([_file(tmp_path, "1.json", [1])], tmp_path)
    with pytest.raises(UsageError, match="which endpoint"):
        api_of("acme", samples)
    with pytest.raises(UsageError, match="no such file"):
        read_samples(["/orders=nowhere.json"], tmp_path)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<html>secret</html>", "line 1, column 1"),
        (b'{"a": NaN}', "NaN"),
        (b'["\xe9"]', "UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_json_is_told_without_its_content(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "bad.json").write_bytes(content)
    with pytest.raises(DescriptionError, match=why) as caught:
        read_samples(["bad.json"], tmp_path, "/a")
    assert "bad.json" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://a.example/orders?x=1", ("https://a.example", "/orders")),
        ("https://a.example/v3/shops/1/orders", ("https://a.example/v3", "/shops/1/orders")),
        ("https://a.example/api/v1.2/orders", ("https://a.example/api/v1.2", "/orders")),
        ("https://a.example/api/orders/v1", ("https://a.example", "/api/orders/v1")),
        ("https://me:secret@a.example/orders", ("https://a.example", "/orders")),
    ],
)
def test_an_address_is_told_apart_behind_its_version(url: str, parts: tuple[str, str]) -> None:
    assert split_url(url) == parts


def test_a_file_that_is_no_page_or_two_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "dump.json").open("wb") as file:
        file.truncate((64 << 20) + 1)
    with pytest.raises(DescriptionError, match="larger than 64 MB"):
        read_samples(["dump.json"], tmp_path)


def test_a_base_url_that_is_known_goes_before_the_version() -> None:
    assert split_url("https://a.example/v1/x/orders", "https://a.example/v1/x/") == (
        "https://a.example/v1/x",
        "/orders",
    )


class _Row(ReadContract):
    id: int


def test_a_page_log_tells_path_and_paging_by_itself(tmp_path: Path) -> None:
    api = Loopback()
    api.script(*(as_json({"orders": [{"id": 3 * page + n} for n in range(3 - page)]}) for page in range(2)))
    client = SyncHttpClient(f"{api.url}/v1", width=1)
    listing = client.pages(
        "GET", "/orders", reads=_Row, items="orders", paginator=OffsetPaginator(limit=3, overlap=0)
    )
    assert record(listing, tmp_path / "orders.pages") == 2
    client.close()
    api.close()
    made = api_of("acme", read_samples(["orders.pages"], tmp_path))
    (endpoint,) = made.endpoints
    assert made.base_url == f"{api.url}/v1"
    assert endpoint.path == "/orders"
    assert [each.name for each in endpoint.parameters] == ["limit", "offset"]
