"""The signal that cuts waits: safe from handlers and other threads, and nothing stays on it."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal

import pytest

from tidegate.http_tools.drivers import Stop
from tidegate.http_tools.exceptions import ClientClosedError


def test_a_wait_leaves_nothing_on_the_signal_that_could_cut_it() -> None:
    async def main() -> int:
        stop = Stop()
        for _ in range(50):
            await stop.sleep_async(0)
        gc.collect()
        futures = [each for each in gc.get_objects() if isinstance(each, asyncio.Future) and not each.done()]
        return len(futures)

    assert asyncio.run(main()) <= 2  # the main task, and the runner's own


def test_a_signal_may_come_after_its_event_loop_is_gone(caplog: pytest.LogCaptureFixture) -> None:
    stop = Stop()
    asyncio.run(stop.sleep_async(0.001))
    with caplog.at_level(logging.WARNING):
        stop.set()
    assert not caplog.records


def wait_in_small_steps(stop: Stop) -> None:
    while True:
        Stop(stop).sleep(0)
        stop.sleep(0)


def test_a_signal_handler_may_stop_whatever_its_thread_is_doing() -> None:
    for delay_us in range(1, 400, 7):
        stop = Stop()
        before = signal.signal(signal.SIGALRM, lambda *_, stop=stop: stop.set())
        try:
            signal.setitimer(signal.ITIMER_REAL, delay_us / 1e6)
            with pytest.raises(ClientClosedError):
                wait_in_small_steps(stop)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


def test_a_signal_may_be_set_by_the_thread_that_holds_its_lock() -> None:
    stop = Stop()
    with stop._lock:
        stop.set()
    assert stop.is_set()


def test_a_child_signal_is_set_with_its_parent_and_not_the_reverse() -> None:
    parent = Stop()
    one, other = Stop(parent), Stop(parent)
    one.set()
    assert (one.is_set(), other.is_set(), parent.is_set()) == (True, False, False)
    parent.set()
    assert other.is_set()
    assert Stop(parent).is_set()
