"""A credential goes to its own origin only, and shows nowhere: with each auth manager."""

from __future__ import annotations

import base64
import copy
import json
import pickle
import re
import traceback
from collections.abc import Callable, Iterable
from urllib.parse import quote, unquote_plus

import httpx2
import pytest

from tests.http_tools import auth_support
from tests.http_tools.auth_support import EVERY, SECRET, SHARED, TokenServer, rsa_key
from tests.http_tools.driving import Driver
from tests.http_tools.loopback import Answer, Loopback, Seen, as_json
from tidegate.contracts.base import ReadContract
from tidegate.http_tools.auth import (
    APIKeyAuthManager,
    BaseAuthManager,
    ClientAuth,
    FileTokenStore,
    Grant,
    JWTBearer,
    JWTSigner,
    MemoryTokenStore,
    OAuth2AuthManager,
    Password,
    PrivateKeyJWT,
    RefreshToken,
)
from tidegate.http_tools.clients import HttpClient
from tidegate.http_tools.effects import Flow
from tidegate.http_tools.exceptions import CrossOriginError, HttpClientError, HttpStatusError, TokenError
from tidegate.http_tools.pagination import NextUrlPaginator
from tidegate.utils.redact import MASK

# What a client of ours may send to an origin that is not its own.
PLAIN = {"accept", "accept-encoding", "user-agent", "content-type", "content-length", "host", "connection"}

# Those that make a token call.
FETCHED = [kind for kind in EVERY if "key in" not in kind and kind not in {"basic", "bearer", "jwt"}]

every_manager = pytest.mark.parametrize("kind", EVERY)


class ApiRow(ReadContract):
    id: int


class Api:
    """An API that answers `then`, with a token endpoint that gives `TOKEN` for anything."""

    TOKEN = "access-token-" + "Zq9x" * 8

    def __init__(self, server: Loopback, then: Answer) -> None:
        self.server, self.then = server, then
        server.by = self.answer

    def answer(self, seen: Seen) -> Answer:
        if seen.path == "/token":
            more = {"refresh_token": "a-rotated-refresh-token", "expires_in": 3600}
            return as_json({"access_token": self.TOKEN, "token": self.TOKEN, **more})
        return self.then

    @property
    def asked(self) -> list[Seen]:
        return [seen for seen in self.server.seen if seen.path != "/token"]

    def credentials(self) -> set[str]:
        """Every value that came with a request and could be a credential, as it came and decoded."""
        found = {SECRET, SHARED, self.TOKEN, "a-rotated-refresh-token"}
        for seen in self.server.seen:
            found |= {value for name, value in seen.headers.items() if name not in PLAIN}
            found |= set(seen.query.values()) | set(_form(seen))
        more = {part for each in found for part in each.split(" ")}
        return {each for each in found | more if len(each) >= 8} - {"client_credentials"}


def _form(seen: Seen) -> Iterable[str]:
    text = seen.body.decode()
    return (
        list(json.loads(text).values())
        if text.startswith("{")
        else re.findall(r"=([^&]+)", unquote_plus(text))
    )


def client_of(driver: Driver, kind: str, server: Loopback, *allowed: Loopback) -> HttpClient:
    auth = EVERY[kind](server.url + "/token")
    return driver.client(server.url, auth_manager=auth, allowed_origins=[each.url for each in allowed])


@every_manager
def test_the_home_origin_gets_the_credential(driver: Driver, server: Loopback, kind: str) -> None:
    api = Api(server, Answer())
    driver.request(client_of(driver, kind, server), "GET", "/x")
    (seen,) = api.asked
    carried = {**seen.headers, **seen.query}
    assert set(carried) - PLAIN


@every_manager
def test_a_redirect_takes_no_credential_to_another_host(
    driver: Driver, server: Loopback, elsewhere: Loopback, kind: str
) -> None:
    api = Api(server, Answer(302, headers={"Location": elsewhere.url + "/x"}))
    with pytest.raises(CrossOriginError):
        driver.request(client_of(driver, kind, server), "GET", "/x")
    assert api.asked
    assert not elsewhere.seen


