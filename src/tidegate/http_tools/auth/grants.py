"""What an OAuth2 client shows for a token: a grant (RFC 6749 section 4 and 6, RFC 7523 section 2.1)."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar

from pydantic import SecretStr

from tidegate.http_tools.auth.base import Hop, Sealed, fingerprint
from tidegate.http_tools.auth.credentials import Credential, reference_of
from tidegate.http_tools.auth.secret_store import SecretTokenStore
from tidegate.http_tools.auth.signing import JWTSigner
from tidegate.http_tools.auth.stores import LeasedTokenStore, MemoryTokenStore, TokenStore
from tidegate.http_tools.auth.token_calls import Answer
from tidegate.http_tools.auth.tokens import temporary
from tidegate.http_tools.effects import Blocking, Flow, Sleep
from tidegate.http_tools.exceptions import TokenError
from tidegate.utils.errors import TidegateError

T = TypeVar("T")

_LEASE_LIMIT_S = 60.0
_LEASE_POLL_S = 0.05


class Grant(Sealed, ABC):
    """One way to a token. Belongs to one manager, which runs one exchange at a time."""

    rotates = False  # whether an answer that is lost is a session that is lost
    signs = False  # whether what is shown tells the time, so that a clock that is off spoils it

    @abstractmethod
    def form(self, now: float) -> Flow[dict[str, str]]:
        """The parameters of the call; `now` is in epoch seconds of the server's clock."""

    def granted(self, answer: Answer) -> Flow[None]:  # noqa: ARG002
        """Take what the answer holds for the next time, before its access token is used."""
        yield from ()

    def another(self, code: str) -> bool:  # noqa: ARG002
        """Whether there is something else to show, now that this was refused with `code`."""
        return False

    def lease(self, hop: Hop) -> Flow[Callable[[], None]]:  # noqa: ARG002
        """Wait until the exchange may begin; give what is to be called at its end."""
        yield from ()
        return lambda: None

    def secrets(self) -> tuple[str, ...]:
        return ()

    def credentials(self) -> tuple[Credential, ...]:
        """What may be renewed where the grant is refused."""
        return ()

    def identity(self) -> str:
        """What tells two grants of one client apart, and stays over refreshes."""
        return ""


class ClientCredentials(Grant):
    """The client itself is who is asked for."""

    def form(self, now: float) -> Flow[dict[str, str]]:  # noqa: ARG002
        yield from ()
        return {"grant_type": "client_credentials"}


class Password(Grant):
    """A user's name and password. OAuth 2.1 has dropped it; some APIs have nothing else."""

    def __init__(self, username: str, password: str | SecretStr) -> None:
        self._username, self._password = username, Credential(password)

    def form(self, now: float) -> Flow[dict[str, str]]:  # noqa: ARG002
        yield from ()
        return {"grant_type": "password", "username": self._username, "password": self._password.text}

    def secrets(self) -> tuple[str, ...]:
        return self._password.secrets()

    def credentials(self) -> tuple[Credential, ...]:
        return (self._password,)

    def identity(self) -> str:
        return self._username


class JWTBearer(Grant):
    """A signed assertion, a new one for each call."""

    signs = True

    def __init__(self, signer: JWTSigner) -> None:
        self._signer = signer

    def form(self, now: float) -> Flow[dict[str, str]]:
        yield from ()
        return {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": self._signer.sign(now),
        }

    def secrets(self) -> tuple[str, ...]:
        return self._signer.secrets()

    def credentials(self) -> tuple[Credential, ...]:
        return (self._signer.credential,)

    def identity(self) -> str:
        return f"{self._signer.fingerprint}|{self._signer.claims.get('sub', '')}"


