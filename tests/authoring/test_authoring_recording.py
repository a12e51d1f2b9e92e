"""A few pages of a live API become samples: so many requests at most, and no credential in what is kept."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.http_tools.loopback import Answer, Loopback, Seen, as_json
from tidegate.authoring.description import Api, Credential, Listing, Paging
from tidegate.authoring.recording import auth_manager, keep, record
from tidegate.http_tools.exceptions import AuthenticationError
from tidegate.utils.errors import UsageError
from tidegate.utils.home import Home

SECRET = "a-secret-of-the-tests"


@pytest.fixture
def api() -> Iterator[Loopback]:
    made = Loopback()
    yield made
    made.close()


def _told(paging: Paging) -> Callable[[Api, Sequence[str]], Sequence[Listing]]:
    """A detector that is sure."""
    return lambda api, _: [Listing(api.endpoints[0], "orders", {}, paging)]


def _orders(seen: Seen) -> Answer:
    start, size = int(seen.query.get("offset", 0)), int(seen.query.get("limit", 2))
    return as_json({"orders": [{"id": start + n} for n in range(size)], "key": seen.headers.get("x-key")})


OFFSETS = Paging("offset", "offset", "limit")


def test_a_listing_is_followed_for_a_few_pages_and_no_further(api: Loopback) -> None:
    api.by = _orders
    found = record(f"{api.url}/v1/orders?limit=2&shop=7", None, _told(OFFSETS), pages=3)
    assert [seen.target for seen in api.seen] == [
        "/v1/orders?limit=2&shop=7",
        "/v1/orders?limit=2&shop=7&offset=2",
        "/v1/orders?limit=2&shop=7&offset=4",
    ]
    assert [sample.body["orders"][0]["id"] for sample in found] == [0, 2, 4]
    assert {(sample.path, sample.base_url) for sample in found} == {("/orders", f"{api.url}/v1")}
    assert set(found[1].query) == {"limit", "shop", "offset"}


def test_links_are_followed_only_at_home(api: Loopback) -> None:
    away = Loopback()
    api.script(
        as_json({"orders": [{"id": 1}], "next": "/orders?after=1"}),
        as_json({"orders": [{"id": 2}], "next": f"{away.url}/orders?after=2"}),
    )
    auth = auth_manager(Credential("header", "x-key"), SecretStr(SECRET))
    with pytest.raises(Exception, match="origin"):
        record(f"{api.url}/orders", auth, _told(Paging("next_url", found_at="next")), pages=3)
    away.close()
    assert len(api.seen) == 2
    assert away.seen == []


@pytest.mark.parametrize("paging", [Paging("unknown"), Paging("single"), Paging("offset", "offset", "size")])
def test_a_listing_that_is_not_understood_is_asked_once(api: Loopback, paging: Paging) -> None:
    api.by = _orders
    assert len(record(f"{api.url}/orders", None, _told(paging))) == 1
    assert len(api.seen) == 1


def test_a_listing_that_goes_on_otherwise_than_it_seemed_gives_what_came(api: Loopback) -> None:
    api.by = lambda _: as_json({"orders": [{"id": 1}]})  # the same page for ever
    paging = Paging("page_number", "page", None)
    assert len(record(f"{api.url}/orders?page=1", None, _told(paging))) == 1


@pytest.mark.parametrize(
    ("credential", "header", "value"),
    [
        (Credential("header", "X-Key"), "x-key", SECRET),
        (Credential("bearer"), "authorization", f"Bearer {SECRET}"),
        (Credential("basic"), "authorization", "Basic dXNlcjphLXNlY3JldC1vZi10aGUtdGVzdHM="),
    ],
)
def test_the_credential_is_sent_and_kept_nowhere(
    api: Loopback, tmp_path: Path, credential: Credential, header: str, value: str
) -> None:
    api.by = _orders  # which shows the key that it was sent
    secret = f"user:{SECRET}" if credential.kind == "basic" else SECRET
    found = record(f"{api.url}/orders", auth_manager(credential, SecretStr(secret)), _told(Paging()))
    assert api.seen[0].headers[header] == value
    files = keep(found, Home(tmp_path / "home"), "acme")
    assert [file.name for file in files] == ["orders.1.json"]
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
    assert stat.S_IMODE(files[0].parent.stat().st_mode) == 0o700
    assert SECRET not in files[0].read_text()
    assert json.loads(files[0].read_text())["orders"]


def test_an_earlier_recording_of_the_same_endpoint_goes(api: Loopback, tmp_path: Path) -> None:
    api.by = _orders
    home = Home(tmp_path)
    keep(record(f"{api.url}/orders?limit=2", None, _told(OFFSETS)), home, "acme")
    keep(record(f"{api.url}/orders?limit=2", None, _told(OFFSETS), pages=1), home, "acme")
    assert [file.name for file in (tmp_path / "samples" / "acme").iterdir()] == ["orders.1.json"]


def test_a_refusal_is_told_without_the_credential(api: Loopback) -> None:
    api.by = lambda seen: Answer(401, json.dumps({"bad": seen.headers["x-key"]}).encode())
    auth = auth_manager(Credential("header", "x-key"), SecretStr(SECRET))
    with pytest.raises(AuthenticationError) as caught:
        record(f"{api.url}/orders", auth, _told(Paging()))
    assert SECRET not in str(caught.value)


def test_a_credential_that_is_missing_or_needs_more_is_wrong_usage() -> None:
    assert auth_manager(Credential("none"), None) is None
    with pytest.raises(UsageError, match="missing"):
        auth_manager(Credential("bearer"), None)
    with pytest.raises(UsageError, match="client_credentials"):
        auth_manager(Credential("client_credentials"), SecretStr(SECRET))


@pytest.mark.parametrize("name", ["api_key", "apiKey", "access_token", "key", "Password"])
def test_a_credential_in_the_address_is_wrong_usage_and_is_not_shown(api: Loopback, name: str) -> None:
    with pytest.raises(UsageError, match=f"credential, {name}") as caught:
        record(f"{api.url}/orders?{name}={SECRET}", None, _told(Paging()))
    assert SECRET not in str(caught.value)
    assert api.seen == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "https://me:pw@a.example/x", "orders", "https:///x"])
def test_what_is_no_address_of_an_api_is_wrong_usage(url: str) -> None:
    with pytest.raises(UsageError, match="--record") as caught:
        record(url, None, _told(Paging()))
    assert "pw" not in str(caught.value)
