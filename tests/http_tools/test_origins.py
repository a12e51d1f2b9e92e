"""A credential goes only to the origin it was made for."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.http_tools.driving import Driver, World
from tests.http_tools.loopback import Answer, Loopback, Seen, as_json
from tidegate.contracts.base import ReadContract
from tidegate.http_tools.auth import APIKeyAuthManager, BearerAuthManager
from tidegate.http_tools.clients import HttpClient
from tidegate.http_tools.exceptions import CrossOriginError, HttpClientError, HttpStatusError
from tidegate.http_tools.origins import check_target, origin, redirect_of
from tidegate.http_tools.pagination import NextUrlPaginator
from tidegate.http_tools.policy import Policy, request_flow

KEY = "a-key-for-one-origin-only"
# What a client of ours may send to an origin that is not its own.
PLAIN = {"accept", "accept-encoding", "user-agent", "content-type", "content-length", "host", "connection"}


class ApiRow(ReadContract):
    id: int


def with_key(driver: Driver, server: Loopback, *allowed: Loopback) -> HttpClient:
    return driver.client(
        server.url,
        auth_manager=APIKeyAuthManager(KEY),
        headers={"X-Partner-Token": "another-secret"},
        allowed_origins=[each.url for each in allowed],
    )


def to(location: str, status: int = 302) -> Answer:
    return Answer(status, headers={"Location": location})


def carries_nothing_of_ours(seen: Seen) -> bool:
    return set(seen.headers) <= PLAIN and KEY not in repr(seen)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_redirect_to_another_origin_is_refused(
    driver: Driver, server: Loopback, elsewhere: Loopback, status: int, method: str
) -> None:
    server.by = lambda _: to(elsewhere.url + "/x", status)
    with pytest.raises(CrossOriginError, match="another origin; nothing was sent there") as caught:
        driver.request(with_key(driver, server), method, "/")
    assert not elsewhere.seen
    assert len(server.seen) == 1
    assert f"allowed_origins=['{elsewhere.url}']" in (caught.value.hint or "")


@pytest.mark.parametrize("status", [302, 307])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_allowed_origin_is_asked_without_any_credential(
    driver: Driver, server: Loopback, elsewhere: Loopback, status: int, method: str
) -> None:
    server.by = lambda _: to(elsewhere.url + "/x", status)
    client = with_key(driver, server, elsewhere)
    driver.request(client, method, "/", headers={"X-Own": "secret", "Cookie": "a=b"})
    (seen,) = elsewhere.seen
    assert carries_nothing_of_ours(seen)
    assert seen.headers["host"] == elsewhere.url.removeprefix("http://")
    assert server.seen[0].headers["api-key"] == KEY


def test_an_allowed_origin_is_asked_by_its_url_without_any_credential(
    driver: Driver, server: Loopback, elsewhere: Loopback
) -> None:
    client = with_key(driver, server, elsewhere)
    driver.request(client, "GET", elsewhere.url + "/x", headers={"X-Own": "secret"})
    assert carries_nothing_of_ours(elsewhere.seen[0])


def test_retries_at_an_allowed_origin_stay_without_credential(
    driver: Driver, server: Loopback, elsewhere: Loopback
) -> None:
    server.by = lambda _: to(elsewhere.url + "/x")
    elsewhere.script(Answer(503), Answer(hang_up=True))
    driver.request(with_key(driver, server, elsewhere), "GET", "/")
    assert len(elsewhere.seen) == 3
    assert all(map(carries_nothing_of_ours, elsewhere.seen))


def test_the_way_back_home_carries_the_credential_again(
    driver: Driver, server: Loopback, elsewhere: Loopback
) -> None:
    server.script(to(elsewhere.url + "/x"))
    elsewhere.by = lambda _: to(server.url + "/back")
    driver.request(with_key(driver, server, elsewhere), "GET", "/")
    assert carries_nothing_of_ours(elsewhere.seen[0])
    assert server.seen[1].headers["api-key"] == KEY


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_within_the_origin_is_followed_with_the_credential(
    driver: Driver, server: Loopback, status: int
) -> None:
    server.script(to("/moved?page=2", status))
    response = driver.request(with_key(driver, server), "GET", "/")
    assert response.status_code == 200
    assert server.seen[1].target == "/moved?page=2"
    assert server.seen[1].headers["api-key"] == KEY
    assert server.seen[1].headers["x-partner-token"] == "another-secret"


@pytest.mark.parametrize(("status", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST")])
def test_a_post_is_sent_on_only_where_the_status_says_so(
    driver: Driver, server: Loopback, status: int, method: str
) -> None:
    server.script(to("/moved", status))
    driver.request(with_key(driver, server), "POST", "/", json={"a": 1})
    assert server.seen[1].method == method
    assert server.seen[1].body == (b'{"a":1}' if method == "POST" else b"")
    assert ("content-type" in server.seen[1].headers) is (method == "POST")


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("based", [True, False], ids=["allowed", "no base URL"])
def test_a_redirect_takes_no_body_to_another_origin(
    driver: Driver, server: Loopback, elsewhere: Loopback, status: int, based: bool
) -> None:
    server.by = lambda _: to(elsewhere.url + "/x", status)
    client = with_key(driver, server, elsewhere) if based else driver.client()
    with pytest.raises(CrossOriginError, match="takes no body to another origin"):
        driver.request(client, "POST", server.url + "/", json={"password": "private"})
    assert not elsewhere.seen


def test_a_post_that_becomes_a_get_goes_to_an_allowed_origin(
    driver: Driver, server: Loopback, elsewhere: Loopback
) -> None:
    server.by = lambda _: to(elsewhere.url + "/x", 303)
    driver.request(with_key(driver, server, elsewhere), "POST", "/", json={"password": "private"})
    assert [(seen.method, seen.body) for seen in elsewhere.seen] == [("GET", b"")]


def test_a_next_link_takes_no_body_to_another_origin(
    driver: Driver, server: Loopback, elsewhere: Loopback
) -> None:
    server.by = lambda _: as_json({"rows": [{"id": 1}], "next": elsewhere.url + "/x"})
    call = with_key(driver, server, elsewhere).pages(
        "POST", "/x", reads=ApiRow, items="rows", json={"a": "private"}, paginator=NextUrlPaginator("next")
    )
    with pytest.raises(CrossOriginError, match="takes no body to another origin"):
        driver.pages(call)
    assert not elsewhere.seen


def test_a_user_in_an_address_that_the_api_gives_takes_no_credentials_place(
    driver: Driver, server: Loopback
) -> None:
    home = server.url.replace("//", "//user:password@")
    server.script(to(home + "/moved"), as_json({"rows": [{"id": 1}], "next": home + "/next"}))
    server.by = lambda _: as_json({"rows": []})
    client = driver.client(server.url, auth_manager=BearerAuthManager(KEY))
    call = client.pages("GET", "/", reads=ApiRow, items="rows", paginator=NextUrlPaginator("next"))
    driver.pages(call)
    assert [seen.headers["authorization"] for seen in server.seen] == [f"Bearer {KEY}"] * 3


def test_five_redirects_are_followed_and_no_sixth(driver: Driver, server: Loopback) -> None:
    server.script(*[to("/on")] * 5)
    assert driver.request(with_key(driver, server), "GET", "/").status_code == 200
    server.by = lambda _: to("/on")
    server.seen.clear()
    with pytest.raises(CrossOriginError, match="GET /: more than 5 redirects"):
        driver.request(with_key(driver, server), "GET", "/")
    assert len(server.seen) == 6


def test_a_redirect_that_names_no_target_is_an_error(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: Answer(302)
    with pytest.raises(HttpStatusError, match="302"):
        driver.request(with_key(driver, server), "GET", "/")
    assert len(server.seen) == 1


@pytest.mark.parametrize("url", ["//{other}/path", "http://{other}/path", "HTTP://{other}"])
def test_an_absolute_url_of_another_origin_is_refused(
    driver: Driver, server: Loopback, elsewhere: Loopback, url: str
) -> None:
    other = elsewhere.url.removeprefix("http://")
    with pytest.raises(CrossOriginError):
        driver.request(with_key(driver, server), "GET", url.format(other=other))
    server.by = lambda _: to(url.format(other=other))
    with pytest.raises(CrossOriginError):
        driver.request(with_key(driver, server), "GET", "/")
    assert not elsewhere.seen


def test_an_absolute_url_of_the_own_origin_carries_the_credential(driver: Driver, server: Loopback) -> None:
    driver.request(with_key(driver, server), "GET", server.url + "/next?page=2")
    assert server.seen[0].headers["api-key"] == KEY


@pytest.mark.parametrize(
    "location",
    [
        "http://[::1", "http://\u2603.example/", "javascript:alert(1)", "ftp://127.0.0.1/x", "http://a:99999/",
        "http://evil.example\\@127.0.0.1/", "http://" + "a" * 9000, "data:text/plain,x", "http://xn--\u00fc/",
    ],
)  # fmt: skip
def test_a_malformed_location_is_refused(driver: Driver, server: Loopback, location: str) -> None:
    answer = httpx2.Response(302, headers=[(b"location", location.encode())])
    client = driver.client(
        "http://127.0.0.1:1",
        auth_manager=APIKeyAuthManager(KEY),
        transport=httpx2.MockTransport(lambda _: answer),
    )
    with pytest.raises(CrossOriginError):
        driver.request(client, "GET", "/")


@given(st.one_of(st.text(), st.from_regex(r"\A(https?:)?[/\\]{0,3}[@\[\]:.%\w/\\]*\Z")))
def test_no_location_leads_away_or_raises_another_error(location: str) -> None:
    asked = httpx2.Request("GET", "https://api.example.com/v3/x")
    try:
        answer = httpx2.Response(302, headers=[(b"location", location.encode())], request=asked)
    except ValueError:
        return
    try:
        target = redirect_of(answer)
        assert target is not None
        assert check_target(target, asked.url, frozenset())
    except CrossOriginError:
        return
    assert (target.scheme, target.host, target.port) == ("https", "api.example.com", None)


# -- https never falls back to http


def responds(policy: Policy, url: str, *script: httpx2.Response) -> list[httpx2.Request]:
    world = World(list(script))
    world.run(request_flow(policy, httpx2.Request("GET", url)))
    return world.sent


@pytest.mark.parametrize("target", ["http://api.example.com/", "http://files.example.com/"])
def test_https_never_falls_back_to_http(target: str) -> None:
    home = httpx2.URL("https://api.example.com")
    allowed = frozenset({"http://files.example.com:80"})
    redirect = httpx2.Response(302, headers={"Location": target})
    with pytest.raises(CrossOriginError, match="https never falls back to http"):
        responds(Policy(home=home, allowed_origins=allowed), "https://api.example.com/", redirect)
    with pytest.raises(CrossOriginError, match="https never falls back to http"):
        responds(Policy(), "https://api.example.com/", redirect)
    with pytest.raises(CrossOriginError):
        check_target(httpx2.URL(target), home, allowed)


def test_without_a_base_url_a_redirect_elsewhere_carries_no_header_of_ours() -> None:
    away = httpx2.Response(302, headers={"Location": "https://files.example.com/x"})
    on = httpx2.Response(302, headers={"Location": "/y"})
    world = World([on, away, httpx2.Response(200)])
    request = httpx2.Request("GET", "https://example.com/", headers={"X-Own": "secret", "Accept": "text/csv"})
    world.run(request_flow(Policy(), request))
    first, second, third = world.sent
    assert first.headers["x-own"] == second.headers["x-own"] == "secret"
    assert "x-own" not in third.headers
    assert third.headers["accept"] == "text/csv"


def test_another_origin_spends_none_of_our_quota(
    driver: Driver, server: Loopback, elsewhere: Loopback
) -> None:
    from tidegate.http_tools.rate_limiters import SlidingWindowLimiter

    client = driver.client(
        server.url, rate_limiter=SlidingWindowLimiter(1, 60), allowed_origins=[elsewhere.url]
    )
    server.by = lambda _: to(elsewhere.url)
    assert driver.request(client, "GET", "/").status_code == 200


# -- what an origin is


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://api.example.com:443/", True),
        ("https://API.Example.com/v3", True),
        ("https://user:password@api.example.com/", True),
        ("http://api.example.com/", False),
        ("https://api.example.com:8443/", False),
        ("https://api.example.com.evil.net/", False),
        ("https://example.com/", False),
        ("https://api.example.com./", False),
        ("https://api.example.com@evil.net/", False),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, same: bool) -> None:
    home = httpx2.URL("https://api.example.com/v3")
    assert (origin(httpx2.URL(url)) == origin(home)) is same


@pytest.mark.parametrize("url", ["http://[::1]:81/x", "https://b\u00fccher.example/", "http://127.0.0.1/"])
def test_an_origin_can_be_read_back(url: str) -> None:
    first = origin(httpx2.URL(url))
    assert origin(httpx2.URL(first)) == first


def test_an_origin_never_shows_a_password() -> None:
    assert "password" not in origin(httpx2.URL("https://user:password@api.example.com/"))


def raised(act: Callable[[], object]) -> HttpClientError:
    with pytest.raises(HttpClientError) as caught:
        act()
    return caught.value


def test_a_secret_in_the_name_of_a_host_is_not_told(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: to(f"http://{KEY}.evil.example/")
    error = raised(lambda: driver.request(with_key(driver, server), "GET", "/"))
    assert KEY not in f"{error} {error.hint}"
