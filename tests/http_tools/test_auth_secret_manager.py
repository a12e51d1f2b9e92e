"""A credential that Secret Manager keeps: looked up once, and again where the vendor refuses it."""

from __future__ import annotations

import json
import threading
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr

from tests.http_tools.auth_support import another_key, public_key, rsa_key
from tests.http_tools.driving import Driver
from tests.http_tools.loopback import Answer, Loopback, Seen, as_json
from tests.servers.secret_manager import SecretManager
from tidegate.http_tools.auth import (
    APIKeyAuthManager,
    BaseAuthManager,
    BasicAuthManager,
    BearerAuthManager,
    JWTAuthManager,
    OAuth2AuthManager,
    Password,
    ServiceAccountAuthManager,
    TokenEndpointAuthManager,
)
from tidegate.http_tools.auth.credentials import Credential
from tidegate.http_tools.clients import SyncHttpClient
from tidegate.http_tools.exceptions import AuthenticationError, TokenError
from tidegate.utils.errors import SettingsError
from tidegate.utils.gcp import SecretDisabledError

OLD, NEW = "old-key-0123456789abcdef01234567", "new-key-0123456789abcdef01234567"
REFERENCE = "secret://acme/key"


class Vendor:
    """An API that takes one secret at a time, in a header or at its token endpoint."""

    def __init__(self, server: Loopback, takes: str) -> None:
        self.takes, self.server = takes, server
        server.by = self.answer

    def answer(self, seen: Seen) -> Answer:
        import base64

        if seen.path == "/token":
            basic = seen.headers.get("authorization", "").removeprefix("Basic ")
            shown = base64.b64decode(basic).decode() + seen.body.decode()
            if self.takes in shown:
                return as_json({"access_token": f"token-for-{self.takes}", "token": "t", "expires_in": 3600})
            return as_json({"error": "invalid_client"}, status=401)
        shown = " ".join([*seen.headers.values(), seen.target])
        encoded = base64.b64encode(f"me:{self.takes}".encode()).decode()
        fits = self.takes in shown or encoded in shown or f"token-for-{self.takes}" in shown
        return as_json({"ok": True}) if fits else as_json({"error": "no"}, status=401)

    @property
    def asked(self) -> int:
        return sum(each.path == "/private" for each in self.server.seen)


MANAGERS: dict[str, Any] = {
    "api key": lambda _url: APIKeyAuthManager(REFERENCE),
    "api key in the query": lambda _url: APIKeyAuthManager(SecretStr(REFERENCE), query="key"),
    "bearer": lambda _url: BearerAuthManager(REFERENCE),
    "basic": lambda _url: BasicAuthManager("me", REFERENCE),
}
TOKENS: dict[str, Any] = {
    "client secret": lambda url: OAuth2AuthManager(f"{url}/token", "me", REFERENCE),
    "password": lambda url: OAuth2AuthManager(f"{url}/token", "me", grant=Password("someone", REFERENCE)),
    "login": lambda url: TokenEndpointAuthManager(
        f"{url}/token", json={"user": {"password": REFERENCE}}, token="access_token"
    ),
    "login form": lambda url: TokenEndpointAuthManager(
        f"{url}/token", form={"password": REFERENCE}, token="access_token"
    ),
}
EVERY = MANAGERS | TOKENS


@pytest.mark.parametrize("kind", EVERY)
def test_a_secret_is_looked_up_once_for_all_requests(
    kind: str, server: Loopback, driver: Driver, secret_manager: SecretManager
) -> None:
    secret_manager.put("acme/key", OLD)
    Vendor(server, OLD)
    with driver.client(server.url, auth_manager=EVERY[kind](server.url)) as client:
        for _ in range(3):
            assert driver.request(client, "GET", "/private").json() == {"ok": True}
    assert secret_manager.calls["AccessSecretVersion"] == 1


