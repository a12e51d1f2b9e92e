"""One process of several under a shared quota, run with the arguments KIND URL SKEW SECONDS.

Its clocks are SKEW seconds ahead. It says when it is ready, is told when to start, and prints what
it was granted, by the machine's true monotonic clock, as JSON.
"""

from __future__ import annotations

import json
import sys
import time

from tests.http_tools.windows import crowd
from tidegate.http_tools.rate_limiters import BaseRateLimiter, SharedLimiter

TRUE, EPOCH = time.monotonic, time.time
LIMIT, WINDOW_S = 50, 1.0

_BY_CLIENT_CLOCK = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1] - ARGV[3])
if redis.call('ZCARD', KEYS[1]) < tonumber(ARGV[2]) then
  redis.call('ZADD', KEYS[1], ARGV[1], ARGV[4])
  return '0'
end
return tostring(redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2] + ARGV[3] - ARGV[1])
"""


class ClientClockLimiter(BaseRateLimiter):
    """What many libraries do: an atomic log of grants, stamped with the time of who asks."""

    def __init__(self, url: str, skew_s: float) -> None:
        import redis

        super().__init__()
        self._ask = redis.Redis.from_url(url).register_script(_BY_CLIENT_CLOCK)
        self._skew_s, self._calls = skew_s, 0

    def try_now(self, cost: int = 1) -> float | None:  # noqa: ARG002
        return None

    def try_acquire(self, cost: int = 1) -> float:  # noqa: ARG002
        self._calls += 1
        now = EPOCH() + self._skew_s
        wait = self._ask(["by-client"], [repr(now), LIMIT, WINDOW_S, f"{self._skew_s}:{self._calls}"])
        return max(0.0, float(wait)) or 0.0

    def release(self, cost: int = 1) -> None:
        raise NotImplementedError


class Recorder:
    """A clock that knows when it was read last: for a limiter that is asked by one at a time, the grant."""

    def __init__(self, skew_s: float) -> None:
        self._skew_s = skew_s
        self.last = 0.0

    def __call__(self) -> float:
        self.last = TRUE()
        return self.last + self._skew_s


def main(kind: str, url: str, skew: str, lasting: str) -> None:
    skew_s = float(skew)
    clock = Recorder(skew_s)
    limiter: BaseRateLimiter
    if kind == "shared":
        limiter = SharedLimiter(LIMIT, WINDOW_S, key="proof", store=url, clock=clock)
    else:
        limiter = ClientClockLimiter(url, skew_s)
    stamps: list[float] = []

    def noted(granted: float | None) -> float | None:
        if granted == 0:
            stamps.append(clock.last if kind == "shared" else TRUE())
        return granted

    now, acquire = limiter.try_now, limiter.try_acquire
    limiter.try_now = lambda cost=1: noted(now(cost))  # type: ignore[method-assign]  # to record, not to change
    limiter.try_acquire = lambda cost=1: noted(acquire(cost))  # type: ignore[method-assign, return-value, assignment]
    print("ready", flush=True)
    start = float(sys.stdin.readline())
    time.sleep(max(0.0, start - TRUE()))
    granted = crowd(limiter, threads=4, tasks=4, until=start + float(lasting))
    print(json.dumps({"stamps": stamps, "granted": granted}))


if __name__ == "__main__":
    main(*sys.argv[1:])
