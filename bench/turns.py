"""Things timed in turns, so that a slow moment of the machine hits all of them."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping

# Microseconds a call in each round, by what was called.
Timings = dict[str, list[float]]


def in_turns(ways: Mapping[str, Callable[[], object]], rounds: int, number: int) -> Timings:
    """Each way is called `number` times in each round. A first round warms up and does not count."""
    found: Timings = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, call in ways.items():
            began = time.perf_counter()
            for _ in range(number):
                call()
            found[name].append((time.perf_counter() - began) / number * 1e6)
    return {name: values[1:] for name, values in found.items()}


async def in_turns_async(
    ways: Mapping[str, Callable[[], Awaitable[object]]], rounds: int, number: int
) -> Timings:
    """As `in_turns`, one call awaited after the other."""
    found: Timings = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, call in ways.items():
            began = time.perf_counter()
            for _ in range(number):
                await call()
            found[name].append((time.perf_counter() - began) / number * 1e6)
    return {name: values[1:] for name, values in found.items()}