@pytest.mark.parametrize("kind", MANAGERS)
def test_a_key_that_is_refused_is_replaced_by_the_newer_version(
    kind: str, server: Loopback, driver: Driver, secret_manager: SecretManager
) -> None:
    secret_manager.put("acme/key", OLD)
    vendor = Vendor(server, OLD)
    auth: BaseAuthManager = EVERY[kind](server.url)
    before = auth.identity()
    with driver.client(server.url, auth_manager=auth) as client:
        driver.request(client, "GET", "/private")
        secret_manager.put("acme/key", NEW)
        vendor.takes = NEW
        assert driver.request(client, "GET", "/private").json() == {"ok": True}
        driver.request(client, "GET", "/private")
    assert vendor.asked == 4  # one of them refused
    assert secret_manager.calls["AccessSecretVersion"] == 2
    assert auth.identity() == before  # the quota is still the same account's
    assert {OLD, NEW} <= set(auth.secrets()) or kind == "basic"


@pytest.mark.parametrize("kind", TOKENS)
def test_a_secret_that_the_token_endpoint_refuses_is_replaced_by_the_newer_version(
    kind: str, server: Loopback, driver: Driver, secret_manager: SecretManager
) -> None:
    secret_manager.put("acme/key", OLD)
    vendor = Vendor(server, NEW)
    auth = EVERY[kind](server.url)
    secret_manager.put("acme/key", NEW)
    with driver.client(server.url, auth_manager=auth) as client:
        assert driver.request(client, "GET", "/private").json() == {"ok": True}
    assert vendor.asked == 1
    assert secret_manager.calls["AccessSecretVersion"] == 2
    assert NEW in auth.secrets()


def test_a_token_signed_with_a_refused_key_is_signed_with_the_newer_one(
    server: Loopback, driver: Driver, secret_manager: SecretManager
) -> None:
    import jwt

    secret_manager.put("acme/key", OLD)
    takes = [NEW]

    def answer(seen: Seen) -> Answer:
        try:
            jwt.decode(seen.headers["authorization"].removeprefix("Bearer "), takes[0], algorithms=["HS256"])
        except jwt.InvalidSignatureError:
            return as_json({}, status=401)
        return as_json({"ok": True})

    server.by = answer
    auth = JWTAuthManager(REFERENCE, algorithm="HS256", claims={"iss": "me"})
    secret_manager.put("acme/key", NEW)
    with driver.client(server.url, auth_manager=auth) as client:
        assert driver.request(client, "GET", "/private").json() == {"ok": True}
    assert len(server.seen) == 2


def test_the_key_of_a_service_account_is_replaced_with_its_id(
    server: Loopback, driver: Driver, secret_manager: SecretManager
) -> None:
    import jwt

    def key_file(private: str, number: str) -> str:
        fields = {"client_email": "robot@acme.example", "token_uri": f"{server.url}/token"}
        return json.dumps({**fields, "private_key": private, "private_key_id": number})

    def answer(seen: Seen) -> Answer:
        if seen.path != "/token":
            return as_json({"ok": True})
        assertion = parse_qs(seen.body.decode())["assertion"][0]
        if jwt.get_unverified_header(assertion)["kid"] != "2":
            return as_json({"error": "invalid_grant"}, status=400)
        jwt.decode(assertion, public_key(new), algorithms=["RS256"], audience=f"{server.url}/token")
        return as_json({"access_token": "a", "expires_in": 3600})

    new, server.by = another_key(), answer
    secret_manager.put("acme/key", key_file(rsa_key(), "1"))
    auth = ServiceAccountAuthManager(REFERENCE, "scope")
    secret_manager.put("acme/key", key_file(new, "2"))
    with driver.client(server.url, auth_manager=auth) as client:
        assert driver.request(client, "GET", "/private").json() == {"ok": True}
    assert [each.path for each in server.seen] == ["/token", "/token", "/private"]


def test_without_a_newer_version_a_refusal_is_an_error_at_once(
    server: Loopback, driver: Driver, secret_manager: SecretManager
) -> None:
    secret_manager.put("acme/key", OLD)
    vendor = Vendor(server, NEW)
    with driver.client(server.url, auth_manager=APIKeyAuthManager(REFERENCE)) as client:
        for _ in range(3):
            with pytest.raises(AuthenticationError) as caught:
                driver.request(client, "GET", "/private")
            assert OLD not in str(caught.value)
    assert vendor.asked == 3
    assert secret_manager.calls["AccessSecretVersion"] == 2  # at the begin, and once for all who were refused


