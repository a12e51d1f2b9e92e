"""OAuth2 against servers that others wrote."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tests.http_tools.auth_support import another_key, ec_key, public_key, rsa_key
from tests.http_tools.driving import Driver, at_once
from tests.servers.oidc import oauth2_mock_server, oidc_provider
from tidegate.http_tools.auth import (
    FileTokenStore,
    OAuth2AuthManager,
    Password,
    PrivateKeyJWT,
    RefreshToken,
    SecretPost,
)
from tidegate.http_tools.clients import SyncHttpClient
from tidegate.http_tools.clock import SystemClock
from tidegate.http_tools.exceptions import TokenError
from tidegate.utils.errors import ExitCode

pytestmark = pytest.mark.extended

SECRET = "s3cret/of+the=client&%"
LIFETIME_S = 2


def public_jwks() -> list[dict[str, Any]]:
    rsa = RSAAlgorithm(RSAAlgorithm.SHA256).prepare_key(public_key(rsa_key()))
    ec = ECAlgorithm(ECAlgorithm.SHA256).prepare_key(public_key(ec_key()))
    keys = {"RS256": RSAAlgorithm.to_jwk(rsa), "ES256": ECAlgorithm.to_jwk(ec)}
    return [{**json.loads(key), "alg": name, "use": "sig", "kid": name} for name, key in keys.items()]


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with oidc_provider(LIFETIME_S, public_jwks()) as url:
        yield url


def calls(url: str) -> int:
    count: int = httpx2.get(f"{url}/calls").json()["token"]
    return count


MANAGERS: dict[str, Callable[[str], OAuth2AuthManager]] = {
    "basic": lambda url: OAuth2AuthManager(url, "basic", SECRET),
    "post": lambda url: OAuth2AuthManager(url, "post", SECRET, client_auth=SecretPost()),
    "signs": lambda url: OAuth2AuthManager(
        url, "signs", client_auth=PrivateKeyJWT(rsa_key(), key_id="RS256")
    ),
    "signs-ec": lambda url: OAuth2AuthManager(
        url, "signs-ec", client_auth=PrivateKeyJWT(ec_key(), algorithm="ES256", key_id="ES256")
    ),
}


@pytest.mark.parametrize("name", MANAGERS)
def test_oidc_provider_knows_the_client_by_its_proof(driver: Driver, provider: str, name: str) -> None:
    client = driver.client(provider, auth_manager=MANAGERS[name](provider + "/token"))
    before = calls(provider)
    for _ in range(3):
        assert driver.request(client, "GET", "/api").json() == {"client": name}
    assert calls(provider) == before + 1


def introspected(provider: str, token: str) -> dict[str, Any]:
    """What the provider itself says of a token."""
    proof = {"client_id": "post", "client_secret": SECRET}
    doc: dict[str, Any] = httpx2.post(
        f"{provider}/token/introspection", data={"token": token, **proof}
    ).json()
    return doc


@pytest.mark.parametrize("name", MANAGERS)
def test_oidc_provider_tells_the_token_we_got_as_the_clients_and_living(
    driver: Driver, provider: str, name: str
) -> None:
    auth = MANAGERS[name](provider + "/token")
    driver.request(driver.client(provider, auth_manager=auth), "GET", "/api")
    (token,) = auth._recent
    told = introspected(provider, token)
    assert (told["active"], told["client_id"], told["token_type"]) == (True, name, "Bearer")
    assert told["exp"] - told["iat"] == LIFETIME_S
    assert introspected(provider, token + "x") == {"active": False}


@pytest.mark.parametrize(
    "auth",
    [
        lambda url: OAuth2AuthManager(url, "basic", SECRET + "x"),
        lambda url: OAuth2AuthManager(url, "nobody", SECRET),
        lambda url: OAuth2AuthManager(url, "signs", client_auth=PrivateKeyJWT(another_key())),
        lambda url: OAuth2AuthManager(url, "signs", client_auth=PrivateKeyJWT(rsa_key(), audience="else")),
    ],
    ids=["another secret", "another client", "another key", "another audience"],
)
def test_oidc_provider_refuses_another_proof(
    driver: Driver, provider: str, auth: Callable[[str], OAuth2AuthManager]
) -> None:
    client = driver.client(provider, auth_manager=auth(provider + "/token"))
    with pytest.raises(TokenError, match="invalid_client") as caught:
        driver.request(client, "GET", "/api")
    assert caught.value.exit_code is ExitCode.FAILED


class WrongClock(SystemClock):
    """The calendar is off; seconds pass as they do."""

    def __init__(self, ahead_s: float) -> None:
        self.ahead_s = ahead_s

    def time(self) -> float:
        return super().time() + self.ahead_s


@pytest.mark.parametrize("ahead_s", [-3600.0, 3600.0])
def test_oidc_provider_takes_a_signature_of_a_machine_whose_clock_is_off(
    driver: Driver, provider: str, ahead_s: float
) -> None:
    auth = MANAGERS["signs"](provider + "/token")
    client = driver.client(provider, auth_manager=auth, clock=WrongClock(ahead_s))
    assert driver.request(client, "GET", "/api").json() == {"client": "signs"}


def test_a_rotating_refresh_token_of_oidc_provider_lasts(
    driver: Driver, provider: str, tmp_path: Path
) -> None:
    seed = httpx2.get(f"{provider}/seed?client=basic").json()["refresh_token"]
    store = FileTokenStore(tmp_path / "token")
    shown = set()
    for _ in range(4):  # as four runs would, each with a manager of its own
        auth = OAuth2AuthManager(provider + "/token", "basic", SECRET, grant=RefreshToken(seed, store=store))
        assert driver.request(driver.client(provider, auth_manager=auth), "GET", "/api").status_code == 200
        shown.add(store.load())
    assert len(shown) == 4
    assert seed not in shown
    assert introspected(provider, store.load() or "")["active"]
    assert not introspected(provider, seed)["active"]


def test_oidc_provider_ends_the_session_of_a_refresh_token_shown_twice(driver: Driver, provider: str) -> None:
    seed = httpx2.get(f"{provider}/seed?client=basic").json()["refresh_token"]
    for attempt in range(2):
        auth = OAuth2AuthManager(provider + "/token", "basic", SECRET, grant=RefreshToken(seed))
        client = driver.client(provider, auth_manager=auth)
        if attempt == 0:
            driver.request(client, "GET", "/api")
        else:
            with pytest.raises(TokenError, match="invalid_grant"):
                driver.request(client, "GET", "/api")


@pytest.mark.parametrize("grant", ["client credentials", "refresh token"])
def test_tokens_that_live_for_seconds_are_replaced_before_they_end(provider: str, grant: str) -> None:
    seed = httpx2.get(f"{provider}/seed?client=basic").json()["refresh_token"]
    auth = OAuth2AuthManager(
        provider + "/token", "basic", SECRET, grant=RefreshToken(seed) if grant == "refresh token" else None
    )
    before, runs_s, statuses = calls(provider), 5.0, list[int]()
    with SyncHttpClient(provider, auth_manager=auth, retry_strategy=at_once(1)) as client:
        ends = time.monotonic() + runs_s

        def ask() -> None:
            while time.monotonic() < ends:
                statuses.append(client.request("GET", "/api").status_code)
                time.sleep(0.02)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert set(statuses) == {200}
    assert len(statuses) > 8
    assert 2 <= calls(provider) - before <= runs_s / (LIFETIME_S * 0.75) + 2


@pytest.fixture(scope="module")
def mock_server() -> Iterator[str]:
    with oauth2_mock_server() as url:
        yield url


@pytest.mark.parametrize("grant", [None, Password("someone", "a password"), RefreshToken("any")], ids=repr)
def test_oauth2_mock_server_gives_a_token_for_each_grant(
    driver: Driver, mock_server: str, grant: Any
) -> None:
    auth = OAuth2AuthManager(mock_server + "/token", "client", "secret", "a-scope", grant=grant)
    client = driver.client(mock_server, auth_manager=auth)
    driver.request(client, "GET", "/jwks")
    assert any(each.count(".") == 2 for each in auth.secrets())
