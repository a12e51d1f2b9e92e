"""Tokens that are signed here, and Google's service accounts."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest

from tests.http_tools.auth_support import SHARED, account_key, ec_key, form_of, public_key, rsa_key
from tests.http_tools.driving import Clock, Driver, World, at_once
from tests.http_tools.loopback import Answer, Loopback, as_json
from tidegate.http_tools.auth import Hop, JWTAuthManager, JWTSigner, ServiceAccountAuthManager
from tidegate.http_tools.exceptions import AuthenticationError
from tidegate.http_tools.policy import Policy, request_flow
from tidegate.utils.errors import SettingsError

API = "https://api.example.com"
NOW = 1_790_000_000.0
KEYS: dict[str, Callable[[], str]] = {"RS256": rsa_key, "ES256": ec_key, "HS256": lambda: SHARED}


def token_of(auth: JWTAuthManager, hop: Hop) -> str:
    request = httpx2.Request("GET", API)
    World([]).run(auth.authorise(request, None, hop))
    scheme, _, token = request.headers["authorization"].partition(" ")
    assert scheme == "Bearer"
    return token


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_token_is_signed_with_the_claims_and_an_end(algorithm: str) -> None:
    key = KEYS[algorithm]()
    auth = JWTAuthManager(
        key, algorithm=algorithm, key_id="k1", claims={"iss": "me", "aud": "v1"}, headers={"typ": "JWT"}
    )
    token = token_of(auth, Hop(epoch=lambda: NOW))
    verifier = SHARED if algorithm == "HS256" else public_key(key)
    claims = jwt.decode(
        token,
        verifier,
        algorithms=[algorithm],
        audience="v1",
        options={"verify_exp": False, "verify_iat": False},
    )
    assert (claims["iss"], claims["iat"], claims["exp"]) == ("me", NOW - 10, NOW + 290)
    assert jwt.get_unverified_header(token)["kid"] == "k1"


def test_a_token_is_used_again_until_a_minute_before_its_end() -> None:
    auth, clock = JWTAuthManager(SHARED, algorithm="HS256"), Clock()
    hop = Hop(clock=clock)
    first = token_of(auth, hop)
    clock.now += 229
    assert token_of(auth, hop) == first
    clock.now += 1
    assert token_of(auth, hop) != first


def test_a_line_break_written_as_two_characters_is_one() -> None:
    JWTSigner(rsa_key().replace("\n", "\\n"))


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        ("no key at all", "RS256"),
        ("", "HS256"),
        (SHARED, "none"),
        (SHARED, "HS1"),
        ("-----BEGIN PRIVATE KEY-----\nAAAAsecretAAAA\n-----END PRIVATE KEY-----", "RS256"),
    ],
)
def test_a_key_that_does_not_fit_is_refused_without_showing_it(key: str, algorithm: str) -> None:
    with pytest.raises(SettingsError) as caught:
        JWTSigner(key, algorithm=algorithm)
    assert "AAAA" not in repr(caught.value) + str(caught.value.__cause__)
    assert caught.value.__cause__ is None


def test_keys_of_another_kind_are_refused() -> None:
    for key, algorithm in ((ec_key(), "RS256"), (rsa_key(), "ES256"), (public_key(rsa_key()), "RS256")):
        with pytest.raises(SettingsError, match=f"no private key for {algorithm}"):
            JWTSigner(key, algorithm=algorithm)


def test_without_cryptography_the_error_gives_the_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pem = rsa_key()
    real = builtins.__import__

    def without(name: str, *args: Any, **settings: Any) -> Any:
        if name.partition(".")[0] == "cryptography":
            raise ModuleNotFoundError(name)
        return real(name, *args, **settings)

    monkeypatch.setattr(builtins, "__import__", without)
    for name in [each for each in sys.modules if each.partition(".")[0] in ("jwt", "cryptography")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(SettingsError, match="cryptography, which is not installed") as caught:
        JWTSigner(pem)
    assert "pip install 'tidegate[jwt]'" in (caught.value.hint or "")
    JWTSigner(SHARED, algorithm="HS256")


@pytest.mark.parametrize("ahead_s", [-600.0, 600.0])
def test_a_401_by_a_clock_that_is_off_is_tried_again_by_the_servers(ahead_s: float) -> None:
    auth = JWTAuthManager(SHARED, algorithm="HS256")
    date = {"Date": formatdate(NOW + ahead_s, usegmt=True)}
    world = World([httpx2.Response(401, headers=date), httpx2.Response(200)])
    policy = Policy(home=httpx2.URL(API), auth=auth, clock=world.clock, epoch=lambda: NOW, retry=at_once())
    world.run(request_flow(policy, httpx2.Request("GET", API)))
    token = world.sent[1].headers["authorization"].removeprefix("Bearer ")
    assert jwt.decode(token, options={"verify_signature": False})["iat"] == NOW + ahead_s - 10


def test_all_that_are_refused_at_once_by_a_clock_that_is_off_are_tried_again() -> None:
    auth = JWTAuthManager(SHARED, algorithm="HS256")
    hop = Hop(epoch=lambda: NOW)
    first = token_of(auth, hop)
    refusal = httpx2.Response(401, headers={"Date": formatdate(NOW + 600, usegmt=True)})
    assert [auth.renewable(first, refusal, hop) for _ in range(3)] == [True] * 3
    second, request = token_of(auth, Hop(epoch=lambda: NOW)), httpx2.Request("GET", API)
    assert second == first  # nobody has asked for another yet
    World([]).run(auth.authorise(request, first, hop))
    assert not auth.renewable(request.headers["authorization"][7:], refusal, hop)


def test_a_401_by_a_clock_that_is_right_is_an_error() -> None:
    auth = JWTAuthManager(SHARED, algorithm="HS256")
    date = {"Date": formatdate(NOW + 4, usegmt=True)}
    world = World([httpx2.Response(401, headers=date)])
    policy = Policy(home=httpx2.URL(API), auth=auth, clock=world.clock, epoch=lambda: NOW, retry=at_once())
    with pytest.raises(AuthenticationError):
        world.run(request_flow(policy, httpx2.Request("GET", API)))


# -- Google


def test_a_service_account_exchanges_an_assertion_for_a_token(driver: Driver, server: Loopback) -> None:
    server.script(as_json({"access_token": "ya29", "expires_in": 3599}), Answer())
    auth = ServiceAccountAuthManager(
        account_key(server.url + "/token"), "https://www.googleapis.com/auth/bigquery", subject="a@b.com"
    )
    driver.request(driver.client(server.url, auth_manager=auth), "GET", "/rows")
    call, asked = server.seen
    sent = form_of(call)
    assert set(sent) == {"grant_type", "assertion"}
    claims = jwt.decode(
        sent["assertion"], public_key(rsa_key()), algorithms=["RS256"], audience=server.url + "/token"
    )
    assert claims["iss"] == "robot@project.iam.gserviceaccount.com"
    assert (claims["scope"], claims["sub"]) == ("https://www.googleapis.com/auth/bigquery", "a@b.com")
    assert claims["exp"] - claims["iat"] == 3600
    assert jwt.get_unverified_header(sent["assertion"])["kid"] == "key-1"
    assert asked.headers["authorization"] == "Bearer ya29"


def test_a_service_account_comes_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text(account_key("https://oauth2.googleapis.com/token"))
    auth = ServiceAccountAuthManager.from_file(tmp_path / "key.json", "scope")
    assert repr(auth) == "ServiceAccountAuthManager('robot@project.iam.gserviceaccount.com')"
    with pytest.raises(SettingsError, match="cannot be read: FileNotFoundError"):
        ServiceAccountAuthManager.from_file(tmp_path / "none.json", "scope")


@pytest.mark.parametrize(
    "text", ["", "no json", "[]", "{}", '{"client_email": "a", "private_key": "sEcReT"}', '"text"']
)
def test_a_text_that_is_no_service_account_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="not what Google's JSON key files hold") as caught:
        ServiceAccountAuthManager(text, "scope")
    assert "sEcReT" not in repr(caught.value)


def test_another_kind_of_google_key_is_refused() -> None:
    text = account_key("https://x.com/token").replace('"service_account"', '"authorized_user"')
    with pytest.raises(SettingsError, match="another type"):
        ServiceAccountAuthManager(text, "scope")


def test_a_service_account_whose_tokens_come_over_http_is_refused() -> None:
    with pytest.raises(SettingsError, match="https only"):
        ServiceAccountAuthManager(account_key("http://oauth2.example.com/token"), "scope")
