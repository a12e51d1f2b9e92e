"""References to secrets, `secret://project/name[/version]`, and what they stand for.

A value that is a reference is looked up once a run, by whoever needs it first; the others wait for that one
answer. It is looked up again only where the vendor refuses it, and only taken where a newer version exists.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from tidegate.utils.errors import SettingsError

SCHEME = "secret://"
_PROJECT = r"[a-z0-9][a-z0-9.:-]{0,98}"  # also project numbers, and those of a domain: example.com:project
_NAME = r"[A-Za-z0-9_-]{1,255}"
_REFERENCE = re.compile(
    rf"secret://(?P<project>{_PROJECT})/(?P<name>{_NAME})(?:/(?P<version>[A-Za-z0-9_-]+))?"
)
# Near enough that it can be meant as nothing else; it would go to the vendor as a key.
_MEANT = re.compile(r"\s*secrets?:/", re.IGNORECASE)
# What was refused twice within this time, in seconds, is not looked up twice.
_PAUSE_S = 60.0
_LATEST = "latest"
_log = logging.getLogger("tidegate.secrets")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SecretReference:
    """Names a secret and tells nothing of it. `version` is a number, an alias, or `latest`."""

    project: str
    name: str
    version: str = _LATEST

    @classmethod
    def parse(cls, text: str) -> SecretReference | None:
        """None for a text that is no reference. Raises `SettingsError` for one that is malformed."""
        if not _MEANT.match(text):
            return None
        found = _REFERENCE.fullmatch(text)
        if found is None:
            # it is not shown: who knows what was pasted there
            raise SettingsError(
                "a setting begins like secret:// and names no secret",
                hint="Write secret://project/name or secret://project/name/version.",
            )
        return cls(found["project"], found["name"], found["version"] or _LATEST)

    @property
    def pinned(self) -> bool:
        """Whether it names one version for good."""
        return self.version.isdigit()

    def __str__(self) -> str:
        version = "" if self.version == _LATEST else f"/{self.version}"
        return f"{SCHEME}{self.project}/{self.name}{version}"


@dataclass(frozen=True, slots=True)
class SecretVersion:
    """What a reference stood for: `name` is the version's full name, with its number."""

    name: str
    text: str = field(repr=False)


class Secrets:
    """What was looked up. Shared by threads; each reference has one look-up at a time."""

    def __init__(
        self,
        read: Callable[[SecretReference], SecretVersion] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read, self._clock = read or _from_secret_manager, clock
        self._lock = threading.Lock()
        self._entries: dict[SecretReference, _Entry] = {}

    def value(self, reference: SecretReference) -> str:
        """The secret. Blocks. Raises `TidegateError` that says which it is, what is wrong, and what to do."""
        entry = self._entry(reference)
        with entry.lock:
            if entry.version is None:
                entry.version = self._looked_up(reference)
            return entry.version.text

    def newer(self, reference: SecretReference, than: str) -> str | None:
        """Another version than the one whose text is `than`, which was refused; None where there is none.

        Blocks. A pinned version has none. Raises as `value` does.
        """
        if reference.pinned:
            return None
        entry = self._entry(reference)
        with entry.lock:
            known = entry.version
            if known is not None and known.text != than:
                return known.text
            if self._clock() - entry.asked_again < _PAUSE_S:
                return None
            entry.asked_again = self._clock()
            found = self._looked_up(reference)
            if found.text == than:
                return None
            entry.version = found
            return found.text

    def forget(self) -> None:
        """Look everything up again: at the begin of a run, for a process that sees many."""
        with self._lock:
            self._entries.clear()

    def _entry(self, reference: SecretReference) -> _Entry:
        with self._lock:
            return self._entries.setdefault(reference, _Entry())

    def _looked_up(self, reference: SecretReference) -> SecretVersion:
        found = self._read(reference)
        _log.info("secret looked up: %s", found.name)
        return found

    def __repr__(self) -> str:
        return "Secrets()"


@dataclass(slots=True, eq=False)
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    version: SecretVersion | None = field(default=None, repr=False)
    asked_again: float = float("-inf")


def _from_secret_manager(reference: SecretReference) -> SecretVersion:
    from tidegate.utils.gcp import read_secret  # Google's client is slow to import

    found = read_secret(reference)
    # who pipes a secret into gcloud stores the line break, too
    return SecretVersion(found.name, found.text.rstrip("\r\n"))


SECRETS = Secrets()


def resolved(text: str) -> str:
    """The text, or the secret that it refers to."""
    reference = SecretReference.parse(text)
    return text if reference is None else SECRETS.value(reference)
