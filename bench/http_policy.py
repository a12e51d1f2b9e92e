"""What the policy costs on top of bare httpx2, and a limiter's grant: `python -m bench.http_policy`.

Both ways send the same requests in the same run, in turns, so that a slow moment hits both. In memory
(`MockTransport`) nothing but code is measured; on loopback a server in a process of its own answers.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import httpx2

from tidegate.http_tools.auth import APIKeyAuthManager
from tidegate.http_tools.circuit_breakers import PerEndpointCircuitBreaker
from tidegate.http_tools.clients import AsyncHttpClient, SyncHttpClient
from tidegate.http_tools.rate_limiters import (
    BaseRateLimiter,
    BurstRecoveryLimiter,
    CompositeLimiter,
    ConcurrencyLimiter,
    HeaderRateLimiter,
    RouteLimiter,
    SlidingWindowLimiter,
    TokenBucketLimiter,
    WeightedLimiter,
)

MAX_REQUEST_US = 60.0
MAX_ACQUIRE_US = 10.0
KEY = "a-key-of-the-bench"
BODY = b'{"items": [], "count": 0}'
# So much quota that nobody waits.
PLENTY = 1_000_000


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds of one thing, over the rounds."""

    name: str
    bare_us: Sequence[float]
    whole_us: Sequence[float]

    @property
    def on_top_us(self) -> float:
        """Of the two best rounds, which are the least disturbed by what else the machine does."""
        return min(self.whole_us) - min(self.bare_us)

    @property
    def median_on_top_us(self) -> float:
        """Round by round, since the two ran next to each other."""
        return median(whole - bare for bare, whole in zip(self.bare_us, self.whole_us, strict=True))


def strategies() -> dict[str, Any]:
    """Everything that a connector may be given, never in the way."""
    return {
        "auth_manager": APIKeyAuthManager(KEY),
        "rate_limiter": SlidingWindowLimiter(PLENTY, 3600),
        "circuit_breaker": PerEndpointCircuitBreaker(),
    }


