"""Who waits stands in one line, is served in turn, and is refused at once where it would take too long."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import Future

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.http_tools.driving import Clock, World, waiting
from tidegate.http_tools.exceptions import WaitTooLongError
from tidegate.http_tools.rate_limiters import ConcurrencyLimiter, Line, SlidingWindowLimiter, acquire_flow
from tidegate.utils.errors import ExitCode


def test_first_come_is_first_served() -> None:
    limiter = SlidingWindowLimiter(1, 0.02)
    served: list[int] = []

    async def main() -> None:
        async def one(number: int) -> None:
            await limiter.acquire_async()
            served.append(number)

        await asyncio.gather(*(one(number) for number in range(20)))

    asyncio.run(main())
    assert served == list(range(20))


def test_threads_and_tasks_stand_in_one_line() -> None:
    limiter = SlidingWindowLimiter(1, 0.1)
    limiter.acquire()
    served: list[str] = []

    def thread() -> None:
        limiter.acquire()
        served.append("thread")

    async def task(name: str) -> None:
        await limiter.acquire_async()
        served.append(name)

    async def main() -> None:
        first = asyncio.ensure_future(task("first"))
        await asyncio.sleep(0)
        other = threading.Thread(target=thread)
        other.start()
        while waiting(limiter) < 2:
            await asyncio.sleep(0.001)
        await asyncio.gather(first, task("last"))
        await asyncio.to_thread(other.join)

    asyncio.run(main())
    assert served == ["first", "thread", "last"]


@given(st.lists(st.integers(0, 9), max_size=40))
def test_the_head_of_the_line_always_has_its_turn(moves: list[int]) -> None:
    line, places = Line(), list[Future[None]]()
    for move in moves:
        if move < 5 or not places:
            places.append(line.join())
        else:
            line.leave(places.pop(move % len(places)))
        assert all(place.done() == (position == 0) for position, place in enumerate(places))


def test_a_place_may_be_left_from_many_threads_at_once() -> None:
    line = Line()
    done: list[int] = []

    def stand() -> None:
        for _ in range(200):
            place = line.join()
            place.result(timeout=5)
            line.leave(place)
        done.append(1)

    threads = [threading.Thread(target=stand) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(done) == 8


def test_a_wait_that_is_too_long_is_refused_before_it_begins() -> None:
    clock = Clock()
    limiter = SlidingWindowLimiter(1, 3600, clock=clock)
    limiter.try_acquire()
    world = World([], clock)
    with pytest.raises(WaitTooLongError, match="in 3600 s, longer than the 60 s allowed") as caught:
        world.run(acquire_flow(limiter, max_wait_s=60, clock=clock))
    assert (caught.value.wait_s, caught.value.exit_code) == (3600, ExitCode.TRY_AGAIN)
    assert (world.slept, waiting(limiter)) == ([], 0)


def test_the_time_in_line_counts_as_waiting() -> None:
    clock = Clock()

    class Stingy(SlidingWindowLimiter):
        def try_acquire(self, cost: int = 1) -> float:  # noqa: ARG002
            return 25.0

    world = World([], clock)
    with pytest.raises(WaitTooLongError):
        world.run(acquire_flow(Stingy(1, 1), max_wait_s=60, clock=clock))
    assert world.slept == [25, 25]


def test_acquire_blocks_a_thread_and_awaits_in_a_task() -> None:
    limiter = SlidingWindowLimiter(2, 0.1)
    began = time.monotonic()
    limiter.acquire(cost=2)
    assert time.monotonic() - began < 0.05
    limiter.acquire()
    assert 0.09 < time.monotonic() - began < 0.3
    asyncio.run(limiter.acquire_async(2))
    assert 0.19 < time.monotonic() - began < 0.5


def test_a_cancelled_acquire_leaves_the_line() -> None:
    limiter = SlidingWindowLimiter(1, 60)
    limiter.acquire()

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(limiter.acquire_async(), 0.02)

    asyncio.run(main())
    assert waiting(limiter) == 0


def test_who_stands_behind_a_wait_that_is_too_long_is_refused_at_once() -> None:
    clock = Clock()
    limiter = SlidingWindowLimiter(1, 3600, clock=clock)
    limiter.try_acquire()
    head = acquire_flow(limiter, clock=clock)
    next(head)  # sleeps for an hour
    world = World([], clock)
    with pytest.raises(WaitTooLongError, match="in 3600 s, longer than the 60 s"):
        world.run(acquire_flow(limiter, max_wait_s=60, clock=clock))
    assert (world.slept, clock.now) == ([], 1000)
    head.close()
    assert waiting(limiter) == 0


def test_the_time_in_line_ends_with_patience() -> None:
    limiter = ConcurrencyLimiter(1)
    limiter.acquire()

    async def main() -> None:
        head = asyncio.ensure_future(limiter.acquire_async())
        await asyncio.sleep(0)
        with pytest.raises(WaitTooLongError):
            await limiter.acquire_async(max_wait_s=0.02)
        head.cancel()
        await asyncio.gather(head, return_exceptions=True)

    asyncio.run(main())
    assert waiting(limiter) == 0


def test_several_event_loops_stand_in_one_line() -> None:
    limiter = SlidingWindowLimiter(20, 0.1)
    done: list[int] = []

    async def main() -> None:
        async def one() -> None:
            await limiter.acquire_async()
            done.append(1)

        await asyncio.gather(*(one() for _ in range(15)))

    running = [threading.Thread(target=lambda: asyncio.run(main())) for _ in range(4)]
    for each in running:
        each.start()
    for each in running:
        each.join(10)
    assert (len(done), waiting(limiter)) == (60, 0)