class RefreshToken(Grant):
    """A refresh token that a person's consent gave, and those that follow from it.

    The store's token comes first, then `token`, which is also what is tried where the store's is refused: so
    a new consent is a new setting. A new refresh token is in the store before it or the access token beside
    it is used. Where the store has a lease, one process at a time refreshes, and waits 60 s for its turn.

    A `token` that is a reference, `secret://project/name`, is kept there too: without `store` new ones become
    new versions of that secret (`SecretTokenStore`).
    """

    rotates = True

    def __init__(self, token: str | SecretStr | None = None, *, store: TokenStore | None = None) -> None:
        reference = None if token is None else reference_of(token)
        self._seed: Credential | None = None
        if store is None and reference is not None:
            store = SecretTokenStore(reference)
        elif token is not None:
            self._seed = Credential(token)
        self._store = store or MemoryTokenStore()
        self._identity = fingerprint(str(reference) if reference else self._begin or "")
        self._unsaved: str | None = None
        self._shown: str | None = None
        self._refused: set[str] = set()

    def form(self, now: float) -> Flow[dict[str, str]]:  # noqa: ARG002
        if self._unsaved is not None:  # kept in memory by an exchange that was cut
            yield from self._save(self._unsaved)
        stored = yield from self._stored("read", self._store.load)
        token = self._begin if stored is None or stored in self._refused else stored
        self._shown = token = token or stored
        if token is None:
            raise TokenError(
                "there is no refresh token to begin with",
                hint="Give the one that consent to the application gave; later ones are in the store.",
            )
        return {"grant_type": "refresh_token", "refresh_token": token}

    def granted(self, answer: Answer) -> Flow[None]:
        new = answer.at("refresh_token")
        if isinstance(new, str) and new and new != self._shown:
            self._unsaved = new
            yield from self._save(new)

    def another(self, code: str) -> bool:
        if code != "invalid_grant" or self._shown is None:
            return False
        self._refused.add(self._shown)
        return self._begin is not None and self._begin not in self._refused

    @property
    def _begin(self) -> str | None:
        return None if self._seed is None else self._seed.text

    def _save(self, token: str) -> Flow[None]:
        yield from self._stored("stored", lambda: self._store.save(token))
        self._unsaved = None

    def _stored(self, done: str, function: Callable[[], T]) -> Flow[T]:
        try:
            return (yield from Blocking(function))
        except TidegateError:
            raise
        except Exception as error:
            raise TokenError(
                f"the refresh token could not be {done}: {type(error).__name__}",
                hint="No token is used that its store does not hold: see to the store, then run again.",
            ) from error

    def lease(self, hop: Hop) -> Flow[Callable[[], None]]:
        store = self._store
        if not isinstance(store, LeasedTokenStore):
            return lambda: None
        lease = _Lease(store)
        try:
            yield from self._taken(lease, hop)
        except BaseException:
            lease.give_back()
            raise
        return lease.give_back

    def _taken(self, lease: _Lease, hop: Hop) -> Flow[None]:
        began = hop.clock()
        while not (yield from self._stored("leased", lease.take)):
            if hop.clock() - began > _LEASE_LIMIT_S:
                raise temporary(
                    f"another process has been refreshing the token for {_LEASE_LIMIT_S:.0f} s",
                    hint="Run again when it is done.",
                )
            yield from Sleep(_LEASE_POLL_S)

    def secrets(self) -> tuple[str, ...]:
        begun = self._seed.secrets() if self._seed is not None else ()
        return (*begun, *(each for each in (self._shown, self._unsaved) if each))

    def credentials(self) -> tuple[Credential, ...]:
        return () if self._seed is None else (self._seed,)

    def identity(self) -> str:
        return self._identity


class _Lease:
    """What one exchange has of a store's lease: given back also where a thread takes it after the cut."""

    def __init__(self, store: LeasedTokenStore) -> None:
        self._store, self._lock = store, threading.Lock()
        self._held = self._over = False

    def take(self) -> bool:
        with self._lock:
            self._held = not self._over and self._store.try_lease()
            return self._held

    def give_back(self) -> None:
        with self._lock:
            held, self._held, self._over = self._held, False, True
        if held:
            self._store.release()