def answer(_: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(200, content=BODY, headers={"content-type": "application/json"})


def sync_cost(name: str, base_url: str, transport: Any, rounds: int, number: int) -> Cost:
    bare_us, whole_us = [], []
    with (
        httpx2.Client(base_url=base_url, transport=transport, headers={"api-key": KEY}) as bare,
        SyncHttpClient(base_url, transport=transport, **strategies()) as whole,
    ):
        for _ in range(rounds + 1):  # the first one warms up
            bare_us.append(_per_call(lambda: bare.get("/items"), number))
            whole_us.append(_per_call(lambda: whole.request("GET", "/items"), number))
    return Cost(name, bare_us[1:], whole_us[1:])


def _per_call(call: Callable[[], object], number: int) -> float:
    began = time.perf_counter()
    for _ in range(number):
        call()
    return (time.perf_counter() - began) / number * 1e6


async def async_cost(name: str, base_url: str, transport: Any, rounds: int, number: int) -> Cost:
    bare_us, whole_us = [], []
    async with (
        httpx2.AsyncClient(base_url=base_url, transport=transport, headers={"api-key": KEY}) as bare,
        AsyncHttpClient(base_url, transport=transport, **strategies()) as whole,
    ):
        for _ in range(rounds + 1):
            began = time.perf_counter()
            for _ in range(number):
                await bare.get("/items")
            bare_us.append((time.perf_counter() - began) / number * 1e6)
            began = time.perf_counter()
            for _ in range(number):
                await whole.request("GET", "/items")
            whole_us.append((time.perf_counter() - began) / number * 1e6)
    return Cost(name, bare_us[1:], whole_us[1:])


def limiters() -> dict[str, BaseRateLimiter]:
    """Every limiter that lives in this process."""
    window = SlidingWindowLimiter(PLENTY, 3600)
    return {
        "TokenBucketLimiter": TokenBucketLimiter(1e9, burst=PLENTY),
        "SlidingWindowLimiter": SlidingWindowLimiter(PLENTY, 3600),
        "HeaderRateLimiter": HeaderRateLimiter(),
        "BurstRecoveryLimiter": BurstRecoveryLimiter(PLENTY, PLENTY, recovery_rate=PLENTY),
        "ConcurrencyLimiter": ConcurrencyLimiter(PLENTY),
        "CompositeLimiter (of 2)": CompositeLimiter([window, HeaderRateLimiter()]),
        "RouteLimiter": RouteLimiter(
            {
                "GET /orders/{id}": SlidingWindowLimiter(10, 1),
                "GET /items": SlidingWindowLimiter(PLENTY, 3600),
            },
            default=SlidingWindowLimiter(PLENTY, 3600),
        ),
        "WeightedLimiter": WeightedLimiter(SlidingWindowLimiter(PLENTY, 3600), lambda _: 2),
    }


def grants(rounds: int, number: int) -> dict[str, list[float]]:
    """Microseconds of a grant as the policy asks for one: the limiter of a request, then `try_acquire`."""
    request = httpx2.Request("GET", "https://api.example.com/items")
    found: dict[str, list[float]] = {}
    for _ in range(rounds + 1):
        for name, limiter in limiters().items():
            found.setdefault(name, []).append(
                _per_call(lambda limiter=limiter: limiter.for_request(request).try_acquire(), number)  # type: ignore[misc]  # bound early
            )
    return {name: values[1:] for name, values in found.items()}


@contextmanager
def loopback() -> Iterator[str]:
    """The base URL of a server in a process of its own, which answers as fast as asyncio does."""
    command = [sys.executable, "-m", "bench.http_policy", "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            if not port:
                raise RuntimeError("the server did not start")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


class _Fixed(asyncio.Protocol):
    """Gives the same answer to every head of a request without a body."""

    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(BODY)}\r\n\r\n"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._seen = transport, b""

    def data_received(self, data: bytes) -> None:
        self._seen += data
        while b"\r\n\r\n" in self._seen:
            _, _, self._seen = self._seen.partition(b"\r\n\r\n")
            self._transport.write(self.head.encode() + BODY)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Fixed, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def costs(rounds: int, number: int) -> list[Cost]:
    base, mock = "https://api.example.com", httpx2.MockTransport(answer)
    found = [
        sync_cost("sync, in memory", base, mock, rounds, number),
        asyncio.run(async_cost("async, in memory", base, mock, rounds, number)),
    ]
    with loopback() as url:
        found.append(sync_cost("sync, loopback", url, None, rounds, number))
        found.append(asyncio.run(async_cost("async, loopback", url, None, rounds, number)))
    return found


def table(requests: Sequence[Cost], acquires: dict[str, list[float]]) -> str:
    head = f"{'us a request':<18}{'bare best':>11}{'median':>9}{'tidegate best':>15}{'median':>9}"
    head += f"{'on top best':>13}{'median':>9}"
    lines = [head]
    for cost in requests:
        bare, whole = cost.bare_us, cost.whole_us
        lines.append(
            f"{cost.name:<18}{min(bare):>11.1f}{median(bare):>9.1f}{min(whole):>15.1f}{median(whole):>9.1f}"
            f"{cost.on_top_us:>13.1f}{cost.median_on_top_us:>9.1f}"
        )
    lines += ["", f"{'us a grant':<26}{'best':>8}{'median':>9}"]
    lines += [f"{name:<26}{min(each):>8.2f}{median(each):>9.2f}" for name, each in acquires.items()]
    return "\n".join(lines)


def main() -> int:
    """Print the table and whether the bars hold; 1 where one does not."""
    parser = argparse.ArgumentParser(prog="python -m bench.http_policy", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40, help="short ones, so that some are undisturbed")
    parser.add_argument("--requests", type=int, default=100, help="of each way in each round")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(_serve())
    requests, acquires = (
        costs(options.rounds, options.requests),
        grants(options.rounds, 10 * options.requests),
    )
    on_top = max(cost.on_top_us for cost in requests)
    grant = max(min(each) for each in acquires.values())
    print(table(requests, acquires), end="\n\n")
    for holds, text in (
        (
            on_top < MAX_REQUEST_US,
            f"{on_top:.1f} us a request on top, best rounds; below {MAX_REQUEST_US:.0f}",
        ),
        (grant < MAX_ACQUIRE_US, f"{grant:.2f} us a grant, best rounds; below {MAX_ACQUIRE_US:.0f}"),
    ):
        print(f"{'PASS' if holds else 'FAIL'}  {text}")
    return 0 if on_top < MAX_REQUEST_US and grant < MAX_ACQUIRE_US else 1


if __name__ == "__main__":
    sys.exit(main())
