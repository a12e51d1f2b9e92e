"""What a shared quota does where its store is down, missing or misnamed."""

from __future__ import annotations

import subprocess
import sys

import pytest
import redis

from tests.http_tools.driving import Clock, Driver, waiting
from tests.http_tools.loopback import Loopback
from tidegate.http_tools.exceptions import QuotaStoreError
from tidegate.http_tools.rate_limiters import SharedLimiter, SlidingWindowLimiter
from tidegate.utils.errors import ExitCode, SettingsError

NOWHERE = "redis://:topsecret-password@127.0.0.1:9/0"


def test_without_its_store_nothing_is_sent(driver: Driver, server: Loopback) -> None:
    limiter = SharedLimiter(3, 60, key="test", store=NOWHERE)
    client = driver.client(server.url, rate_limiter=limiter)
    with pytest.raises(QuotaStoreError, match="'test' cannot be asked: ConnectionError") as caught:
        driver.request(client, "GET", "/")
    assert caught.value.exit_code is ExitCode.TRY_AGAIN
    assert "topsecret" not in f"{caught.value} {caught.value.hint} {caught.value.__cause__!r} {limiter!r}"
    assert (server.seen, waiting(limiter)) == ([], 0)


def test_an_open_limiter_sends_without_its_store() -> None:
    clock = Clock()
    limiter = SharedLimiter(3, 60, key="test", store=NOWHERE, on_store_down="open", clock=clock)
    assert [limiter.try_acquire() for _ in range(9)] == [0.0] * 9
    limiter.release()


def test_another_limiter_may_take_its_place() -> None:
    place = SlidingWindowLimiter(2, 60)
    limiter = SharedLimiter(3, 60, key="test", store=NOWHERE, on_store_down=place, clock=Clock())
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
