"""Against httpbin, plain and over TLS: codings, redirects, status codes, methods, bodies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_httpbin import certs
from pytest_httpbin.serve import SecureServer, Server

from tests.http_tools.driving import Driver, at_once
from tidegate.http_tools.auth import APIKeyAuthManager
from tidegate.http_tools.exceptions import (
    AuthenticationError,
    ClientError,
    CrossOriginError,
    HttpStatusError,
    NetworkError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    error_class,
)

pytestmark = pytest.mark.extended

KEY = "a-key-that-must-not-leak"


# pytest-httpbin's own plugin is switched off in pyproject.toml: it loads a web framework at every start.
@pytest.fixture(scope="module")
def httpbin() -> Iterator[Server]:
    with Server(application=application()) as server:
        yield server


@pytest.fixture(scope="module")
def httpbin_secure() -> Iterator[SecureServer]:
    with SecureServer(application=application()) as server:
        yield server


def application() -> Any:
    from httpbin import app

    return app


@pytest.mark.parametrize(
    ("path", "flag"), [("/gzip", "gzipped"), ("/deflate", "deflated"), ("/brotli", "brotli")]
)
def test_a_coded_body_is_decoded(driver: Driver, httpbin: Any, path: str, flag: str) -> None:
    response = driver.request(driver.client(httpbin.url), "GET", path)
    assert response.json()[flag] is True
    assert "content-encoding" not in response.headers


@pytest.mark.parametrize("status", [200, 201, 204, 206, 226])
def test_2xx_is_an_answer(driver: Driver, httpbin: Any, status: int) -> None:
    assert driver.request(driver.client(httpbin.url), "GET", f"/status/{status}").status_code == status


@pytest.mark.parametrize(
    "status", [400, 401, 403, 404, 405, 408, 409, 410, 418, 422, 425, 429, 500, 502, 503, 504]
)
def test_4xx_and_5xx_are_errors_of_their_own_kind(driver: Driver, httpbin: Any, status: int) -> None:
    kinds: dict[int, type[HttpStatusError]] = {
        401: AuthenticationError, 403: PermissionDeniedError, 404: NotFoundError, 429: RateLimitError,
    }  # fmt: skip
    expected = kinds.get(status, ClientError if status < 500 else ServerError)
    client = driver.client(httpbin.url, retry_strategy=at_once(2))
    with pytest.raises(expected) as caught:
        driver.request(client, "GET", f"/status/{status}")
    assert type(caught.value) is error_class(status)
    retried = status in {408, 425, 429, 500, 502, 503, 504}
    assert len(caught.value.history) == (2 if retried else 1)


@pytest.mark.parametrize("path", ["/redirect/3", "/relative-redirect/3", "/absolute-redirect/3"])
def test_redirects_within_the_origin_are_followed_with_the_key(
    driver: Driver, httpbin: Any, path: str
) -> None:
    client = driver.client(httpbin.url, auth_manager=APIKeyAuthManager(KEY, header="X-Own-Key"))
    assert driver.request(client, "GET", path).json()["headers"]["X-Own-Key"] == KEY


def test_redirects_without_end_end(driver: Driver, httpbin: Any) -> None:
    with pytest.raises(CrossOriginError, match="more than 5 redirects"):
        driver.request(driver.client(httpbin.url), "GET", "/redirect/20")


def test_a_redirect_to_another_origin_is_refused_and_allowed_by_name_without_the_key(
    driver: Driver, httpbin: Any
) -> None:
    other = httpbin.url.replace("127.0.0.1", "localhost")
    params = {"url": f"{other}/get"}
    auth = APIKeyAuthManager(KEY)
    with pytest.raises(CrossOriginError):
        driver.request(driver.client(httpbin.url, auth_manager=auth), "GET", "/redirect-to", params=params)
    allowed = driver.client(httpbin.url, auth_manager=auth, allowed_origins=[other])
    assert KEY not in driver.request(allowed, "GET", "/redirect-to", params=params).text


@pytest.mark.parametrize(("status", "method"), [(302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
def test_a_redirected_post_keeps_its_method_where_it_must(
    driver: Driver, httpbin: Any, status: int, method: str
) -> None:
    params = {"url": f"{httpbin.url}/anything", "status_code": status}
    client = driver.client(httpbin.url)
    echoed = driver.request(client, "POST", "/redirect-to", params=params, json={"a": 1}).json()
    assert echoed["method"] == method
    assert echoed["data"] == ('{"a":1}' if method == "POST" else "")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_methods_parameters_and_bodies_arrive_as_written(driver: Driver, httpbin: Any, method: str) -> None:
    params = {"text": "ä & b", "flag": True, "many": [1, 2], "none": None}
    echoed = driver.request(
        driver.client(httpbin.url), method, "/anything/a%20b", params=params, json={"ü": [1]}
    ).json()
    assert echoed["method"] == method
    assert echoed["args"] == {"text": "ä & b", "flag": "true", "many": ["1", "2"]}
    assert echoed["json"] == {"ü": [1]}


def test_a_chunked_stream_comes_whole(driver: Driver, httpbin: Any) -> None:
    response = driver.request(driver.client(httpbin.url), "GET", "/stream-bytes/50000", params={"seed": 1})
    assert len(response.content) == 50_000


def test_a_dripping_body_comes_whole(driver: Driver, httpbin: Any) -> None:
    params = {"duration": 0.3, "numbytes": 10, "delay": 0.1}
    assert len(driver.request(driver.client(httpbin.url), "GET", "/drip", params=params).content) == 10


def test_tls_holds_with_the_servers_authority(
    driver: Driver, httpbin_secure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", certs.where())
    client = driver.client(httpbin_secure.url, auth_manager=APIKeyAuthManager(KEY, header="X-Own-Key"))
    assert driver.request(client, "GET", "/headers").json()["headers"]["X-Own-Key"] == KEY


def test_tls_without_the_servers_authority_sends_nothing(
    driver: Driver, httpbin_secure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with pytest.raises(NetworkError, match=r"(?i)certificate"):
        driver.request(driver.client(httpbin_secure.url, retry_strategy=at_once(1)), "GET", "/get")


def test_https_does_not_fall_back_to_http(
    driver: Driver, httpbin: Any, httpbin_secure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", certs.where())
    client = driver.client(httpbin_secure.url, auth_manager=APIKeyAuthManager(KEY))
    with pytest.raises(CrossOriginError):
        driver.request(client, "GET", "/redirect-to", params={"url": f"{httpbin.url}/get"})
