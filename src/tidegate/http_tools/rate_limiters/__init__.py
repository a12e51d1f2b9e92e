"""Rate limiters: who may send, and when.

A limiter never sleeps. `try_acquire` grants and stamps, or says how long to wait; the policy sleeps, so that
every wait can be cut, and holds a place in the limiter's line, so that waiting is first come, first served.
One object serves threads and event loops alike.
"""

from tidegate.http_tools.rate_limiters.base import BaseRateLimiter, Line, acquire_flow
from tidegate.http_tools.rate_limiters.burst_recovery import BurstRecoveryLimiter
from tidegate.http_tools.rate_limiters.composite import CompositeLimiter
from tidegate.http_tools.rate_limiters.concurrency import ConcurrencyLimiter
from tidegate.http_tools.rate_limiters.header import HeaderRateLimiter
from tidegate.http_tools.rate_limiters.hosted import HostedLimiter, LimiterHost
from tidegate.http_tools.rate_limiters.rates import Rate
from tidegate.http_tools.rate_limiters.routes import NoLimit, RouteLimiter
from tidegate.http_tools.rate_limiters.shared import SharedLimiter
from tidegate.http_tools.rate_limiters.sliding_window import SlidingWindowLimiter
from tidegate.http_tools.rate_limiters.token_bucket import TokenBucketLimiter
from tidegate.http_tools.rate_limiters.weighted import WeightedLimiter

__all__ = [
    "BaseRateLimiter",
    "BurstRecoveryLimiter",
    "CompositeLimiter",
    "ConcurrencyLimiter",
    "HeaderRateLimiter",
    "HostedLimiter",
    "LimiterHost",
    "Line",
    "NoLimit",
    "Rate",
    "RouteLimiter",
    "SharedLimiter",
    "SlidingWindowLimiter",
    "TokenBucketLimiter",
    "WeightedLimiter",
    "acquire_flow",
]
