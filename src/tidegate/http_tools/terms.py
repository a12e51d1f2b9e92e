"""What a request goes by: the strategies of its client, and what its caller asks for beside."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx2

from tidegate.http_tools.audience import Audience
from tidegate.http_tools.auth import BaseAuthManager
from tidegate.http_tools.circuit_breakers import CircuitBreaker, KeyedCircuitBreaker
from tidegate.http_tools.effects import MAX_RATIO, Sink
from tidegate.http_tools.events import Listener, ignore
from tidegate.http_tools.rate_limiters import BaseRateLimiter
from tidegate.http_tools.retry_strategies import BaseRetryStrategy, HeaderBasedRetryStrategy, RetryBudget
from tidegate.utils.redact import Redactor


@dataclass(frozen=True)
class Policy:
    """The strategies of one client. Shared by all its requests; holds no state of any of them."""

    home: httpx2.URL | None = None
    auth: BaseAuthManager | None = None
    limiter: BaseRateLimiter | None = None
    breaker: CircuitBreaker | KeyedCircuitBreaker | None = None
    retry: BaseRetryStrategy = field(default_factory=HeaderBasedRetryStrategy)
    budget: RetryBudget = field(default_factory=RetryBudget)
    allowed_origins: frozenset[str] = frozenset()
    max_bytes: int = 256 << 20
    max_ratio: float = MAX_RATIO
    max_wait_s: float = 7200.0
    deadline_s: float = math.inf
    quota_prefix: str = "x-ratelimit"
    redact: Redactor = field(default_factory=Redactor)
    clock: Callable[[], float] = time.monotonic
    epoch: Callable[[], float] = time.time
    audience: Audience = field(default_factory=Audience)


@dataclass(frozen=True)
class Terms:
    """What one caller asks for beside the request: who listens, how long to wait, which statuses are data."""

    listener: Listener = ignore
    max_wait_s: float | None = None
    accept: frozenset[int] = frozenset()
    sink: Sink | None = None


DEFAULT_TERMS = Terms()
