"""One quota for a process and its workers: the parent hosts the limiter, workers ask it through a pipe.

Nothing is kept anywhere and no server is needed, and whatever limiter a connector has is shared by it: it
never learns that its requests come from several processes.
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

import httpx2

from tidegate.http_tools.exceptions import QuotaStoreError
from tidegate.http_tools.rate_limiters.base import BaseRateLimiter

# No bell rings through a pipe: a worker that waits for a slot to come back looks again so soon.
_LOOK_AGAIN_S = 0.05


class LimiterHost:
    """`limiter`, for workers. It has to be the one that the parent's own requests go by, if it makes any.

    Which of its parts a request falls under is decided here, by the whole request; so are costs.
    """

    def __init__(self, limiter: BaseRateLimiter) -> None:
        self._lock = threading.Lock()
        self._parts: list[BaseRateLimiter] = [limiter]  # by their number; 0 is the whole
        self._numbers = {limiter: 0}

    def serve(self, connection: Connection) -> None:
        """Answer one worker until it is gone; what it held then is taken as lost. Blocks: each worker has a
        thread.
        """
        held: Counter[int] = Counter()
        with connection, suppress(EOFError, OSError):
            while True:
                message = connection.recv()
                answer = self._heard(message, held)
                if message[0] in {"route", "ask"}:
                    connection.send(answer)
        for number, cost in held.items():
            if cost > 0:
                self._parts[number].lost(cost)

    def _heard(self, message: tuple[Any, ...], held: Counter[int]) -> Any:
        match message:
            case ("route", request):
                return self._number(self._parts[0].for_request(request))
            case ("ask", number, cost):
                return self._ask(number, cost, held)
            case ("release", number, cost):
                self._parts[number].release(cost)
            case ("give_back", number, cost, held_s):
                self._parts[number].give_back(held_s, cost)
            case ("lost", number, cost):
                self._parts[number].lost(cost)
            case ("observe", number, cost, status, headers):
                self._parts[number].observe(httpx2.Response(status, headers=headers), cost)
            case _:
                raise AssertionError(f"unknown message: {message[0]}")
        held[message[1]] -= message[2]
        return None

    def _ask(self, number: int, cost: int, held: Counter[int]) -> Any:
        try:
            wait = self._parts[number].try_acquire(cost)
        except Exception as error:  # noqa: BLE001 - whichever it is, the worker raises it
            return error
        if wait == 0:
            held[number] += cost
        return wait

    def _number(self, part: BaseRateLimiter) -> int:
        with self._lock:
            if part not in self._numbers:
                self._numbers[part] = len(self._parts)
                self._parts.append(part)
            return self._numbers[part]


class HostedLimiter(BaseRateLimiter):
    """What a worker has in the limiter's place; `connection` is the other end of what the host serves.

    An answer takes some tens of microseconds. Waiting is first come, first served within each worker. Raises
    `QuotaStoreError` where the host is gone. Safe to use from several threads.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._pipe = _Pipe(connection)
        self._part = _Part(self._pipe, 0)
        self._parts: dict[int, _Part] = {0: self._part}
        self.line = self._part.line

    def for_request(self, request: httpx2.Request) -> BaseRateLimiter:
        number = self._pipe.ask("route", request)
        return self._parts.setdefault(number, _Part(self._pipe, number))

    def try_acquire(self, cost: int = 1) -> float:
        return self._part.try_acquire(cost)

    def try_now(self, cost: int = 1) -> float | None:
        return self._part.try_now(cost)

    def release(self, cost: int = 1) -> None:
        self._part.release(cost)

    def give_back(self, held_s: float, cost: int = 1) -> None:
        self._part.give_back(held_s, cost)

    def observe(self, response: httpx2.Response, cost: int = 1) -> None:
        self._part.observe(response, cost)

    def lost(self, cost: int = 1) -> None:
        self._part.lost(cost)


class _Part(BaseRateLimiter):
    def __init__(self, pipe: _Pipe, number: int) -> None:
        super().__init__()
        self._pipe, self._number = pipe, number

    def try_now(self, cost: int = 1) -> float | None:  # noqa: ARG002 - the host must be asked
        return None

    def try_acquire(self, cost: int = 1) -> float:
        wait: float = self._pipe.ask("ask", self._number, cost)
        return _LOOK_AGAIN_S if math.isinf(wait) else wait

    def release(self, cost: int = 1) -> None:
        self._pipe.tell("release", self._number, cost)

    def give_back(self, held_s: float, cost: int = 1) -> None:
        self._pipe.tell("give_back", self._number, cost, held_s)

    def observe(self, response: httpx2.Response, cost: int = 1) -> None:
        self._pipe.tell("observe", self._number, cost, response.status_code, response.headers.multi_items())

    def lost(self, cost: int = 1) -> None:
        self._pipe.tell("lost", self._number, cost)


class _Pipe:
    """One question at a time. What is told is heard before the next question is answered."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def ask(self, *message: Any) -> Any:
        with self._lock:
            try:
                self._connection.send(message)
                answer = self._connection.recv()
            except (EOFError, OSError) as error:
                raise QuotaStoreError(
                    "the process that keeps the quota of this worker is gone",
                    hint="Run the same command again: it resumes.",
                ) from error
        if isinstance(answer, Exception):
            raise answer
        return answer

    def tell(self, *message: Any) -> None:
        """Where nobody listens any more there is nothing left to keep."""
        with self._lock, suppress(OSError):
            self._connection.send(message)
