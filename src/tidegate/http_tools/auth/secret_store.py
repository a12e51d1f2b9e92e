"""A refresh token in Secret Manager, for machines whose disk does not last, and for several of them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tidegate.http_tools.auth.base import Sealed
from tidegate.utils.errors import SettingsError, TidegateError
from tidegate.utils.gcp import SecretMissingError, checksum, patient, read_secret, secret_name, told
from tidegate.utils.gcp_clients import secret_manager_client
from tidegate.utils.gcp_settings import GoogleSettings
from tidegate.utils.secrets import SecretReference, SecretVersion

if TYPE_CHECKING:
    from google.cloud.secretmanager import SecretManagerServiceClient

_LEASE = "tidegate-lease"
# An exchange takes three calls of a minute at most.
_LEASE_ENDS_S = 300.0
_ASKED_EVERY_S = 1.0
_TIMEOUT_S = 30.0
_log = logging.getLogger("tidegate.secrets")


@dataclass(frozen=True, slots=True)
class _Version:
    """What counts: its text is the token and, while somebody refreshes, a second line, which is a lease.

    `since` is when the lease was taken. `last` is the number of the version that was added last, which may be
    a lease of someone who was too slow: that one is void.
    """

    number: int
    last: int
    name: str | None = None
    token: str = field(default="", repr=False)
    since: float | None = None

    @classmethod
    def read(cls, reference: SecretReference) -> _Version:
        try:
            found = read_secret(reference)
        except SecretMissingError:  # no version yet; where there is no secret, none can be added
            return cls(0, 0)
        number = last = _number(found.name)
        while (lease := _lease_in(found.text)) is not None and lease[1] != number:
            number, found = cls._before(reference, number)
        token = found.text if lease is None else found.text.partition("\n")[0]
        return cls(number, last, found.name or None, token.strip(), None if lease is None else lease[0])

    @staticmethod
    def _before(reference: SecretReference, number: int) -> tuple[int, SecretVersion]:
        """The version before; numbers may be left out. Of none the text is empty."""
        for each in range(number - 1, 0, -1):
            with suppress(SecretMissingError):
                return each, read_secret(replace(reference, version=str(each)))
        return 0, SecretVersion("", "")


def _lease_in(text: str) -> tuple[float, int] | None:
    """When it was taken, and the number that its version was to have."""
    words = text.partition("\n")[2].split()
    if len(words) != 3 or words[0] != _LEASE or not (words[1].isdigit() and words[2].isdigit()):
        return None
    return float(words[1]), int(words[2])


class SecretTokenStore(Sealed):
    """Keeps the token as the latest version of a secret, `secret://project/name`, which must exist.

    A token that the vendor gives becomes a new version; those before it are of no use any more, and are
    destroyed. The lease is a version, too, with a second line that says since when, and which number the
    version was to have. Versions are numbered one by one: of two that add theirs at once one gets another
    number than it expected, and everybody sees that its lease is void. So of processes on any machines one
    refreshes at a time. The lease of one that died ends after five minutes.

    Needs `roles/secretmanager.secretAccessor` and `roles/secretmanager.secretVersionManager` on the secret.
    `clock` is in epoch seconds.
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
        self._lock = threading.Lock()
        self._held: _Version | None = None  # what was there before our lease
        self._saved = False
        self._stale: set[str] = set()  # versions that are of no use once there is a later one
        self._asked = float("-inf")
        self._giving_back: threading.Thread | None = None

    def load(self) -> str | None:
        held = self._held
        return (held or _Version.read(self.reference)).token or None

    def save(self, token: str) -> None:
        self._add(token, insist=True)
        self._saved = True
        self._tidy()

    def try_lease(self) -> bool:
        with self._lock:
            if self._held is not None or time.monotonic() - self._asked < _ASKED_EVERY_S:
                return False
            if self._giving_back is not None:
                self._giving_back.join()
            self._asked = time.monotonic()
            return self._take()

    def _take(self) -> bool:
        before = _Version.read(self.reference)
        if before.since is not None and abs(self._clock() - before.since) < _LEASE_ENDS_S:
            return False
        expected = before.last + 1
        added = self._add(f"{before.token}\n{_LEASE} {self._clock():.0f} {expected}")
        self._stale.add(added)
        if _number(added) != expected:
            return False
        self._stale |= {before.name} if before.name else set()
        self._held, self._saved = before, False
        return True

    def release(self) -> None:
        """Does not wait: a token that was saved has ended the lease; else a thread does, and the process
        stays for it.
        """
        with self._lock:
            held, self._held = self._held, None
            self._asked = float("-inf")
            if held is not None and not self._saved:
                self._giving_back = threading.Thread(target=self._give_back, args=(held.token,))
                self._giving_back.start()

    def _give_back(self, token: str) -> None:
        try:
            self._add(f"{token}\n", insist=True)
            self._tidy()
        except TidegateError as error:
            _log.warning("the lease on a refresh token ends by itself in five minutes: %s", error)

    def _add(self, text: str, *, insist: bool = False) -> str:
        """Add a version; give its name. A token that is saved twice is a version more, one that is not saved
        a session less: so `insist`. A lease that is taken twice is none.
        """
        from google.cloud.secretmanager import SecretPayload

        data = text.encode()
        payload = SecretPayload(data=data, data_crc32c=checksum(data))
        again = patient(_TIMEOUT_S) if insist else None
        with self._client() as (client, name):
            added = client.add_secret_version(parent=name, payload=payload, retry=again, timeout=_TIMEOUT_S)
        return str(added.name)

    def _tidy(self) -> None:
        """Destroy what is of no use now that a later version counts: it costs. That it fails is no reason to
        fail, for the token is kept.
        """
        useless, self._stale = self._stale, set()
        if not useless:
            return
        try:
            with self._client() as (client, _):
                for name in sorted(useless):
                    client.destroy_secret_version(name=name, timeout=_TIMEOUT_S)
        except TidegateError as error:
            _log.warning("refresh tokens that were replaced stay in Secret Manager: %s", error)

    @contextmanager
    def _client(self) -> Iterator[tuple[SecretManagerServiceClient, str]]:
        settings = GoogleSettings.current()
        with told(self.reference), secret_manager_client(settings=settings) as client:
            yield client, secret_name(self.reference, settings)

    def __repr__(self) -> str:
        return f"SecretTokenStore({str(self.reference)!r})"


def _number(name: str) -> int:
    return int(name.rpartition("/")[2])
