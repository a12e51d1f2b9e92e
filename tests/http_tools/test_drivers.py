"""Both clients give the same outcome for the same script, and make the same requests."""

from __future__ import annotations

import gzip
import threading
import time

import pytest

from tests.http_tools.driving import Driver, at_once
from tests.http_tools.loopback import Answer, Loopback, as_json
from tidegate.http_tools.auth import APIKeyAuthManager
from tidegate.http_tools.clients import HttpClient, SyncHttpClient
from tidegate.http_tools.exceptions import (
    HttpClientError,
    NetworkError,
    RequestTimeoutError,
    ResponseTooLargeError,
)
from tidegate.utils.errors import SettingsError

# -- one answer


def test_an_answer_comes_back_whole(driver: Driver, server: Loopback) -> None:
    server.script(as_json({"a": 1}, status=201, headers={"X-More": "yes"}))
    response = driver.request(driver.client(server.url + "/v3"), "POST", "/things", json={"b": True})
    assert (response.status_code, response.json(), response.headers["x-more"]) == (201, {"a": 1}, "yes")
    assert (server.seen[0].method, server.seen[0].target) == ("POST", "/v3/things")
    assert server.seen[0].body == b'{"b":true}'


def test_a_compressed_answer_is_decoded(driver: Driver, server: Loopback) -> None:
    server.script(Answer(body=gzip.compress(b'{"a":1}'), headers={"Content-Encoding": "gzip"}))
    response = driver.request(driver.client(server.url), "GET", "/")
    assert response.content == b'{"a":1}'
    assert "content-encoding" not in response.headers
    assert response.headers["content-length"] == "7"


@pytest.mark.parametrize("failure", [Answer(hang_up=True), Answer(body=b"x" * 900, cut_after=400)])
def test_a_connection_that_breaks_is_tried_again(driver: Driver, server: Loopback, failure: Answer) -> None:
    server.script(failure, failure, as_json({"whole": True}))
    response = driver.request(driver.client(server.url), "GET", "/")
    assert response.json() == {"whole": True}
    assert len(server.seen) == 3


def test_a_body_that_cannot_be_decompressed_is_tried_again(driver: Driver, server: Loopback) -> None:
    broken = Answer(body=b"no gzip at all", headers={"Content-Encoding": "gzip"})
    server.script(broken, as_json({"whole": True}))
    assert driver.request(driver.client(server.url), "GET", "/").json() == {"whole": True}
    server.by = lambda _: broken
    with pytest.raises(NetworkError, match="no complete answer"):
        driver.request(driver.client(server.url), "GET", "/")