def test_a_newer_version_that_is_refused_too_is_an_error(
    server: Loopback, driver: Driver, secret_manager: SecretManager
) -> None:
    secret_manager.put("acme/key", OLD)
    vendor = Vendor(server, "another-key-altogether")
    auth = APIKeyAuthManager(REFERENCE)
    secret_manager.put("acme/key", NEW)
    with driver.client(server.url, auth_manager=auth) as client, pytest.raises(AuthenticationError) as caught:
        driver.request(client, "GET", "/private")
    assert vendor.asked == 2
    assert OLD not in str(caught.value)
    assert NEW not in str(caught.value)


def test_a_pinned_version_is_not_asked_for_again(
    server: Loopback, driver: Driver, secret_manager: SecretManager
) -> None:
    secret_manager.put("acme/key", OLD, NEW)
    vendor = Vendor(server, NEW)
    auth = APIKeyAuthManager(f"{REFERENCE}/1")
    with driver.client(server.url, auth_manager=auth) as client, pytest.raises(AuthenticationError):
        driver.request(client, "GET", "/private")
    assert vendor.asked == 1
    assert secret_manager.calls["AccessSecretVersion"] == 1


def test_where_secret_manager_cannot_be_asked_the_vendors_refusal_is_what_is_told(
    server: Loopback, driver: Driver, secret_manager: SecretManager
) -> None:
    secret_manager.put("acme/key", OLD)
    Vendor(server, NEW)
    auth = APIKeyAuthManager(REFERENCE)
    secret_manager.denied.add("secretmanager.versions.access")
    with driver.client(server.url, auth_manager=auth) as client, pytest.raises(AuthenticationError):
        driver.request(client, "GET", "/private")


def test_many_that_are_refused_at_once_look_for_one_newer_version(
    server: Loopback, secret_manager: SecretManager
) -> None:
    secret_manager.put("acme/key", OLD)
    Vendor(server, NEW)
    auth = APIKeyAuthManager(REFERENCE)
    secret_manager.put("acme/key", NEW)
    answers = list[Any]()
    with SyncHttpClient(server.url, auth_manager=auth) as client:
        threads = [
            threading.Thread(target=lambda: answers.append(client.request("GET", "/private").json()))
            for _ in range(8)
        ]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert answers == [{"ok": True}] * 8
    assert secret_manager.calls["AccessSecretVersion"] == 2


def test_who_was_refused_with_a_text_that_has_been_replaced_asks_nobody(
    secret_manager: SecretManager,
) -> None:
    secret_manager.put("acme/key", "new")
    credential = Credential("secret://acme/key")
    with pytest.raises(StopIteration) as ended:
        next(credential.renew("old"))
    assert ended.value.value is True
    assert credential.secrets() == ("new",)


def test_a_refusal_for_another_reason_asks_for_no_secret(
    server: Loopback, driver: Driver, secret_manager: SecretManager
) -> None:
    secret_manager.put("acme/key", OLD)
    server.by = lambda _: as_json({"error": "invalid_scope"}, status=400)
    auth = OAuth2AuthManager(f"{server.url}/token", "me", REFERENCE)
    with (
        driver.client(server.url, auth_manager=auth) as client,
        pytest.raises(TokenError, match="invalid_scope"),
    ):
        driver.request(client, "GET", "/private")
    assert secret_manager.calls["AccessSecretVersion"] == 1


def test_what_is_wrong_with_the_secret_is_told_when_the_manager_is_made(
    secret_manager: SecretManager,
) -> None:
    secret_manager.put("acme/key", OLD)
    secret_manager.set_state("acme/key", 1, "DISABLED")
    with pytest.raises(SecretDisabledError, match="secret://acme/key"):
        APIKeyAuthManager(REFERENCE)
    with pytest.raises(SettingsError, match="names no secret"):
        APIKeyAuthManager("secret://acme")
    secret_manager.put("acme/key", "a key\nof two lines")
    with pytest.raises(SettingsError, match="no header can carry"):
        APIKeyAuthManager(REFERENCE)
