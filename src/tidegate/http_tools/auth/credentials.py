"""A secret as an auth manager holds it: given, or kept by Secret Manager and perhaps renewed there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pydantic import SecretStr

from tidegate.http_tools.auth.base import Sealed
from tidegate.http_tools.effects import Blocking, Flow
from tidegate.utils.errors import TidegateError
from tidegate.utils.secrets import SECRETS, SecretReference
from tidegate.utils.settings import KeptSecret

_log = logging.getLogger("tidegate.secrets")


class Credential(Sealed):
    """`given`, or what it refers to (`secret://project/name`), looked up here and now: that may block.

    `check` gives the text as it is to be used, and raises `SettingsError` where it cannot be. One object may
    be used by several threads and event loops.
    """

    def __init__(self, given: str | SecretStr, check: Callable[[str], str] = lambda text: text) -> None:
        self.reference = reference_of(given)
        self._check = check
        self._earlier: tuple[str, ...] = ()
        self._text = check(plain(given))

    @property
    def text(self) -> str:
        return self._text

    @property
    def renewable(self) -> bool:
        """Whether another one may come in its place."""
        return self.reference is not None and not self.reference.pinned

    def renew(self, refused: str) -> Flow[bool]:
        """Whether there is another text than `refused`, which the vendor has not taken: then it is used.

        Secret Manager is asked at most once a minute for all who were refused. Where it cannot be asked, what
        the vendor said is what matters.
        """
        if self.reference is None or not self.renewable:
            return False
        if self._text != refused:
            return True
        reference = self.reference
        try:
            found = yield from Blocking(lambda: SECRETS.newer(reference, refused))
        except TidegateError as error:
            _log.warning("no newer version of a secret that was refused could be had: %s", error)
            return False
        if found is None:
            return False
        self._text, self._earlier = self._check(found), (refused, *self._earlier)[:2]
        return True

    def secrets(self) -> tuple[str, ...]:
        return (self._text, *self._earlier)


def plain(secret: str | SecretStr) -> str:
    """The secret in plain; where it is a reference, what it refers to. Then it blocks the first time."""
    reference = reference_of(secret)
    if reference is not None:
        return SECRETS.value(reference)
    return secret.get_secret_value() if isinstance(secret, SecretStr) else secret


def reference_of(secret: str | SecretStr) -> SecretReference | None:
    """None for a secret that was given itself. Raises `SettingsError` for a malformed reference."""
    if isinstance(secret, KeptSecret):
        return secret.reference
    return SecretReference.parse(secret.get_secret_value() if isinstance(secret, SecretStr) else secret)


def renewed(credentials: Iterable[Credential]) -> Flow[bool]:
    """Whether any of them has a newer text than the present one, just refused."""
    found = False
    for each in credentials:
        found = (yield from each.renew(each.text)) or found
    return found


def sealed(value: Any) -> Any:
    """A login's body with a `Credential` in place of each reference and each `SecretStr`, however deep."""
    if isinstance(value, SecretStr) or (isinstance(value, str) and reference_of(value) is not None):
        return Credential(value)
    if isinstance(value, Mapping):
        return {name: sealed(each) for name, each in value.items()}
    return [sealed(each) for each in value] if isinstance(value, list | tuple) else value


def opened(value: Any) -> Any:
    """The body as it is sent now."""
    if isinstance(value, Credential):
        return value.text
    if isinstance(value, dict):
        return {name: opened(each) for name, each in value.items()}
    return [opened(each) for each in value] if isinstance(value, list) else value


def within(value: Any) -> Iterator[Credential]:
    """The credentials of a sealed body."""
    if isinstance(value, Credential):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from within(each)
