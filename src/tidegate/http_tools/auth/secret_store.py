"""A refresh token in Secret Manager, for machines whose disk does not last, and for several of them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tidegate.http_tools.auth.base import Sealed
from tidegate.utils.errors import SettingsError, TidegateError
from tidegate.utils.gcp import SecretMissingError, checksum, patient, read_secret, secret_name, told
from tidegate.utils.gcp_clients import secret_manager_client
from tidegate.utils.gcp_settings import GoogleSettings
from tidegate.utils.secrets import SecretReference

if TYPE_CHECKING:
    from google.cloud.secretmanager import Secret, SecretManagerServiceClient

_LEASE = "tidegate-lease"  # an annotation of the secret
# An exchange takes three calls of a minute at most.
_LEASE_ENDS_S = 300.0
# Secret Manager allows 600 reads a minute to a whole project.
_ASKED_EVERY_S = 1.0
_TIMEOUT_S = 30.0
_TRIES = 3
_log = logging.getLogger("tidegate.secrets")


class SecretTokenStore(Sealed):
    """Keeps the token as the latest version of a secret, `secret://project/name`, which must exist.

    A token that the vendor gives becomes a new version, and the one before it, which is of no use any more,
    is destroyed. The lease is an annotation of the secret, taken and given back by its etag: of processes on
    any machines one refreshes at a time. Of a process that died it ends after five minutes.

    Needs `roles/secretmanager.secretAccessor` and `secretVersionManager` on the secret, and the permissions
    `secretmanager.secrets.get` and `.update`. `clock` is in epoch seconds.
    """

    def __init__(self, secret: str | SecretReference, *, clock: Callable[[], float] = time.time) -> None:
        reference = SecretReference.parse(secret) if isinstance(secret, str) else secret
        if reference is None or reference.version != "latest":
            raise SettingsError(
                "the store of a refresh token is secret://project/name, without a version",
                hint="A new token becomes a new version. For a vendor that never gives one: "
                "store=MemoryTokenStore().",
            )
        self.reference, self._clock = reference, clock
        self._me = uuid4().hex
        self._lock = threading.Lock()
        self._held = False
        self._asked = float("-inf")
        self._loaded: str | None = None
        self._giving_back: threading.Thread | None = None

    def load(self) -> str | None:
        try:
            found = read_secret(self.reference)
        except SecretMissingError:  # who has the lease has seen the secret itself
            return None
        self._loaded = found.name
        return found.text.strip() or None

    def save(self, token: str) -> None:
        from google.cloud.secretmanager import SecretPayload

        data = token.encode()
        # a token that is saved twice is a version more; one that is not saved is a session less
        payload = SecretPayload(data=data, data_crc32c=checksum(data))
        with self._client() as (client, name):
            added = client.add_secret_version(
                parent=name, payload=payload, timeout=_TIMEOUT_S, retry=patient(_TIMEOUT_S)
            )
            before, self._loaded = self._loaded, added.name
        if before is not None and before != added.name:
            self._destroy(before)

    def _destroy(self, version: str) -> None:
        """It costs, and is good for nothing. The new one is kept already: no reason to fail."""
        try:
            with self._client() as (client, _):
                client.destroy_secret_version(name=version, timeout=_TIMEOUT_S)
        except TidegateError as error:
            _log.warning("a refresh token that was replaced stays in Secret Manager: %s", error)

    def try_lease(self) -> bool:
        with self._lock:
            if self._held or time.monotonic() - self._asked < _ASKED_EVERY_S:
                return False
            if self._giving_back is not None:
                self._giving_back.join()
            self._asked = time.monotonic()
            self._held = self._take()
            return self._held

    def _take(self) -> bool:
        with self._client() as (client, name):
            secret = client.get_secret(name=name, timeout=_TIMEOUT_S)
            return not self._is_anothers(secret) and self._annotate(client, secret, self._mark())

    def _mark(self) -> str:
        return f"{self._me} {self._clock():.0f}"

    def _is_anothers(self, secret: Secret) -> bool:
        holder, _, since = secret.annotations.get(_LEASE, "").partition(" ")
        if not holder or holder == self._me:
            return False
        return since.isdigit() and abs(self._clock() - int(since)) < _LEASE_ENDS_S

    @staticmethod
    def _annotate(client: SecretManagerServiceClient, secret: Secret, mark: str | None) -> bool:
        """Whether the secret was still as we have seen it."""
        from google.api_core.exceptions import FailedPrecondition

        others = {name: value for name, value in secret.annotations.items() if name != _LEASE}
        wanted: Any = {
            "name": secret.name,
            "etag": secret.etag,
            "annotations": others if mark is None else {**others, _LEASE: mark},
        }
        try:
            client.update_secret(secret=wanted, update_mask={"paths": ["annotations"]}, timeout=_TIMEOUT_S)
        except FailedPrecondition:
            return False
        return True

    def release(self) -> None:
        """Does not wait: it is given back in a thread, which the process stays for."""
        with self._lock:
            held, self._held = self._held, False
            if held:
                self._asked = float("-inf")
                self._giving_back = threading.Thread(target=self._give_back, name="tidegate-lease")
                self._giving_back.start()

    def _give_back(self) -> None:
        try:
            for _ in range(_TRIES):
                with self._client() as (client, name):
                    secret = client.get_secret(name=name, timeout=_TIMEOUT_S)
                    if not secret.annotations.get(_LEASE, "").startswith(self._me):
                        return
                    if self._annotate(client, secret, None):
                        return
        except TidegateError as error:
            _log.warning("the lease on a refresh token ends by itself in five minutes: %s", error)

    @contextmanager
    def _client(self) -> Iterator[tuple[SecretManagerServiceClient, str]]:
        settings = GoogleSettings.current()
        with told(self.reference), secret_manager_client(settings=settings) as client:
            yield client, secret_name(self.reference, settings)

    def __repr__(self) -> str:
        return f"SecretTokenStore({str(self.reference)!r})"
