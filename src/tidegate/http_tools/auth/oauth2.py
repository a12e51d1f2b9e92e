"""OAuth2 (RFC 6749): an access token from a token endpoint, by one of several grants."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import SecretStr

from tidegate.http_tools.auth.base import Hop, fingerprint
from tidegate.http_tools.auth.client_auth import Client, ClientAuth, PublicClient, SecretBasic
from tidegate.http_tools.auth.credentials import Credential, renewed
from tidegate.http_tools.auth.grants import ClientCredentials, Grant
from tidegate.http_tools.auth.manager import MARGIN_S, TokenAuthManager
from tidegate.http_tools.auth.placement import Placement
from tidegate.http_tools.auth.signing import ClockSkew
from tidegate.http_tools.auth.token_calls import Answer, Refused, ask, endpoint, form_request
from tidegate.http_tools.auth.tokens import Granted
from tidegate.http_tools.effects import Flow
from tidegate.http_tools.origins import origin, public


class OAuth2AuthManager(TokenAuthManager):
    """A bearer token from `token_url`, by client credentials unless `grant` says otherwise.

    `grant` is `ClientCredentials()`, `RefreshToken(...)`, `Password(...)` or `JWTBearer(...)`; `client_auth`
    is `SecretBasic()` (where there is a secret), `SecretPost()`, `PrivateKeyJWT(...)` or `PublicClient()`.
    `scope` has blanks between its parts; `params` are sent along and are no secrets (`audience`). The
    lifetime is the answer's `expires_in`, by our own clock; an hour where it is missing.

    Raises `SettingsError` for a token URL that is neither https nor on loopback.
    """

    setting = "the client's credentials and scope in the connector's settings"

    def __init__(
        self,
        token_url: str,
        client_id: str,
        client_secret: str | SecretStr | None = None,
        scope: str | None = None,
        *,
        grant: Grant | None = None,
        client_auth: ClientAuth | None = None,
        params: Mapping[str, str] | None = None,
        place: Placement | None = None,
        margin_s: float = MARGIN_S,
    ) -> None:
        self._url = endpoint(token_url)
        self._grant = grant or ClientCredentials()
        self._shielded = self._grant.rotates
        self._client_id, self._secret = client_id, Credential(client_secret or "")
        self._client_auth = client_auth or (SecretBasic() if self._secret.text else PublicClient())
        self._scope, self._params = scope, dict(params or {})
        self._asked = tuple(value for _, value in self._url.params.multi_items())
        self._skew = ClockSkew()
        super().__init__(place, margin_s=margin_s)

    def fetch(self, hop: Hop) -> Flow[Granted]:
        release = yield from self._grant.lease(hop)
        try:
            for tries_left in (2, 1, 0):
                try:
                    answer = yield from self._ask(hop)
                except Refused as refused:
                    if not tries_left or not (yield from self._another(refused, hop)):
                        raise refused.error from None
                else:
                    return (yield from self._taken(answer))
            raise AssertionError("unreachable")
        finally:
            release()

    def _ask(self, hop: Hop) -> Flow[Answer]:
        now = hop.epoch() + self._skew.ahead_s
        form = {**self._params, **(yield from self._grant.form(now))}
        if self._scope is not None:
            form["scope"] = self._scope
        headers: dict[str, str] = {}
        self._client_auth.add(self._client(self._secret.text), form, headers, now)
        return (yield from ask(form_request(self._url, form, headers, hop)))

    def _client(self, secret: str) -> Client:
        return Client(self._client_id, secret, str(self._url))

    def _another(self, refused: Refused, hop: Hop) -> Flow[bool]:
        """Whether to ask again: signed by the server's clock, with the grant's other token, or with a secret
        that Secret Manager has a newer version of.
        """
        signed = self._client_auth.signs or self._grant.signs
        off = signed and self._skew.learn(refused.response, hop.epoch())
        if off or self._grant.another(refused.code):
            return True
        if not refused.of_credentials:
            return False
        held = (self._secret, *self._client_auth.credentials(), *self._grant.credentials())
        return (yield from renewed(held))

    def _taken(self, answer: Answer) -> Flow[Granted]:
        granted = answer.granted("access_token", "expires_in")
        self.remember(granted.value, *self._others(answer))
        yield from self._grant.granted(answer)
        return granted

    @staticmethod
    def _others(answer: Answer) -> tuple[str, ...]:
        found = (answer.at("refresh_token"), answer.at("id_token"))
        return tuple(each for each in found if isinstance(each, str))

    def fixed_secrets(self) -> tuple[str, ...]:
        own = tuple(
            text for each in self._secret.secrets() if each for text in (each, self._client(each).basic())
        )
        return (*own, *self._client_auth.secrets(), *self._grant.secrets(), *self._asked)

    @property
    def issuer(self) -> str:
        return public(self._url)

    def identity(self) -> str:
        parts = (public(self._url), self._client_id, self._scope or "", self._grant.identity())
        return fingerprint("|".join(parts))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({origin(self._url)!r}, grant={type(self._grant).__name__})"