@every_manager
def test_a_redirect_to_an_allowed_host_takes_no_credential_along(
    driver: Driver, server: Loopback, elsewhere: Loopback, kind: str
) -> None:
    api = Api(server, Answer(302, headers={"Location": elsewhere.url + "/x?page=2"}))
    driver.request(client_of(driver, kind, server, elsewhere), "GET", "/x")
    (seen,) = elsewhere.seen
    assert set(seen.headers) <= PLAIN
    assert (seen.target, seen.body) == ("/x?page=2", b"")
    assert not any(each in repr(seen) for each in api.credentials())


@every_manager
@pytest.mark.parametrize("allowed", [False, True])
def test_a_next_link_to_another_host_takes_no_credential_along(
    driver: Driver, server: Loopback, elsewhere: Loopback, kind: str, allowed: bool
) -> None:
    api = Api(server, as_json({"rows": [{"id": 1}], "next": elsewhere.url + "/x?page=2"}))
    elsewhere.by = lambda _: as_json({"rows": []})
    client = client_of(driver, kind, server, *([elsewhere] if allowed else []))
    call = client.pages("GET", "/x", reads=ApiRow, items="rows", paginator=NextUrlPaginator("next"))
    if allowed:
        assert len(driver.pages(call)) == 2
    else:
        with pytest.raises(CrossOriginError):
            driver.pages(call)
    assert len(elsewhere.seen) == allowed
    assert all(set(seen.headers) <= PLAIN for seen in elsewhere.seen)
    assert not any(each in repr(elsewhere.seen) for each in api.credentials())


@pytest.mark.parametrize("kind", ["key in the query", "login, token in the query"])
def test_a_redirect_that_repeats_our_query_takes_no_credential_along(
    driver: Driver, server: Loopback, elsewhere: Loopback, kind: str
) -> None:
    api = Api(server, Answer())
    elsewhere.by = lambda _: Answer()
    api_answer = server.by
    server.by = lambda seen: (
        api_answer(seen)
        if seen.path == "/token"
        else Answer(302, headers={"Location": elsewhere.url + seen.target + "&more=1"})
    )
    driver.request(client_of(driver, kind, server, elsewhere), "GET", "/x?a=1")
    (seen,) = elsewhere.seen
    assert seen.query == {"a": "1", "more": "1"}
    assert not any(each in repr(seen) for each in api.credentials())


@every_manager
def test_a_server_that_writes_the_credential_into_a_redirect_is_not_followed(
    driver: Driver, server: Loopback, elsewhere: Loopback, kind: str
) -> None:
    api = Api(server, Answer())
    answer = server.by

    def echo(seen: Seen) -> Answer:
        if seen.path == "/token":
            return answer(seen)
        carried = [value for name, value in {**seen.headers, **seen.query}.items() if name not in PLAIN]
        leak = carried[-1].rpartition(" ")[2]
        return Answer(302, headers={"Location": f"{elsewhere.url}/x/{leak.replace('/', '%2F')}"})

    server.by = echo
    with pytest.raises(CrossOriginError) as caught:
        driver.request(client_of(driver, kind, server, elsewhere), "GET", "/x")
    assert not elsewhere.seen
    assert not any(each in told(caught.value) for each in api.credentials())


@pytest.mark.parametrize("kind", FETCHED)
def test_a_redirecting_token_endpoint_takes_no_credential_to_another_host(
    driver: Driver, server: Loopback, elsewhere: Loopback, kind: str
) -> None:
    server.by = lambda _: Answer(307, headers={"Location": elsewhere.url + "/token"})
    with pytest.raises((TokenError, CrossOriginError)):
        driver.request(client_of(driver, kind, server), "GET", "/x")
    assert not elsewhere.seen


def test_the_token_call_carries_nothing_of_the_request(driver: Driver, server: Loopback) -> None:
    tokens = TokenServer(server)
    client = driver.client(server.url, auth_manager=tokens.manager(), headers={"X-Partner": "partner-secret"})
    driver.request(client, "POST", "/x?email=someone", json={"a": "private"}, headers={"Cookie": "a=b"})
    (seen,) = tokens.calls
    assert set(seen.headers) <= PLAIN | {"authorization"}
    assert not any(each in repr(seen) for each in ("partner", "someone", "private", "a=b"))


