"""A quota that a process hosts for its workers: held over all of them, whatever the limiter, whoever dies."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import httpx2
import pytest

from tests.http_tools.driving import eventually, granted
from tests.http_tools.hosting import hosted, take, take_and_hang
from tests.http_tools.windows import least_share, most_in_any_window, steady_rate
from tidegate.http_tools.exceptions import QuotaStoreError
from tidegate.http_tools.rate_limiters import (
    ConcurrencyLimiter,
    HeaderRateLimiter,
    HostedLimiter,
    LimiterHost,
    RouteLimiter,
    SlidingWindowLimiter,
    WeightedLimiter,
)


@contextmanager
def worker(
    host: LimiterHost, target: Callable[..., None], *args: Any
) -> Iterator[tuple[BaseProcess, Connection]]:
    """A process of its own under the host's quota, and what it tells."""
    ours, quota = Pipe()
    heard, told = Pipe(duplex=False)
    process = get_context("spawn").Process(target=target, args=(quota, told, *args))
    process.start()
    quota.close()
    told.close()
    serving = threading.Thread(target=host.serve, args=(ours,))
    serving.start()
    try:
        yield process, heard
    finally:
        process.kill()
        process.join()
        serving.join()


@pytest.mark.extended
def test_two_processes_never_pass_the_window_together_and_share_it() -> None:
    stamps: list[float] = []

    def clock() -> float:
        stamps.append(time.monotonic())
        return stamps[-1]

    class Recording(SlidingWindowLimiter):
        """Its clock is read once for each question: of those that were granted the reading counts."""

        def try_acquire(self, cost: int = 1) -> float:
            wait = super().try_acquire(cost)
            if wait > 0:
                stamps.pop()
            return wait

    host = LimiterHost(Recording(50, 1.0, clock=clock))
    until = time.monotonic() + 5.0
    with worker(host, take, until) as (_, one), worker(host, take, until) as (_, other):
        assert (one.recv(), other.recv()) == ("ready", "ready")
        begun = time.monotonic()
        found = [*(f"1 {n}" for n, at in one.recv() if at > begun + 1.05)]
        found += [f"2 {n}" for n, at in other.recv() if at > begun + 1.05]
    assert most_in_any_window(stamps, 1.0) <= 50
    assert steady_rate(stamps, 50, 1.0) == pytest.approx(50, rel=0.05)
    assert {name[0] for name in found} == {"1", "2"}
    assert least_share([name[0] for name in found], 2) >= 0.5


def test_a_worker_that_is_killed_leaves_its_slot_to_the_others() -> None:
    limiter = ConcurrencyLimiter(1)
    with worker(LimiterHost(limiter), take_and_hang) as (process, heard):
        assert heard.recv() == "holds it"
        assert limiter.in_flight == 1
        os.kill(process.pid or 0, signal.SIGKILL)
        assert eventually(lambda: limiter.in_flight == 0)


def test_what_a_worker_gave_back_does_not_come_back_again_when_it_ends() -> None:
    limiter = ConcurrencyLimiter(2)
    ours, theirs = Pipe()
    serving = threading.Thread(target=LimiterHost(limiter).serve, args=(ours,))
    serving.start()
    worker = HostedLimiter(theirs)
    ways = (worker.release, worker.lost, partial(worker.give_back, 0.0))
    for give_back in (*ways, partial(worker.observe, httpx2.Response(200))):
        worker.acquire()
        give_back()
    limiter.acquire()
    worker.acquire()
    assert worker.try_acquire() > 0  # what was refused is not held
    worker.release()
    theirs.close()
    serving.join()
    assert limiter.in_flight == 1


def test_what_was_granted_too_long_ago_to_count_is_not_given_back() -> None:
    limiter = hosted(SlidingWindowLimiter(1, 3600))
    limiter.acquire()
    limiter.give_back(4000.0)
    assert limiter.try_acquire() > 0
    limiter.give_back(1.0)
    assert limiter.try_acquire() == 0


def test_a_slot_that_comes_back_elsewhere_is_had_by_who_waits() -> None:
    limiter = ConcurrencyLimiter(1)
    host = LimiterHost(limiter)
    ends = [Pipe(), Pipe()]
    for ours, _ in ends:
        threading.Thread(target=host.serve, args=(ours,), daemon=True).start()
    first, second = (HostedLimiter(theirs) for _, theirs in ends)
    first.acquire()
    threading.Timer(0.1, first.release).start()
    second.acquire(max_wait_s=5.0)
    assert limiter.in_flight == 1


def test_each_request_falls_under_the_part_that_the_host_names() -> None:
    contacts, others = SlidingWindowLimiter(1, 3600), SlidingWindowLimiter(5, 3600)
    routed = RouteLimiter({"/contacts/**": contacts}, default=WeightedLimiter(others, lambda _: 2))
    limiter = hosted(routed)
    asked = [
        limiter.for_request(httpx2.Request("GET", f"http://api.test{path}")) for path in ("/contacts/1", "/x")
    ]
    assert asked[0] is limiter.for_request(httpx2.Request("GET", "http://api.test/contacts/2"))
    assert [granted(each) for each in asked] == [1, 2]


def test_the_host_learns_from_answers_that_workers_get() -> None:
    limiter = hosted(HeaderRateLimiter("x-ratelimit"))
    limiter.acquire()
    limiter.observe(httpx2.Response(200, headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": "60"}))
    assert limiter.try_acquire() > 30


def test_a_cost_that_never_fits_is_a_mistake_of_the_worker() -> None:
    with pytest.raises(ValueError, match="never fits"):
        hosted(SlidingWindowLimiter(2, 1)).try_acquire(3)


def test_without_its_host_a_worker_sends_nothing_more() -> None:
    ours, theirs = Pipe()
    ours.close()
    with pytest.raises(QuotaStoreError, match="is gone"):
        HostedLimiter(theirs).try_acquire()
