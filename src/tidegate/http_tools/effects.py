"""Effects: what the policy asks of the world. Values only; the drivers carry them out.

A flow is a generator that yields effects and is sent their results. `x = yield from Send(request)` is typed
because an effect's `__iter__` says what comes back.
"""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

import httpx2

T = TypeVar("T")


class Effect(Generic[T]):
    def __iter__(self) -> Generator[Effect[Any], Any, T]:
        result: T = yield self
        return result


Flow: TypeAlias = Generator[Effect[Any], Any, T]


@dataclass(frozen=True, slots=True)
class Send(Effect[httpx2.Response]):
    """Send the request once and read the answer whole: decoded, and at most `max_bytes` long.

    The driver raises `httpx2.RequestError` where no complete answer came, and `ResponseTooLargeError`.
    """

    request: httpx2.Request
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Sleep(Effect[None]):
    """Wait; cut short by `ClientClosedError` when the client closes or the run is told to stop."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Wait(Effect[T]):
    """Wait for what another flow will set, on whatever thread or loop that one runs."""

    future: Future[T]
