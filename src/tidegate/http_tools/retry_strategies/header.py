"""The strategy that does what the vendor asks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tidegate.http_tools.headers import asked_delay
from tidegate.http_tools.retry_strategies.backoff import ExponentialBackoffRetryStrategy
from tidegate.http_tools.retry_strategies.base import BaseRetryStrategy, Failure


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
        asked = None
        if failure.status_code in (429, 503):
            asked = asked_delay(failure.status_code, failure.headers, self.prefix, self.clock())
        return asked or self.otherwise.backoff_s(failure)

    def retryable(self, failure: Failure) -> bool:
        return self.otherwise.retryable(failure)
