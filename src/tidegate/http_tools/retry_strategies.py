"""When to try again, and after how long. Strategies are frozen: attempts are counted by the request."""

from __future__ import annotations

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tidegate.http_tools.headers import asked_delay, delay

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed attempt as a strategy sees it.

    `status_code` is None where no complete answer came; `sent` is False only where it is certain that the
    server got no byte; `headers` are those of the answer, or empty.
    """

    method: str
    attempt: int
    status_code: int | None
    sent: bool = True
    idempotency_key: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


class BaseRetryStrategy(ABC):
    """`max_attempts` counts the first one; 1 means never to retry."""

    max_attempts: int

    def delay_s(self, failure: Failure) -> float | None:
        """Seconds to wait before the next attempt; None where none should follow."""
        if failure.attempt >= self.max_attempts or not self.retryable(failure):
            return None
        return self.backoff_s(failure)

    def retryable(self, failure: Failure) -> bool:
        """Idempotent methods, and others only where nothing can have happened twice."""
        if failure.status_code is not None and failure.status_code not in _STATUSES:
            return False
        refused = failure.status_code == 429
        return failure.method in _IDEMPOTENT or refused or not failure.sent or failure.idempotency_key

    @abstractmethod
    def backoff_s(self, failure: Failure) -> float:
        """Seconds to wait after this failure, which is to be retried."""


@dataclass(frozen=True)
class ExponentialBackoffRetryStrategy(BaseRetryStrategy):
    """Full jitter: anything from nothing to `base_s * 2 ** (attempt - 1)`, at most `cap_s`, in seconds."""

    max_attempts: int = 6
    base_s: float = 0.5
    cap_s: float = 60.0
    random: Callable[[], float] = random.random

    def backoff_s(self, failure: Failure) -> float:
        ceiling = min(self.cap_s, self.base_s * 2.0 ** min(failure.attempt - 1, 64))
        return self.random() * ceiling


@dataclass(frozen=True)
class HeaderBasedRetryStrategy(BaseRetryStrategy):
    """Waits as long as the vendor asks, in full, by `Retry-After` or `{prefix}-reset`; else as `otherwise`.

    Headers are obeyed on 429 and 503 only: elsewhere a reset says when the quota is new, not when to retry.
    A wait of nothing (or until a moment that is past, where clocks differ) leaves it to `otherwise`, too.
    """

    prefix: str = "x-ratelimit"
    otherwise: BaseRetryStrategy = field(default_factory=ExponentialBackoffRetryStrategy)
    clock: Callable[[], float] = time.time

    @property
    def max_attempts(self) -> int:  # type: ignore[override]  # read from the other strategy, never set
        return self.otherwise.max_attempts

    def backoff_s(self, failure: Failure) -> float:
        asked, now = None, self.clock()
        if failure.status_code == 429:
            asked = asked_delay(failure.headers, self.prefix, now)
        elif failure.status_code == 503:
            asked = delay(failure.headers.get("retry-after"), now)
        return asked or self.otherwise.backoff_s(failure)

    def retryable(self, failure: Failure) -> bool:
        return self.otherwise.retryable(failure)
