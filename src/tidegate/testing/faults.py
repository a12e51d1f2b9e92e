"""What can go wrong between a client and a server: one frozen value each, for `FaultTransport`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Refuse:
    """No connection: the server is certain to have got nothing."""


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection breaks before an answer. With `delivered` the server has done what it was asked."""

    delivered: bool = False


@dataclass(frozen=True, slots=True)
class ResetBody:
    """The connection breaks `after` so many bytes of the body, as they travel."""

    after: int = 0


@dataclass(frozen=True, slots=True)
class Truncate:
    """The body ends `after` so many bytes. `noticed`: its length was announced, so that the client can tell.

    Not noticed, it is an answer like any other: only what decompresses or reads it can find that it is not
    whole.
    """

    after: int = 0
    noticed: bool = True


@dataclass(frozen=True, slots=True)
class Delay:
    """The answer comes `seconds` late; beyond the client's read timeout it is a timeout then."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Drip:
    """The body comes in pieces of `size` bytes, each after `seconds`."""

    seconds: float
    size: int = 1


@dataclass(frozen=True, slots=True)
class Status:
    """Another answer in the place of the server's, which is not asked."""

    code: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


Fault: TypeAlias = Refuse | Reset | ResetBody | Truncate | Delay | Drip | Status


def storm(times: int, *, retry_after_s: float = 1.0, headers: Mapping[str, str] | None = None) -> list[Fault]:
    """So many 429 in a row, each with a `Retry-After` in seconds and `headers` beside it."""
    return [Status(429, {"retry-after": f"{retry_after_s:g}", **(headers or {})})] * times
