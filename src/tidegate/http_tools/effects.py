"""Effects: what the policy asks of the world. Values only; the drivers carry them out.

A flow is a generator that yields effects and is sent their results. `x = yield from Send(request)` is typed
because an effect's `__iter__` says what comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

import httpx2

T = TypeVar("T")


class Effect(Generic[T]):
    def __iter__(self) -> Generator[Effect[Any], Any, T]:
        result: T = yield self
        return result


Flow: TypeAlias = Generator[Effect[Any], Any, T]


# The extension of a request that bounds its whole exchange, in seconds; None or missing: nothing does.
TOTAL_TIMEOUT = "tidegate.total_timeout_s"
# The extension of a request whose body may be a gzip file, beside what codings it travels in.
UNZIPPED = "tidegate.unzipped"
# The extension of a request that may be sent again whatever its method: twice does no harm.
REPEATABLE = "tidegate.repeatable"
# Of a request that gets no credential, not even where it is led back to the origin that has one: what lies
# elsewhere does not choose what is asked in our name.
BARE = "tidegate.bare"
# Rows of JSON shrink five- to fifty-fold; a bomb of zeros a thousandfold by gzip, more by br and zstd.
MAX_RATIO = 200.0


class Sink(Protocol):
    """Takes a body in pieces. Called on the thread or loop that sends; each call blocks as a file does."""

    def prepare(self, request: httpx2.Request) -> None:
        """Change what is about to be asked, such as to ask for the rest of what stands here."""
        ...

    def takes(self, response: httpx2.Response) -> bool:
        """Whether the body of an answer with this status and these headers is to be written here."""
        ...

    def write(self, chunk: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class Send(Effect[httpx2.Response]):
    """Send the request once and read the answer whole: decoded, and at most `max_bytes` long.

    Nor may it be more than `max_ratio` times what came over the wire. A body that `sink` takes is given to
    it as it came, encoded or not, and is not in the answer; the caps are then the sink's. The driver raises
    `httpx2.RequestError` where no complete answer came, and `ResponseTooLargeError`.
    """

    request: httpx2.Request
    max_bytes: int
    max_ratio: float = MAX_RATIO
    sink: Sink | None = None


@dataclass(frozen=True, slots=True)
class Sleep(Effect[None]):
    """Wait; cut short by `ClientClosedError` when the client closes or the run is told to stop."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Wait(Effect[T]):
    """Wait for what another flow will set, on whatever thread or loop that one runs."""

    future: Future[T]


@dataclass(frozen=True, slots=True)
class WaitAtMost(Effect[bool]):
    """Wait for `future`, whatever it brings, but no longer than `seconds`; tell whether it is done."""

    future: Future[Any]
    seconds: float


@dataclass(frozen=True, slots=True)
class Blocking(Effect[T]):
    """Call a function that blocks for a moment: on an event loop it is called in a thread.

    Cut while it runs, it runs on to its end all the same: `function` must see to what it did.
    """

    function: Callable[[], T]


@dataclass(frozen=True, slots=True)
class Shielded(Effect[T]):
    """Run a flow to its end even where the one that asks for it is cancelled, on the same thread or loop.

    For what must not be lost half-way: a refresh whose answer holds the next refresh token.
    """

    flow: Flow[T]