def test_the_api_key_of_a_client_never_reaches_the_token_endpoint(
    driver: Driver, server: Loopback, elsewhere: Loopback
) -> None:
    tokens = TokenServer(elsewhere)
    server.by = lambda _: Answer()
    driver.request(driver.client(server.url, auth_manager=tokens.manager()), "GET", "/x")
    assert [seen.path for seen in elsewhere.seen] == ["/token"]
    assert server.seen[0].headers["authorization"].startswith("Bearer access-token")
    assert SECRET not in repr(server.seen)


# -- what is shown


def told(error: BaseException) -> str:
    """Everything that a log or a report could show of an error."""
    shown = "".join(traceback.format_exception(error)) + repr(error) + str(error) + repr(vars(error))
    return shown + str(getattr(error, "hint", "")) + repr(getattr(error, "history", ""))


@every_manager
def test_an_api_that_echoes_the_credential_is_not_believed(
    driver: Driver, server: Loopback, kind: str
) -> None:
    api = Api(server, Answer())
    answer = server.by

    def echo(seen: Seen) -> Answer:
        if seen.path == "/token":
            return answer(seen)
        carried = {**seen.headers, **seen.query, "target": seen.target}
        return Answer(401, body=json.dumps(carried).encode(), headers={"Retry-After": "0"})

    server.by = echo
    with pytest.raises(HttpStatusError) as caught:
        driver.request(client_of(driver, kind, server), "GET", "/x")
    assert MASK in caught.value.body
    assert not any(each in told(caught.value) for each in api.credentials())


@pytest.mark.parametrize("kind", FETCHED)
@pytest.mark.parametrize("status", [200, 400])
def test_a_token_endpoint_that_echoes_the_credential_is_not_believed(
    driver: Driver, server: Loopback, kind: str, status: int
) -> None:
    def echo(seen: Seen) -> Answer:
        body = seen.body.decode() + repr(seen.headers)
        doc = {"error": SECRET, "error_description": body, "echo": base64.b64encode(seen.body).decode()}
        return as_json(doc, status=status if seen.path == "/token" else 400)

    server.by = echo
    with pytest.raises(HttpClientError) as caught:
        driver.request(client_of(driver, kind, server), "GET", "/x")
    api = Api(server, Answer())
    assert not any(each in told(caught.value) for each in api.credentials())


@every_manager
def test_an_answer_holds_no_credential(driver: Driver, server: Loopback, kind: str) -> None:
    api = Api(server, Answer())
    response = driver.request(client_of(driver, kind, server), "GET", "/x?a=1")
    held = pickle.dumps(response) + repr((response.request, response.url)).encode()
    assert b"/x?a=1" in held
    assert not any(each.encode() in held for each in api.credentials())


@pytest.mark.parametrize("kind", [kind for kind in EVERY if kind != "basic"])
@pytest.mark.parametrize("escape", [str, lambda text: text.replace("/", "\\/")], ids=["plain", "escaped"])
def test_a_page_keeps_no_credential_that_the_api_wrote_into_its_next_link(
    driver: Driver, server: Loopback, kind: str, escape: Callable[[str], str]
) -> None:
    api = Api(server, Answer())
    answer = server.by
    rows = [{"id": 1, "note": "token, api_key and key are names"}]

    def writes(seen: Seen) -> Answer:
        if seen.path == "/token":
            return answer(seen)
        if "page" in seen.query:
            return as_json({"rows": []})
        carried = [value for name, value in {**seen.headers, **seen.query}.items() if name not in PLAIN]
        link = f"/x/y?key={quote(carried[-1].removeprefix('Bearer '), safe='/')}&page=2"
        return Answer(body=escape(json.dumps({"rows": rows, "next": link})).encode())

    server.by = writes
    client = client_of(driver, kind, server)
    call = client.pages("GET", "/x/y", reads=ApiRow, items="rows", paginator=NextUrlPaginator("next"))
    pages = driver.pages(call)
    assert (pages[0].items, api.asked[1].query["page"]) == (rows, "2")
    assert "key" not in api.asked[1].query
    kept = repr([(page, page.body, page.kept, page.url) for page in pages])
    assert not any(each in kept for each in api.credentials())


