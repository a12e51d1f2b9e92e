"""What an OAuth2 client sends for a token, and where its refresh token is kept."""

from __future__ import annotations

import base64
import time
from typing import Any

import httpx2
import jwt
import pytest

from tests.http_tools.auth_support import (
    SECRET,
    SHARED,
    TOKEN_URL,
    answer,
    calls,
    ec_key,
    manager,
    posted,
    public_key,
    refused,
    rsa_key,
)
from tests.http_tools.driving import World
from tidegate.http_tools.auth import (
    Hop,
    JWTBearer,
    JWTSigner,
    MemoryTokenStore,
    OAuth2AuthManager,
    Password,
    PrivateKeyJWT,
    SecretPost,
)
from tidegate.http_tools.exceptions import TokenError
from tidegate.utils.errors import ExitCode


def call(auth: OAuth2AuthManager, *script: httpx2.Response) -> tuple[dict[str, str], httpx2.Headers]:
    """Form and headers of the one token call."""
    (request,) = calls(auth, *script or (answer(),))
    assert (request.method, request.headers["content-type"]) == ("POST", "application/x-www-form-urlencoded")
    return posted(request), request.headers


def basic(headers: httpx2.Headers) -> str:
    return base64.b64decode(headers["authorization"].removeprefix("Basic ")).decode()


# -- grants and proofs


def test_client_credentials_come_with_a_basic_secret() -> None:
    auth = OAuth2AuthManager(
        token_url=TOKEN_URL, client_id="me", client_secret=SECRET, scope="a b", params={"audience": "x"}
    )
    sent, headers = call(auth)
    assert sent == {"grant_type": "client_credentials", "scope": "a b", "audience": "x"}
    assert basic(headers) == "me:s3cret-of-the-client-Zq%2F%2B%3D%26"


def test_a_secret_goes_into_the_posted() -> None:
    sent, headers = call(OAuth2AuthManager(TOKEN_URL, "me", SECRET, client_auth=SecretPost()))
    assert sent == {"grant_type": "client_credentials", "client_id": "me", "client_secret": SECRET}
    assert "authorization" not in headers


def test_a_client_without_a_secret_gives_its_id() -> None:
    sent, headers = call(OAuth2AuthManager(TOKEN_URL, "me", grant=Password("user", "pass word")))
    assert sent == {"grant_type": "password", "client_id": "me", "username": "user", "password": "pass word"}
    assert "authorization" not in headers


@pytest.mark.parametrize(("algorithm", "make"), [("RS256", rsa_key), ("ES256", ec_key)])
def test_private_key_jwt_is_signed_for_the_token_url(algorithm: str, make: Any) -> None:
    proof = PrivateKeyJWT(make(), algorithm=algorithm, key_id="k1")
    sent, _ = call(OAuth2AuthManager(TOKEN_URL, "me", client_auth=proof))
    assert sent["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    claims = jwt.decode(
        sent["client_assertion"], public_key(make()), algorithms=[algorithm], audience=TOKEN_URL, issuer="me"
    )
    assert (claims["sub"], claims["exp"] - claims["iat"]) == ("me", 70)
    assert jwt.get_unverified_header(sent["client_assertion"])["kid"] == "k1"


def test_private_key_jwt_may_name_another_audience() -> None:
    proof = PrivateKeyJWT(rsa_key(), audience="https://login.example.com")
    sent, _ = call(OAuth2AuthManager(TOKEN_URL, "me", client_auth=proof))
    claims = jwt.decode(sent["client_assertion"], options={"verify_signature": False})
    assert claims["aud"] == "https://login.example.com"


def test_a_call_that_is_tried_again_is_signed_again() -> None:
    auth = OAuth2AuthManager(TOKEN_URL, "me", client_auth=PrivateKeyJWT(rsa_key()))
    one, other = calls(auth, httpx2.Response(503), answer())
    assert posted(one)["client_assertion"] != posted(other)["client_assertion"]


