"""How an OAuth2 client proves who it is to the token endpoint (RFC 6749 section 2.3, RFC 7523 section 2)."""

from __future__ import annotations

import base64
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from pydantic import SecretStr

from tidegate.http_tools.auth.base import Sealed
from tidegate.http_tools.auth.credentials import Credential
from tidegate.http_tools.auth.signing import JWTSigner


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks for tokens, and where."""

    client_id: str
    secret: str = field(repr=False)
    token_url: str = field(repr=False)

    def basic(self) -> str:
        pair = f"{quote_plus(self.client_id)}:{quote_plus(self.secret)}"
        return base64.b64encode(pair.encode()).decode()


class ClientAuth(Sealed, ABC):
    """Adds the proof to a token call."""

    signs = False  # whether the proof tells the time, so that a clock that is off spoils it

    @abstractmethod
    def add(self, client: Client, form: dict[str, str], headers: dict[str, str], now: float) -> None:
        """`now` is in epoch seconds of the server's clock as far as it is known."""

    def secrets(self) -> tuple[str, ...]:
        """Those beside the client's secret."""
        return ()

    def credentials(self) -> tuple[Credential, ...]:
        """What may be renewed where the proof is refused, beside the client's secret."""
        return ()


class SecretBasic(ClientAuth):
    """The secret in `Authorization: Basic`, id and secret form-encoded first, as RFC 6749 has it.

    Of letters, digits and `-._` that makes no other text. Some servers forget to decode the rest: they take
    `SecretPost`.
    """

    def add(self, client: Client, form: dict[str, str], headers: dict[str, str], now: float) -> None:  # noqa: ARG002
        headers["authorization"] = f"Basic {client.basic()}"


class SecretPost(ClientAuth):
    """The secret in the form."""

    def add(self, client: Client, form: dict[str, str], headers: dict[str, str], now: float) -> None:  # noqa: ARG002
        form |= {"client_id": client.client_id, "client_secret": client.secret}


class PublicClient(ClientAuth):
    """No proof: the id in the form, where there is one."""

    def add(self, client: Client, form: dict[str, str], headers: dict[str, str], now: float) -> None:  # noqa: ARG002
        if client.client_id:
            form["client_id"] = client.client_id


class PrivateKeyJWT(ClientAuth):
    """`private_key_jwt`: a token signed with the client's own key, a new one for each call.

    `audience` is what the server wants to see as `aud`: the token URL unless said otherwise (some want their
    issuer). Raises `SettingsError` for a key that does not fit `algorithm`.
    """

    signs = True

    def __init__(
        self,
        key: str | SecretStr,
        *,
        algorithm: str = "RS256",
        key_id: str | None = None,
        audience: str | None = None,
        lifetime_s: float = 70.0,
    ) -> None:
        self._signer = JWTSigner(key, algorithm=algorithm, key_id=key_id, lifetime_s=lifetime_s)
        self._audience = audience

    def add(self, client: Client, form: dict[str, str], headers: dict[str, str], now: float) -> None:  # noqa: ARG002
        audience = self._audience or client.token_url
        form |= {
            "client_id": client.client_id,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": self._signer.sign(
                now, iss=client.client_id, sub=client.client_id, aud=audience
            ),
        }

    def secrets(self) -> tuple[str, ...]:
        return self._signer.secrets()

    def credentials(self) -> tuple[Credential, ...]:
        return (self._signer.credential,)
