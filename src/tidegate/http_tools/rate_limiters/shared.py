"""A quota that machines share, kept in Redis or Valkey."""

from __future__ import annotations

import logging
import math
import os
import secrets
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

from tidegate.http_tools.exceptions import QuotaStoreError
from tidegate.http_tools.rate_limiters.base import MIN_WAIT_S, BaseRateLimiter
from tidegate.http_tools.rate_limiters.rates import Rate
from tidegate.http_tools.rate_limiters.shared_script import ASK
from tidegate.utils.errors import SettingsError

log = logging.getLogger(__name__)

# A store that was down is left alone for so long where there is another way.
_DOWN_S = 5.0
# A waiter who has not asked again so long after it was due is no longer in the line.
_GRACE_S = 0.1


class SharedStore(Protocol):
    """Where a shared quota is kept: a `redis.Redis` or `valkey.Valkey` (the blocking kind)."""

    def register_script(self, script: Any) -> Callable[..., Any]: ...


class SharedLimiter(BaseRateLimiter):
    """Never more than `limit` grants in any window of `window_s` seconds, over every process and machine.

    `key` names the quota in the store; it should say origin, credential (its fingerprint) and bucket. `store`
    is a URL (`redis://`, `rediss://`, `unix://`) or a client of your own. Time is the store's: the clocks of
    the machines do not matter. Processes that wait are served one after the other.

    A slot that was fetched must be used within `slack_s` seconds (a 200th of the window, at least 5 and at
    most 100 ms; longer by itself where the store is far away) and counts in the store for so much longer than
    the window, which costs that share of the rate. At high rates the slots of one `slack_s` come with one
    call. Unlike a `SlidingWindowLimiter` in memory it does not count a slot from its answer: use 90 % of what
    the vendor allows. A process that is forked begins with no slot of its parent's.

    A call to the store takes at most twice `timeout_s` (it is repeated once, since a kept connection may be
    dead) and never blocks an event loop that awaits this limiter.
    When the store is down, `on_store_down` decides: "closed" raises `QuotaStoreError` (exit 20: worth trying
    again), "open" sends without a limit, and another limiter takes its place; the last two ask the store
    again after 5 seconds.
    Needs the extra: `pip install 'tidegate[redis]'`; raises `SettingsError` without it. `close` frees the
    connections, if they are not those of your own client.
    """

    def __init__(
        self,
        limit: int,
        window_s: float,
        *,
        key: str,
        store: str | SharedStore = "redis://127.0.0.1:6379/0",
        on_store_down: Literal["closed", "open"] | BaseRateLimiter = "closed",
        slack_s: float | None = None,
        timeout_s: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if limit < 1 or window_s <= 0:
            raise ValueError("a shared window needs limit >= 1 and window_s > 0")
        super().__init__()
        self.limit, self.window_s, self.slot_s, self.key = limit, window_s, window_s, key
        self.on_store_down = on_store_down
        self._owned = _connect(store, timeout_s) if isinstance(store, str) else None
        client: Any = store if self._owned is None else self._owned
        self._ask = client.register_script(ASK)
        self._keys = [f"tidegate:{{{key}}}:{part}" for part in ("log", "line", "due")]
        self._clock = clock
        self._least_slack_s = min(max(window_s / 200, 0.005), 0.1) if slack_s is None else slack_s
        self._begin()

    def _begin(self) -> None:
        """Hold nothing, under a new name. In a forked process once more: what was fetched is its parent's."""
        self._pid, self._me = os.getpid(), secrets.token_hex(8)
        self._slack_s = self._least_slack_s
        self._lock = threading.Lock()
        self._calls = 0
        self._fresh: deque[tuple[float, str]] = deque()  # fetched, not handed out: until when, and its name
        self._out: deque[tuple[float, str | None]] = deque()  # handed out; None: by the limiter in its place
        self._unused: list[str] = []  # to be given back with the next call
        self._down_until = -math.inf

    @property
    def rates(self) -> tuple[Rate, ...]:
        return (Rate(self.limit, self.window_s),)

    def try_now(self, cost: int = 1) -> float | None:
        """0 where slots are at hand; None where the store must be asked, which blocks."""
        if not 1 <= cost <= self.limit:
            raise ValueError(f"a cost of {cost} never fits a limit of {self.limit}")
        if self._pid != os.getpid():
            self._begin()
        with self._lock:
            return 0.0 if self._hand_out(cost) else None

    def try_acquire(self, cost: int = 1) -> float:
        """As every limiter; may block (see the class). Raises `QuotaStoreError`."""
        if (wait := self.try_now(cost)) is not None:
            return wait
        if self._clock() < self._down_until:
            return self._without_store(cost)
        with self._lock:
            self._calls += 1
            name, unused = f"{self._me}.{self._calls}", self._unused
            self._unused = []
            slack_s = self._slack_s
        sent_at = self._clock()
        try:
            granted, wait_us = self._call(name, cost, slack_s, unused)
        except Exception as error:
            if not _is_store_error(error):
                raise
            return self._down(error, cost, unused)
        with self._lock:
            good_until = sent_at + slack_s
            self._fresh.extend((good_until, f"{name}:{number}") for number in range(1, granted + 1))
            if granted:
                return self._hand_over(cost, sent_at)
        return max(wait_us / 1e6, MIN_WAIT_S)

    def _hand_over(self, cost: int, sent_at: float) -> float:
        if self._hand_out(cost):
            self._slack_s = max(self._least_slack_s, self._slack_s * 0.98)
            return 0.0
        # The answer took longer than a slot is good for. The next call gives them back and allows for more.
        took_s = self._clock() - sent_at
        self._slack_s = min(max(self._slack_s * 2, took_s * 2), self.window_s)
        return MIN_WAIT_S

    def _hand_out(self, cost: int) -> bool:
        now = self._clock()
        while self._fresh and self._fresh[0][0] < now:
            self._unused.append(self._fresh.popleft()[1])
        if len(self._fresh) < cost:
            return False
        self._note_out([self._fresh.popleft() for _ in range(cost)], now)
        return True

    def _note_out(self, slots: Sequence[tuple[float, str | None]], now: float) -> None:
        while self._out and self._out[0][0] + self.window_s < now:
            self._out.popleft()
        self._out.extend(slots)

    def _call(self, name: str, cost: int, slack_s: float, unused: list[str]) -> tuple[int, int]:
        batch = max(cost, int(self.limit * slack_s / self.window_s))
        hold_us, grace_us = int((self.window_s + slack_s) * 1e6), int((_GRACE_S + slack_s) * 1e6)
        arguments = [self._me, name, cost, batch, self.limit, hold_us, grace_us, *unused]
        granted, wait_us = self._ask(keys=self._keys, args=arguments)
        return int(granted), int(wait_us)

    def release(self, cost: int = 1) -> None:
        """The slots go back to the store with this process's next call; until then they stay spent."""
        elsewhere = 0
        with self._lock:
            for _ in range(min(cost, len(self._out))):
                name = self._out.popleft()[1]  # the oldest: what stays counts longer, never shorter
                if name is None:
                    elsewhere += 1
                else:
                    self._unused.append(name)
        if elsewhere and isinstance(self.on_store_down, BaseRateLimiter):
            self.on_store_down.release(elsewhere)

    def _down(self, error: Exception, cost: int, unused: list[str]) -> float:
        with self._lock:
            self._unused += unused
            if self.on_store_down != "closed":
                self._down_until = self._clock() + _DOWN_S
        if self.on_store_down == "closed":
            raise QuotaStoreError(
                f"the store of the shared quota {self.key!r} cannot be asked: {type(error).__name__}",
                hint="Is the Redis or Valkey up and reachable? on_store_down says what to do without it.",
            ) from error
        log.warning("quota store down", extra={"quota": self.key, "failure": type(error).__name__})
        return self._without_store(cost)

    def _without_store(self, cost: int) -> float:
        wait = 0.0
        if isinstance(self.on_store_down, BaseRateLimiter):
            wait = self.on_store_down.try_acquire(cost)
        if wait == 0:
            with self._lock:
                now = self._clock()
                self._note_out([(now, None)] * cost, now)
        return wait

    def close(self) -> None:
        if self._owned is not None:
            self._owned.close()

    def __repr__(self) -> str:
        return f"SharedLimiter({self.limit}, {self.window_s:g}, key={self.key!r})"


def _connect(url: str, timeout_s: float) -> Any:
    try:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError as error:
        raise SettingsError(
            "a shared limiter needs a client for Redis or Valkey", hint="pip install 'tidegate[redis]'"
        ) from error
    try:
        return redis.Redis.from_url(
            url,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(
                NoBackoff(), 1
            ),  # a pooled connection may be dead; waiting longer is not its business
        )
    except ValueError as error:
        raise SettingsError(
            "the address of the shared limiter's store is malformed",
            hint="It begins with redis://, rediss:// or unix://.",
        ) from error


def _is_store_error(error: Exception) -> bool:
    """Of whichever client library is there."""
    modules = {"redis": "RedisError", "valkey": "ValkeyError"}
    kinds = [getattr(sys.modules[name], kind) for name, kind in modules.items() if name in sys.modules]
    return isinstance(error, (OSError, *kinds))
