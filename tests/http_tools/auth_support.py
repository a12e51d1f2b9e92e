"""What the tests of auth share: an API with a token endpoint, keys, and one manager of each kind."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import httpx2

from tests.http_tools.driving import World
from tests.http_tools.loopback import Answer, Loopback, Seen, as_json
from tidegate.http_tools.auth import (
    APIKeyAuthManager,
    BaseAuthManager,
    BasicAuthManager,
    BearerAuthManager,
    Hop,
    InQuery,
    JWTAuthManager,
    JWTBearer,
    JWTSigner,
    OAuth2AuthManager,
    Password,
    PrivateKeyJWT,
    RefreshToken,
    SecretPost,
    ServiceAccountAuthManager,
    TokenEndpointAuthManager,
    TokenStore,
)
from tidegate.http_tools.retry_strategies import FixedRetryStrategy

SECRET = "s3cret-of-the-client-Zq/+=&"
TOKEN_URL = "https://login.example.com/token"
SHARED = "a shared secret of more than 32 bytes for HS256"


@cache
def rsa_key() -> str:
    return another_key()


def another_key() -> str:
    from cryptography.hazmat.primitives.asymmetric import rsa

    return _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))


@cache
def ec_key() -> str:
    from cryptography.hazmat.primitives.asymmetric import ec

    return _pem(ec.generate_private_key(ec.SECP256R1()))


def public_key(private: str) -> str:
    from cryptography.hazmat.primitives import serialization as s

    key = s.load_pem_private_key(private.encode(), None).public_key()
    return key.public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo).decode()


def _pem(key: Any) -> str:
    from cryptography.hazmat.primitives import serialization as s

    text: bytes = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
    return text.decode()


def account_key(token_uri: str) -> str:
    return json.dumps(
        {
            "type": "service_account",
            "client_email": "robot@project.iam.gserviceaccount.com",
            "private_key_id": "key-1",
            "private_key": rsa_key(),
            "token_uri": token_uri,
        }
    )


def form_of(seen: Seen) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(seen.body.decode()).items()}


class TokenServer:
    """Makes a loopback an API whose requests need a token that `/token` gave, and that `revoke` has not."""

    def __init__(self, loopback: Loopback, *, lifetime_s: float = 3600, delay_s: float = 0.0) -> None:
        self.url, self.loopback = loopback.url, loopback
        self.token_url = loopback.url + "/token"
        self.lifetime_s, self.delay_s = lifetime_s, delay_s
        self.calls: list[Seen] = []
        self.asked: list[Seen] = []
        self.answers: list[Answer] = []  # to token calls, before tokens are given
        self.valid: set[str] = set()
        self._lock = threading.Lock()
        loopback.by = self.answer

    def answer(self, seen: Seen) -> Answer:
        if seen.path == "/token":
            return self._token(seen)
        with self._lock:
            self.asked.append(seen)
            sent = seen.headers.get("authorization", "").removeprefix("Bearer ")
            known = sent in self.valid
        return as_json({"ok": True}) if known else Answer(401, body=b'{"message": "who are you"}')

    def _token(self, seen: Seen) -> Answer:
        with self._lock:
            self.calls.append(seen)
            if self.answers:
                return self.answers.pop(0)
            number = len(self.calls)
            token = f"access-token-number-{number:04}"
            self.valid.add(token)
        doc = {"access_token": token, "token": token, "expires_in": self.lifetime_s, "token_type": "Bearer"}
        return as_json(doc, delay_s=self.delay_s)

    def revoke(self) -> None:
        with self._lock:
            self.valid.clear()

    def manager(self, **settings: Any) -> OAuth2AuthManager:
        return OAuth2AuthManager(self.token_url, "client", SECRET, **settings)


# One of each kind; given the URL of a token endpoint.
EVERY: dict[str, Callable[[str], BaseAuthManager]] = {
    "key in a header": lambda _: APIKeyAuthManager(SECRET),
    "key in the query": lambda _: APIKeyAuthManager(SECRET, query="api_key"),
    "basic": lambda _: BasicAuthManager("user", SECRET),
    "bearer": lambda _: BearerAuthManager(SECRET),
    "client credentials": lambda url: OAuth2AuthManager(url, "client", SECRET),
    "secret in the form": lambda url: OAuth2AuthManager(url, "client", SECRET, client_auth=SecretPost()),
    "private_key_jwt": lambda url: OAuth2AuthManager(url, "client", client_auth=PrivateKeyJWT(rsa_key())),
    "refresh token": lambda url: OAuth2AuthManager(url, "client", grant=RefreshToken(SECRET)),
    "password": lambda url: OAuth2AuthManager(url, "client", grant=Password("user", SECRET)),
    "jwt bearer": lambda url: OAuth2AuthManager(
        url, "client", grant=JWTBearer(JWTSigner(SHARED, algorithm="HS256"))
    ),
    "jwt": lambda _: JWTAuthManager(SHARED, algorithm="HS256", claims={"iss": "me"}),
    "service account": lambda url: ServiceAccountAuthManager(account_key(url), "a-scope"),
    "login": lambda url: TokenEndpointAuthManager(url, json={"password": SECRET}, lifetime_s=300),
    "login, token in the query": lambda url: TokenEndpointAuthManager(
        url, json={"password": SECRET}, lifetime_s=300, place=InQuery("token")
    ),
}


def answer(**more: Any) -> httpx2.Response:
    return httpx2.Response(200, json={"access_token": "access", "expires_in": 3600, **more})


def refused(code: str) -> httpx2.Response:
    return httpx2.Response(400, json={"error": code})


def calls(auth: OAuth2AuthManager, *script: httpx2.Response | BaseException) -> list[httpx2.Request]:
    """The token calls of one request."""
    world = World(list(script))
    hop = Hop(retry=FixedRetryStrategy(max_attempts=3, wait_s=1.0), clock=world.clock)
    world.run(auth.authorise(httpx2.Request("GET", "https://api.example.com"), None, hop))
    return world.sent


def posted(request: httpx2.Request) -> dict[str, str]:
    return {name: "|".join(values) for name, values in parse_qs(request.content.decode()).items()}


def manager(token: str | None, store: TokenStore | None = None) -> OAuth2AuthManager:
    return OAuth2AuthManager(TOKEN_URL, "me", SECRET, grant=RefreshToken(token, store=store))
