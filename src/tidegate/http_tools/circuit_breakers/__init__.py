"""Breakers: after too many failures of the server, stop asking for a while, then probe.

Only the server's failures count: not a 4xx, not a cancelled request, not a token call. The breaker never
waits; it says when a probe is due, and the retry strategy decides whether that is worth waiting for.
"""

from tidegate.http_tools.circuit_breakers.breaker import CircuitBreaker, State, Verdict
from tidegate.http_tools.circuit_breakers.keyed import (
    KeyedCircuitBreaker,
    PerEndpointCircuitBreaker,
    PerOriginCircuitBreaker,
    endpoint_pattern,
)
from tidegate.http_tools.circuit_breakers.rules import ConsecutiveFailures, FailureRate, TripRule

__all__ = [
    "CircuitBreaker",
    "ConsecutiveFailures",
    "FailureRate",
    "KeyedCircuitBreaker",
    "PerEndpointCircuitBreaker",
    "PerOriginCircuitBreaker",
    "State",
    "TripRule",
    "Verdict",
    "endpoint_pattern",
]
