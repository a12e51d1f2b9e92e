"""What every strategy is, and which failures are tried again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

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