def test_what_stands_in_no_address_is_data_though_it_be_the_key(driver: Driver, server: Loopback) -> None:
    row = {"id": 1, "note": f"{SECRET}, a={SECRET[:-1]}"}
    server.by = lambda _: as_json([row])
    client = driver.client(server.url, auth_manager=APIKeyAuthManager(SECRET))
    (page,) = driver.pages(client.call("GET", "/x", reads=ApiRow))
    assert page.items == [row]


def test_tokens_that_came_under_way_are_hidden_and_old_ones_forgotten(
    driver: Driver, server: Loopback
) -> None:
    tokens = TokenServer(server, lifetime_s=0)
    auth = tokens.manager()
    client = driver.client(server.url, auth_manager=auth)
    for _ in range(30):
        driver.request(client, "GET", "/x")
    assert client.policy.redact("the token is access-token-number-0030.") == f"the token is {MASK}."
    assert len(auth.secrets()) < 15


@every_manager
def test_no_manager_shows_its_secret_or_is_pickled(kind: str) -> None:
    auth = EVERY[kind]("https://user-of-none.example.com/token?key=a-secret-in-the-query")
    shown = repr(auth) + str(auth) + f"{auth!r:>100}" + auth.identity()
    assert not any(each in shown for each in (SECRET, SHARED, "PRIVATE", "a-secret-in"))
    for copied in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="holds a secret and cannot be pickled"):
            copied(auth)


@pytest.mark.parametrize(
    "part",
    [
        Password("user", SECRET),
        RefreshToken(SECRET),
        JWTSigner(SHARED, algorithm="HS256"),
        JWTBearer(JWTSigner(SHARED, algorithm="HS256")),
        PrivateKeyJWT(rsa_key()),
        MemoryTokenStore(),
        FileTokenStore("/nowhere/token"),
    ],
    ids=lambda part: type(part).__name__,
)
def test_no_part_of_a_manager_shows_its_secret_or_is_pickled(
    part: Grant | ClientAuth | JWTSigner | MemoryTokenStore | FileTokenStore,
) -> None:
    if isinstance(part, MemoryTokenStore):
        part.save(SECRET)
    assert not any(each in repr(part) for each in (SECRET, SHARED, "PRIVATE"))
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(part)


@every_manager
def test_the_same_credential_is_the_same_and_another_is_another(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "https://login.example.com/token"
    one = EVERY[kind](url).identity()
    assert EVERY[kind](url).identity() == one
    monkeypatch.setattr(auth_support, "SECRET", SECRET + "2")
    monkeypatch.setattr(auth_support, "SHARED", SHARED + "2")
    other = EVERY[kind]("https://login.example.com/another").identity()
    assert other != one or kind == "service account"  # one account, wherever its tokens come from


def test_a_rotated_refresh_token_leaves_the_identity_as_it_is(driver: Driver, server: Loopback) -> None:
    Api(server, Answer())
    auth = OAuth2AuthManager(server.url + "/token", "me", grant=RefreshToken("first-refresh-token"))
    before = auth.identity()
    driver.request(driver.client(server.url, auth_manager=auth), "GET", "/x")
    assert auth.identity() == before
    assert "a-rotated-refresh-token" in auth.secrets()


def test_a_token_error_survives_pickling() -> None:
    error = TokenError("a", hint="b")
    error.exit_code = type(error.exit_code).TRY_AGAIN
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.hint, again.exit_code) == ("a", "b", error.exit_code)


def test_a_manager_of_ones_own_hides_what_it_says() -> None:
    class Own(BaseAuthManager):
        def apply(self, request: httpx2.Request, rejected: str | None = None) -> Flow[str | None]:  # noqa: ARG002
            yield from ()
            return None

        def secrets(self) -> tuple[str, ...]:
            return ("mine-and-mine-alone",)

        def identity(self) -> str:
            return "own"

    with pytest.raises(TypeError, match="a Own holds a secret"):
        pickle.dumps(Own())
