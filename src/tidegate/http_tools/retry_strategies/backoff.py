"""Strategies that know only how often it failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import SystemRandom

from tidegate.http_tools.retry_strategies.base import BaseRetryStrategy, Failure

# Without a state: a host's seed is left alone, and processes that were forked do not wait alike.
_RANDOM = SystemRandom().random


@dataclass(frozen=True)
class ExponentialBackoffRetryStrategy(BaseRetryStrategy):
    """Full jitter: anything from nothing to `base_s * 2 ** (attempt - 1)`, at most `cap_s`, in seconds."""

    max_attempts: int = 6
    base_s: float = 0.5
    cap_s: float = 60.0
    random: Callable[[], float] = _RANDOM

    def __post_init__(self) -> None:
        _check(self.max_attempts, self.base_s, self.cap_s)

    def backoff_s(self, failure: Failure) -> float:
        ceiling = min(self.cap_s, self.base_s * 2.0 ** min(failure.attempt - 1, 64))
        return self.random() * ceiling


@dataclass(frozen=True)
class LinearBackoffRetryStrategy(BaseRetryStrategy):
    """`step_s`, twice that, three times that and so on, at most `cap_s`, in seconds.

    Up to the share `jitter` (0 to 1) of each wait is taken off at random, so that requests that failed
    together do not come back together.
    """

    max_attempts: int = 6
    step_s: float = 1.0
    cap_s: float = 60.0
    jitter: float = 0.1
    random: Callable[[], float] = _RANDOM

    def __post_init__(self) -> None:
        _check(self.max_attempts, self.step_s, self.cap_s, jitter=self.jitter)

    def backoff_s(self, failure: Failure) -> float:
        return min(self.cap_s, self.step_s * failure.attempt) * (1 - self.jitter * self.random())


@dataclass(frozen=True)
class FixedRetryStrategy(BaseRetryStrategy):
    """Always `wait_s` seconds, less up to the share `jitter` (0 to 1) of it at random."""

    max_attempts: int = 6
    wait_s: float = 1.0
    jitter: float = 0.1
    random: Callable[[], float] = _RANDOM

    def __post_init__(self) -> None:
        _check(self.max_attempts, self.wait_s, jitter=self.jitter)

    def backoff_s(self, failure: Failure) -> float:  # noqa: ARG002 - always the same
        return self.wait_s * (1 - self.jitter * self.random())


def _check(max_attempts: int, *seconds: float, jitter: float = 0.0) -> None:
    if max_attempts < 1 or not all(each >= 0 for each in seconds):
        raise ValueError("a retry strategy needs max_attempts >= 1 and no negative seconds")
    if not 0 <= jitter <= 1:
        raise ValueError("jitter is a share: 0 to 1")
