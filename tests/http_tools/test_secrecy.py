"""Nothing secret in what is printed, pickled or raised."""

from __future__ import annotations

import base64
import copy
import json
import logging
import pickle
import traceback
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from tests.http_tools.driving import Driver, at_once
from tests.http_tools.loopback import Answer, Loopback, as_json
from tidegate.contracts.base import ReadContract
from tidegate.http_tools.auth import APIKeyAuthManager
from tidegate.http_tools.clients import SyncHttpClient
from tidegate.http_tools.exceptions import (
    Attempt,
    CircuitOpenError,
    ClientError,
    ContractError,
    HttpClientError,
    HttpStatusError,
    NetworkError,
    RateLimitError,
    WaitTooLongError,
)
from tidegate.utils.errors import SettingsError
from tidegate.utils.redact import MASK

KEY = 'xkeysib-5f"/+=&\\0a1b2c3d4e5f-Qz'


class ApiRow(ReadContract):
    id: int


def told(error: BaseException) -> str:
    """Everything that a log or a report could show of an error."""
    shown = "".join(traceback.format_exception(error)) + repr(error) + str(error) + repr(vars(error))
    return shown + str(getattr(error, "hint", "")) + repr(getattr(error, "history", ""))


def hides(text: str, secret: str = KEY) -> bool:
    return not any(secret[at : at + 8] in text for at in range(len(secret) - 7))


def test_nothing_that_is_printed_shows_the_key() -> None:
    auth = APIKeyAuthManager(SecretStr(KEY))
    client = SyncHttpClient("https://api.example.com", auth_manager=auth)
    call = client.call("GET", "/x", reads=ApiRow, headers={"Authorization": KEY}, json={"password": KEY})
    request = client.build_request("GET", "/x")
    for each in (auth, client, client.policy, call, request, client.policy.redact):
        assert hides(f"{each!r} {each}")


def test_an_auth_manager_cannot_be_pickled_or_copied() -> None:
    auth = APIKeyAuthManager(KEY)
    for act in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="holds a secret") as caught:
            act(auth)
        assert hides(str(caught.value))


def test_a_redactor_loses_its_secrets_in_a_pickle() -> None:
    client = SyncHttpClient("https://api.example.com", auth_manager=APIKeyAuthManager(KEY))
    pickled = pickle.dumps(client.policy.redact)
    assert KEY.encode() not in pickled


@pytest.mark.parametrize("key", ["", " x", "x\n", "schl\u00fcssel", "a\tb", SecretStr("")])
def test_a_key_that_no_header_can_carry_is_refused_untold(key: str | SecretStr) -> None:
    with pytest.raises(SettingsError) as caught:
        APIKeyAuthManager(key)
    plain = key if isinstance(key, str) else key.get_secret_value()
    assert not plain.strip() or plain.strip() not in str(caught.value).split()


def test_two_credentials_are_told_apart_without_being_told() -> None:
    one, other = APIKeyAuthManager(KEY), APIKeyAuthManager(KEY + "x")
    assert one.identity() == APIKeyAuthManager(KEY).identity() != other.identity()
    assert hides(one.identity())


ENCODINGS = {
    "plain": KEY,
    "json": json.dumps(KEY)[1:-1],
    "repr": repr(KEY)[1:-1],
    "json with escaped slashes": KEY.replace("\\", "\\\\").replace('"', '\\"').replace("/", "\\/"),
    "url": quote(KEY, safe=""),
    "url in lower case": quote(KEY, safe="")
    .replace("%2F", "%2f")
    .replace("%3D", "%3d")
    .replace("%2B", "%2b"),
    "base64": base64.b64encode(KEY.encode()).decode(),
    "basic": base64.b64encode(b"user:" + KEY.encode()).decode(),
    "base64url": base64.urlsafe_b64encode(b"a" + KEY.encode()).decode(),
}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_server_that_echoes_the_key_is_not_believed(
    driver: Driver, server: Loopback, status: int, encoding: str
) -> None:
    body = f"no such key: {ENCODINGS[encoding]} sorry"
    server.by = lambda _: Answer(status, body=body.encode(), headers={"Retry-After": "0"})
    client = driver.client(server.url, auth_manager=APIKeyAuthManager(KEY))
    with pytest.raises(HttpStatusError) as caught:
        driver.request(client, "GET", "/")
    assert hides(told(caught.value))
    assert hides(told(caught.value), ENCODINGS[encoding])
    assert MASK in caught.value.body
    assert caught.value.body.startswith("no such key")


