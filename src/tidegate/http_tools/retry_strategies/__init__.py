"""When to try again, and after how long. Strategies are frozen: attempts are counted by the request."""

from tidegate.http_tools.retry_strategies.backoff import (
    ExponentialBackoffRetryStrategy,
    FixedRetryStrategy,
    LinearBackoffRetryStrategy,
)
from tidegate.http_tools.retry_strategies.base import BaseRetryStrategy, Failure
from tidegate.http_tools.retry_strategies.budget import RetryBudget
from tidegate.http_tools.retry_strategies.header import HeaderBasedRetryStrategy

__all__ = [
    "BaseRetryStrategy",
    "ExponentialBackoffRetryStrategy",
    "Failure",
    "FixedRetryStrategy",
    "HeaderBasedRetryStrategy",
    "LinearBackoffRetryStrategy",
    "RetryBudget",
]