def test_an_answer_that_breaks_every_time_is_a_network_error(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: Answer(body=b"x" * 900, cut_after=400)
    client = driver.client(server.url, retry_strategy=at_once(3))
    with pytest.raises(NetworkError, match=r"GET / on http://127.*after 3 attempts") as caught:
        driver.request(client, "GET", "/")
    assert len(server.seen) == len(caught.value.history) == 3


def test_a_port_where_nobody_listens_is_a_network_error(driver: Driver, server: Loopback) -> None:
    server.close()
    client = driver.client(server.url, retry_strategy=at_once(2))
    with pytest.raises(NetworkError) as caught:
        driver.request(client, "GET", "/")
    assert "reachable" in (caught.value.hint or "")


def test_a_server_that_says_nothing_is_a_timeout(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: Answer(delay_s=1.0)
    client = driver.client(server.url, timeout_s=0.05, retry_strategy=at_once(2))
    with pytest.raises(RequestTimeoutError):
        driver.request(client, "GET", "/")
    assert len(server.seen) == 2


def test_the_total_timeout_cuts_a_body_that_drips(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: Answer(body=b"x" * 500, drip_s=0.02)
    client = driver.client(server.url, total_timeout_s=0.15, retry_strategy=at_once(1))
    began = time.monotonic()
    with pytest.raises(RequestTimeoutError, match="took too long"):
        driver.request(client, "GET", "/")
    assert time.monotonic() - began < 1


def test_a_body_over_the_cap_is_refused_and_not_tried_again(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: Answer(body=b"x" * 2000)
    client = driver.client(server.url, max_bytes=1000)
    with pytest.raises(ResponseTooLargeError, match=r"GET /big: the answer is over 1000 bytes"):
        driver.request(client, "GET", "/big")
    assert len(server.seen) == 1


def test_the_cap_counts_decoded_bytes(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: Answer(body=gzip.compress(b"x" * 5000), headers={"Content-Encoding": "gzip"})
    with pytest.raises(ResponseTooLargeError):
        driver.request(driver.client(server.url, max_bytes=4999), "GET", "/")
    assert len(driver.request(driver.client(server.url, max_bytes=5000), "GET", "/").content) == 5000


def test_a_cookie_is_never_sent_back(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: Answer(headers={"Set-Cookie": "session=1; Path=/"})
    client = driver.client(server.url)
    driver.request(client, "GET", "/")
    driver.request(client, "GET", "/")
    assert "cookie" not in server.seen[1].headers


def test_threads_share_a_sync_client(server: Loopback) -> None:
    server.by = lambda _: Answer(delay_s=0.01)
    client = SyncHttpClient(server.url, auth_manager=APIKeyAuthManager("a-key-of-no-one"))
    done: list[int] = []
    threads = [
        threading.Thread(target=lambda: done.append(client.request("GET", "/").status_code))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.close()
    assert done == [200] * 20


# -- what a request is made of


def test_an_escaped_character_of_a_path_stays_escaped(driver: Driver, server: Loopback) -> None:
    driver.request(driver.client(server.url + "/v3/"), "GET", "/contacts/a%2Fb%40c.de%25?x=1%2B1")
    assert server.seen[0].target == "/v3/contacts/a%2Fb%40c.de%25?x=1%2B1"


def test_a_header_of_the_caller_takes_the_place_of_the_default(driver: Driver, server: Loopback) -> None:
    client = driver.client(server.url, headers={"User-Agent": "me"})
    response = driver.request(client, "GET", "/", headers={"Accept": "text/csv"})
    assert response.request.headers.get_list("accept") == ["text/csv"]
    assert response.request.headers.get_list("user-agent") == ["me"]
    assert server.seen[0].headers["accept"] == "text/csv"


def test_parameters_are_written_as_text() -> None:
    from datetime import UTC, date, datetime, timedelta, timezone
    from enum import IntEnum, StrEnum

    class Kind(StrEnum):
        A = "a"

    class Level(IntEnum):
        TWO = 2

    berlin = timezone(timedelta(hours=2))
    params = {
        "yes": True,
        "none": None,
        "day": date(2026, 1, 2),
        "at": datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=berlin),
        "utc": datetime(2026, 1, 2, tzinfo=UTC),
        "many": [1, Kind.A, None, False],
        "level": Level.TWO,
    }
    assert HttpClient.encode_params(params) == {
        "yes": "true",
        "day": "2026-01-02",
        "at": "2026-01-02T01:04:05.678Z",
        "utc": "2026-01-02T00:00:00.000Z",
        "many": ["1", "a", "false"],
        "level": "2",
    }


@pytest.mark.parametrize("value", [{"a": 1}, {1}, b"x", object()])
def test_a_parameter_that_has_no_text_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="parameter odd"):
        HttpClient.encode_params({"odd": value})


def test_a_naive_datetime_is_refused() -> None:
    from datetime import datetime

    with pytest.raises(ValueError, match="no time zone"):
        HttpClient.encode_params({"at": datetime(2026, 1, 1)})


@pytest.mark.parametrize("url", ["api.example.com/v3", "ftp://example.com", "/v3", "https://"])
def test_a_base_url_that_is_no_origin_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="base_url"):
        SyncHttpClient(url)
    with pytest.raises(SettingsError, match="allowed_origins"):
        SyncHttpClient("https://example.com", allowed_origins=[url])


def test_a_base_url_with_a_password_is_refused_untold() -> None:
    with pytest.raises(SettingsError, match="base_url") as caught:
        SyncHttpClient("https://user:hunter2hunter2@example.com")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://\u2603.example/", "/a\0b", "http://" + "a" * 70_000])
def test_a_malformed_address_is_an_error_of_ours(driver: Driver, url: str) -> None:
    for client in (driver.client("http://127.0.0.1:1"), driver.client()):
        with pytest.raises(HttpClientError, match="malformed"):
            driver.request(client, "GET", url)