@pytest.mark.parametrize("repeats", range(1, 60, 7))
@pytest.mark.parametrize("lead", [0, 1, 290, 299])
def test_a_key_that_is_cut_by_the_excerpt_shows_no_half(server: Loopback, repeats: int, lead: int) -> None:
    key = "k3y-" * 25
    server.by = lambda _: Answer(400, body=(b"-" * lead) + (key + " ").encode() * repeats)
    with SyncHttpClient(server.url, auth_manager=APIKeyAuthManager(key)) as client:
        with pytest.raises(ClientError) as caught:
            client.request("GET", "/")
        assert hides(told(caught.value), key)


def test_what_led_to_an_error_is_told_without_the_key(driver: Driver, server: Loopback) -> None:
    key = "a-key-in-a-header-that-is-none"
    server.by = lambda _: Answer(headers={f"no {key} header": "x"})  # the library's error quotes the line
    client = driver.client(server.url, auth_manager=APIKeyAuthManager(key), retry_strategy=at_once(2))
    with pytest.raises(NetworkError) as caught:
        driver.request(client, "GET", "/")
    assert hides(told(caught.value), key)
    assert MASK in str(caught.value.__cause__)


def test_the_attempts_before_are_told_without_the_key(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: Answer(hang_up=True)
    key = "a-key-that-is-in-the-path-too"
    client = driver.client(server.url, auth_manager=APIKeyAuthManager(key), retry_strategy=at_once(3))
    with pytest.raises(NetworkError) as caught:
        driver.request(client, "GET", f"/bot{key}/x")
    assert len(caught.value.history) == 3
    assert hides(told(caught.value), key)


def test_the_libraries_below_log_neither_queries_nor_cookies(
    driver: Driver, server: Loopback, elsewhere: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    away = {
        "Location": elsewhere.url + "/file?Signature=of-a-presigned-address",
        "Set-Cookie": "sid=session-1",
    }
    server.script(Answer(302, headers=away))
    client = driver.client(server.url, allowed_origins=[elsewhere.url])
    with caplog.at_level(logging.DEBUG):
        driver.request(client, "GET", "/x", params={"email": "someone@example.com"})
    assert {"httpx2", "httpcore2.http11"} <= {each.name for each in caplog.records}
    for told in ("presigned", "session-1", "someone"):
        assert told not in caplog.text


def test_an_error_shows_a_short_piece_of_the_body(server: Loopback) -> None:
    server.by = lambda _: Answer(400, body=b"the limit is too high " * 200)
    with SyncHttpClient(server.url) as client, pytest.raises(ClientError) as caught:
        client.request("GET", "/")
    assert 200 < len(caught.value.body) <= 300
    assert len(str(caught.value)) < 400


def test_an_error_never_tells_the_query(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: Answer(404)
    with pytest.raises(ClientError) as caught:
        driver.request(driver.client(server.url), "GET", "/x", params={"email": "someone@example.com"})
    assert "someone" not in f"{caught.value!r} {vars(caught.value)}"


def test_a_body_that_is_no_json_is_told_without_the_key(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: Answer(body=f"<html>{KEY} is no key</html>".encode())
    client = driver.client(server.url, auth_manager=APIKeyAuthManager(KEY))
    (page,) = driver.pages(client.call("GET", "/x", reads=ApiRow))
    with pytest.raises(ContractError, match="not JSON") as caught:
        page.parse()
    assert hides(str(caught.value))


def test_a_broken_row_is_told_without_the_key(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: as_json([{"id": KEY}])
    client = driver.client(server.url, auth_manager=APIKeyAuthManager(KEY))
    (page,) = driver.pages(client.call("GET", "/x", reads=ApiRow))
    with pytest.raises(ContractError, match=r"field id.*redacted") as caught:
        page.parse()
    assert hides(str(caught.value))


def test_a_page_prints_without_its_body(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: as_json([{"id": 1, "email": "someone@example.com"}])
    (page,) = driver.pages(driver.client(server.url).call("GET", "/x", reads=ApiRow))
    assert "someone" not in repr(page)


@pytest.mark.parametrize(
    "error",
    [
        HttpClientError("a", hint="b", history=(Attempt(1, "503", 0.5),)),
        RateLimitError("a", status_code=429, body="b", retry_after_s=3.0),
        WaitTooLongError("a", wait_s=5),
        CircuitOpenError("a", retry_after_s=5),
    ],
)
def test_an_error_survives_pickling(error: HttpClientError) -> None:
    error.page = 7
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