@pytest.mark.parametrize(
    ("algorithm", "key", "verifier"),
    [
        ("RS256", rsa_key(), public_key(rsa_key())),
        ("ES256", ec_key(), public_key(ec_key())),
        ("HS256", SHARED, SHARED),
    ],
    ids=["RS256", "ES256", "HS256"],
)
def test_jwt_bearer_shows_an_assertion(algorithm: str, key: str, verifier: str) -> None:
    signer = JWTSigner(key, algorithm=algorithm, claims={"iss": "me", "aud": TOKEN_URL})
    sent, _ = call(OAuth2AuthManager(TOKEN_URL, "", grant=JWTBearer(signer)))
    assert sent["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    claims = jwt.decode(sent["assertion"], verifier, algorithms=[algorithm], audience=TOKEN_URL)
    assert claims["iss"] == "me"
    assert "client_id" not in sent


@pytest.mark.parametrize("ahead_s", [-7200, 900])
def test_an_assertion_is_signed_again_by_the_servers_clock(ahead_s: int) -> None:
    auth = OAuth2AuthManager(TOKEN_URL, "me", client_auth=PrivateKeyJWT(rsa_key()))
    now, server_now = 1_790_000_000.0, 1_790_000_000.0 + ahead_s
    world = World([refused("invalid_client"), answer()])
    world.script[0].headers["date"] = _http_date(server_now)  # type: ignore[union-attr]
    world.run(auth.authorise(httpx2.Request("GET", "https://x.com"), None, Hop(epoch=lambda: now)))
    claims = jwt.decode(posted(world.sent[1])["client_assertion"], options={"verify_signature": False})
    assert claims["iat"] == server_now - 10


@pytest.mark.parametrize(
    "auth",
    [
        OAuth2AuthManager(TOKEN_URL, "me", SECRET),
        OAuth2AuthManager(TOKEN_URL, "me", grant=Password("user", "a password")),
        manager("a refresh token"),
    ],
    ids=repr,
)
def test_what_is_not_signed_is_not_shown_again_because_a_clock_is_off(auth: OAuth2AuthManager) -> None:
    refusal = refused("invalid_grant")
    refusal.headers["date"] = _http_date(time.time() + 900)
    with pytest.raises(TokenError, match="invalid_grant"):
        calls(auth, refusal)


@pytest.mark.parametrize("date", ["never", "", "Thu, 01 Jan 1970 00:00:00 GMT", None])
def test_a_refusal_with_no_date_to_learn_from_is_final(date: str | None) -> None:
    auth = OAuth2AuthManager(TOKEN_URL, "me", client_auth=PrivateKeyJWT(rsa_key()))
    refusal = refused("invalid_client")
    if date is not None:
        refusal.headers["date"] = date
    with pytest.raises(TokenError):
        calls(auth, refusal)


def test_a_server_whose_clock_jumps_is_not_asked_for_ever() -> None:
    auth = OAuth2AuthManager(TOKEN_URL, "me", client_auth=PrivateKeyJWT(rsa_key()))
    script = [refused("invalid_client") for _ in range(3)]
    for number, each in enumerate(script):
        each.headers["date"] = _http_date(1_790_000_000.0 + 100 * (number + 1))
    world = World(list(script))
    with pytest.raises(TokenError):
        world.run(
            auth.authorise(httpx2.Request("GET", "https://x.com"), None, Hop(epoch=lambda: 1_790_000_000.0))
        )
    assert len(world.sent) == 3


def _http_date(epoch: float) -> str:
    from email.utils import formatdate

    return formatdate(epoch, usegmt=True)


# -- refresh tokens


def refresh_tokens(auth: OAuth2AuthManager, *script: httpx2.Response) -> list[str]:
    return [posted(request)["refresh_token"] for request in calls(auth, *script)]


def test_a_rotated_refresh_token_is_shown_next() -> None:
    store = MemoryTokenStore()
    assert refresh_tokens(manager("first", store), answer(refresh_token="second")) == ["first"]
    assert refresh_tokens(manager("first", store), answer()) == ["second"]
    assert store.load() == "second"


def test_a_refresh_token_is_stored_before_the_access_token_is_used() -> None:
    class Failing(MemoryTokenStore):
        def save(self, token: str) -> None:
            raise OSError(f"no room for {len(token)} bytes")

    with pytest.raises(TokenError, match="could not be stored: OSError") as caught:
        calls(manager("first", Failing()), answer(refresh_token="second"))
    assert "no token is used" in (caught.value.hint or "").lower()


def test_a_refresh_token_that_could_not_be_stored_is_stored_before_the_next_call() -> None:
    class Moody(MemoryTokenStore):
        fails = True

        def save(self, token: str) -> None:
            if self.fails:
                raise OSError("disk full")
            super().save(token)

    store = Moody()
    auth = manager("first", store)
    with pytest.raises(TokenError):
        calls(auth, answer(refresh_token="second"))
    with pytest.raises(TokenError):
        calls(auth)  # nothing is sent while it is not stored
    store.fails = False
    assert refresh_tokens(auth, answer()) == ["second"]


def test_a_new_consent_counts_where_the_stored_token_is_refused() -> None:
    store = MemoryTokenStore()
    store.save("stale")
    script = [refused("invalid_grant"), answer(refresh_token="third")]
    assert refresh_tokens(manager("new consent", store), *script) == ["stale", "new consent"]
    assert store.load() == "third"


def test_a_refused_refresh_token_is_not_shown_for_ever() -> None:
    auth = manager("only")
    with pytest.raises(TokenError, match="invalid_grant") as caught:
        calls(auth, refused("invalid_grant"))
    assert caught.value.exit_code is ExitCode.FAILED


def test_without_any_refresh_token_the_error_says_where_one_comes_from() -> None:
    with pytest.raises(TokenError, match="no refresh token to begin with") as caught:
        calls(manager(None))
    assert "consent" in (caught.value.hint or "")
