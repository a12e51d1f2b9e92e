"""What the policy costs on top of bare httpx2, a listener on top of that, and a grant of each limiter:
`python -m bench.http_policy`.

All ways send the same requests in the same run, in turns. In memory (`MockTransport`) nothing but code is
measured; on loopback a server in a process of its own answers.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median
from typing import Any

import httpx2

from bench.http_limiters import PLENTY, grants
from bench.http_loopback import BODY, loopback
from bench.turns import Timings, in_turns, in_turns_async
from tidegate.http_tools.auth import APIKeyAuthManager
from tidegate.http_tools.circuit_breakers import PerEndpointCircuitBreaker
from tidegate.http_tools.clients import AsyncHttpClient, SyncHttpClient
from tidegate.http_tools.events import Event, Listener
from tidegate.http_tools.rate_limiters import SlidingWindowLimiter
from tidegate.http_tools.telemetry import OpenTelemetryListener

MAX_REQUEST_US = 60.0
MAX_ACQUIRE_US = 10.0
KEY = "a-key-of-the-bench"
BASE = "https://api.example.com"


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds of one thing, over the rounds, beside what it comes on top of."""

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
    with (
        httpx2.Client(base_url=base_url, transport=transport, headers={"api-key": KEY}) as bare,
        SyncHttpClient(base_url, transport=transport, **strategies()) as whole,
    ):
        ways: dict[str, Callable[[], object]] = {
            "bare": lambda: bare.get("/items"),
            "whole": lambda: whole.request("GET", "/items"),
        }
        found = in_turns(ways, rounds, number)
    return Cost(name, found["bare"], found["whole"])


async def async_cost(name: str, base_url: str, transport: Any, rounds: int, number: int) -> Cost:
    async with (
        httpx2.AsyncClient(base_url=base_url, transport=transport, headers={"api-key": KEY}) as bare,
        AsyncHttpClient(base_url, transport=transport, **strategies()) as whole,
    ):
        ways = {"bare": lambda: bare.get("/items"), "whole": lambda: whole.request("GET", "/items")}
        found = await in_turns_async(ways, rounds, number)
    return Cost(name, found["bare"], found["whole"])


def request_costs(rounds: int, number: int) -> list[Cost]:
    mock = httpx2.MockTransport(answer)
    found = [
        sync_cost("sync, in memory", BASE, mock, rounds, number),
        asyncio.run(async_cost("async, in memory", BASE, mock, rounds, number)),
    ]
    with loopback() as url:
        found.append(sync_cost("sync, loopback", url, None, rounds, number))
        found.append(asyncio.run(async_cost("async, loopback", url, None, rounds, number)))
    return found


def listeners() -> dict[str, list[Listener]]:
    """Nobody, one who does nothing, and OpenTelemetry without and with its SDK (which exports nothing)."""
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace import TracerProvider

    def silent(event: Event) -> None:
        """Hears it."""

    tracers, meters = TracerProvider(), MeterProvider([InMemoryMetricReader()])
    return {
        "nobody": [],
        "one listener": [silent],
        "OpenTelemetry, no SDK": [OpenTelemetryListener()],
        "OpenTelemetry, SDK": [OpenTelemetryListener(tracer_provider=tracers, meter_provider=meters)],
    }


def listener_costs(rounds: int, number: int) -> list[Cost]:
    """On top of the policy that nobody listens to, in memory."""
    mock = httpx2.MockTransport(answer)
    with ExitStack() as clients:

        def asking(heard_by: list[Listener]) -> Callable[[], object]:
            client = SyncHttpClient(BASE, transport=mock, listeners=heard_by, **strategies())
            clients.enter_context(client)
            return lambda: client.request("GET", "/items")

        ways = {name: asking(heard_by) for name, heard_by in listeners().items()}
        found = in_turns(ways, rounds, number)
    alone = found.pop("nobody")
    return [Cost(name, alone, each) for name, each in found.items()]


def table(costs: Sequence[Cost], bare: str, whole: str) -> str:
    head = f"{'us a request':<24}{bare + ' best':>14}{'median':>9}{whole + ' best':>16}{'median':>9}"
    lines = [head + f"{'on top best':>13}{'median':>9}"]
    for cost in costs:
        without, with_it = cost.bare_us, cost.whole_us
        lines.append(
            f"{cost.name:<24}{min(without):>14.1f}{median(without):>9.1f}{min(with_it):>16.1f}"
            f"{median(with_it):>9.1f}{cost.on_top_us:>13.1f}{cost.median_on_top_us:>9.1f}"
        )
    return "\n".join(lines)


def grant_table(acquires: Timings) -> str:
    lines = [f"{'us a grant':<26}{'best':>8}{'median':>9}"]
    lines += [f"{name:<26}{min(each):>8.2f}{median(each):>9.2f}" for name, each in acquires.items()]
    return "\n".join(lines)


def main() -> int:
    """Print the tables and whether the bars hold; 1 where one does not."""
    parser = argparse.ArgumentParser(prog="python -m bench.http_policy", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40, help="short ones, so that some are undisturbed")
    parser.add_argument("--requests", type=int, default=100, help="of each way in each round")
    options = parser.parse_args()
    requests = request_costs(options.rounds, options.requests)
    heard = listener_costs(options.rounds, options.requests)
    acquires = grants(options.rounds, 10 * options.requests)
    print(table(requests, "bare", "tidegate"), end="\n\n")
    print(table(heard, "unheard", "heard"), end="\n\n")
    print(grant_table(acquires), end="\n\n")
    on_top, grant = max(cost.on_top_us for cost in requests), max(min(each) for each in acquires.values())
    bars = {
        f"{on_top:.1f} us a request on top, best rounds; below {MAX_REQUEST_US:.0f}": on_top < MAX_REQUEST_US,
        f"{grant:.2f} us a grant, best rounds; below {MAX_ACQUIRE_US:.0f}": grant < MAX_ACQUIRE_US,
    }
    for text, holds in bars.items():
        print(f"{'PASS' if holds else 'FAIL'}  {text}")
    return 0 if all(bars.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
