"""Credentials that need no call of their own: a key, user and password, a bearer token."""

from __future__ import annotations

import base64
import logging

import pytest
from pydantic import SecretStr

from tests.http_tools.driving import Driver
from tests.http_tools.loopback import Answer, Loopback
from tidegate.http_tools.auth import APIKeyAuthManager, BaseAuthManager, BasicAuthManager, BearerAuthManager
from tidegate.http_tools.exceptions import AuthenticationError, HttpStatusError
from tidegate.utils.errors import SettingsError

KEY = "k3y/with+odd=characters&more"


def test_a_key_goes_in_its_header(driver: Driver, server: Loopback) -> None:
    auth = APIKeyAuthManager(SecretStr(KEY), "X-Api-Key")
    driver.request(driver.client(server.url, auth_manager=auth), "GET", "/")
    assert server.seen[0].headers["x-api-key"] == KEY


def test_a_key_goes_in_the_query_instead(driver: Driver, server: Loopback) -> None:
    auth = APIKeyAuthManager(KEY, query="api_key")
    driver.request(driver.client(server.url, auth_manager=auth), "GET", "/x", params={"a": "b c"})
    (seen,) = server.seen
    assert seen.query == {"a": "b c", "api_key": KEY}
    assert "api-key" not in seen.headers


@pytest.mark.parametrize(
    "query", ["", "?", "?a=1", "?a=%2F&flag", "?api_key=old", "?api_key=old&api_key=older"]
)
def test_a_key_stands_once_in_a_query_that_keeps_its_rest(
    driver: Driver, server: Loopback, query: str
) -> None:
    auth = APIKeyAuthManager(KEY, query="api_key")
    driver.request(driver.client(server.url, auth_manager=auth), "GET", f"/x{query}")
    target = server.seen[0].target
    assert target.count("api_key=") == 1
    assert "old" not in target
    assert ("%2F&flag&" in target) is ("flag" in query)


def test_a_key_in_the_query_is_sent_again_on_a_retry_and_a_redirect(driver: Driver, server: Loopback) -> None:
    server.script(Answer(503), Answer(302, headers={"Location": "/moved?b=2"}))
    driver.request(driver.client(server.url, auth_manager=APIKeyAuthManager(KEY, query="key")), "GET", "/x")
    assert [seen.query.get("key") for seen in server.seen] == [KEY] * 3
    assert server.seen[2].target.startswith("/moved?b=2&key=")


def test_a_key_in_the_query_is_not_in_the_log(
    driver: Driver, server: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        auth = APIKeyAuthManager("a-key-without-odd-characters", query="api_key")
        driver.request(driver.client(server.url, auth_manager=auth), "GET", "/x")
    assert server.url + "/x" in caplog.text
    assert "a-key-without" not in caplog.text


def test_user_and_password_are_basic_in_utf8(driver: Driver, server: Loopback) -> None:
    driver.request(
        driver.client(server.url, auth_manager=BasicAuthManager("jürgen", "pass:wörd")), "GET", "/"
    )
    scheme, _, encoded = server.seen[0].headers["authorization"].partition(" ")
    assert (scheme, base64.b64decode(encoded).decode()) == ("Basic", "jürgen:pass:wörd")


def test_a_key_may_be_the_user_alone() -> None:
    assert "sk_live_0123456789" in BasicAuthManager("sk_live_0123456789").secrets()


def test_a_bearer_token_is_sent_as_it_is(driver: Driver, server: Loopback) -> None:
    driver.request(driver.client(server.url, auth_manager=BearerAuthManager("abc.def")), "GET", "/")
    assert server.seen[0].headers["authorization"] == "Bearer abc.def"


@pytest.mark.parametrize(
    "auth", [APIKeyAuthManager(KEY), BasicAuthManager("u", "p"), BearerAuthManager("t")], ids=repr
)
def test_what_cannot_be_renewed_is_not_tried_twice(
    driver: Driver, server: Loopback, auth: BaseAuthManager
) -> None:
    server.by = lambda _: Answer(401)
    with pytest.raises(AuthenticationError):
        driver.request(driver.client(server.url, auth_manager=auth), "GET", "/")
    assert len(server.seen) == 1


@pytest.mark.parametrize("text", ["", " a", "a\n", "a\x00b", "schlüssel"])
def test_a_credential_that_no_header_can_carry_is_refused(text: str) -> None:
    for make in (APIKeyAuthManager, BearerAuthManager):
        with pytest.raises(SettingsError, match="no header can carry"):
            make(text)


@pytest.mark.parametrize(("user", "password"), [("a:b", "c"), ("a\n", "c"), ("a", "c\r\nX-Other: d")])
def test_user_or_password_that_basic_cannot_carry_is_refused(user: str, password: str) -> None:
    with pytest.raises(SettingsError, match="basic authentication cannot carry"):
        BasicAuthManager(user, password)


@pytest.mark.parametrize("status", [401, 403])
def test_a_credential_that_is_not_enough_is_named_by_its_setting(
    driver: Driver, server: Loopback, status: int
) -> None:
    server.by = lambda _: Answer(status)
    auth = APIKeyAuthManager(KEY)
    with pytest.raises(HttpStatusError) as caught:
        driver.request(driver.client(server.url, auth_manager=auth), "GET", "/")
    assert auth.setting in str(caught.value.hint)
    assert KEY not in str(caught.value.hint)
