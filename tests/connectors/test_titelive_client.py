"""Login and quota in the vendor's own time, which a clock that stands still makes short."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx2
import pytest

from tests.titelive_bench import NOON, PASSWORD, by_hand
from tidegate.connectors.titelive.auth import TiteliveAuthManager
from tidegate.connectors.titelive.client import TiteliveConnector
from tidegate.connectors.titelive.limiter import TiteliveRateLimiter
from tidegate.http_tools.clients import SyncHttpClient
from tidegate.http_tools.exceptions import AuthenticationError, TokenError
from tidegate.sandbox.titelive import TiteliveSandbox
from tidegate.testing import FrozenClock


class World:
    """A stand-in, a connector to it, and the clock of both."""

    def __init__(self, password: str = PASSWORD, **sandbox: Any) -> None:
        self.clock = FrozenClock()
        self.sandbox = TiteliveSandbox(
            now=NOON, rows=200, password=PASSWORD, monotonic=self.clock.monotonic, **sandbox
        )
        self.client = SyncHttpClient(
            "https://search.test/v1",
            auth_manager=TiteliveAuthManager("https://login.test/v1", "a/user", password),
            rate_limiter=TiteliveRateLimiter(clock=self.clock.monotonic),
            transport=by_hand(self.sandbox),
            clock=self.clock,
        )
        self.titelive = TiteliveConnector(self.client)
        self.ean = self.sandbox.truth()["rows"][0]["ean"]

    def ask(self) -> httpx2.Response:
        return self.client.request("GET", f"/ean/{self.ean}")

    @property
    def statuses(self) -> Counter[int]:
        return Counter(status for _, _, status in self.sandbox.counters()["log"])


@pytest.fixture
def world() -> World:
    return World()


def test_one_token_serves_for_four_minutes_and_is_replaced_before_its_end(world: World) -> None:
    for _ in range(24):
        world.ask()
        world.clock.advance(10)
    assert world.sandbox.counters()["tokens"] == 1
    world.clock.advance(1)
    world.ask()
    assert world.sandbox.counters()["tokens"] == 2
    assert world.statuses == {200: 27}


def test_a_token_that_ended_early_is_replaced_once_and_the_request_sent_again(world: World) -> None:
    world.ask()
    world.clock.advance(90)
    world.sandbox.tokens.end_all()
    assert world.ask().status_code == 200
    assert world.sandbox.counters()["tokens"] == 2
    assert world.statuses[401] == 1


def test_a_second_refusal_is_an_error(world: World) -> None:
    world.ask()
    world.clock.advance(90)
    world.sandbox.tokens.end_all()
    world.sandbox.tokens.lives_s = 0.0
    with pytest.raises(AuthenticationError, match="401"):
        world.ask()
    assert world.statuses[401] == 2


def test_a_wrong_password_is_told_without_it() -> None:
    world = World(password="not-the-password")
    with pytest.raises(TokenError) as caught:
        world.ask()
    assert "https://login.test" in str(caught.value)
    assert "not-the-password" not in repr(caught.value)
    assert "user" not in str(caught.value)
    assert caught.value.exit_code == 30
    assert caught.value.hint == "Check TITELIVE_USER and TITELIVE_PASSWORD."


def test_the_name_of_the_user_is_one_step_of_the_path(world: World) -> None:
    world.ask()
    assert world.sandbox.tokens.users == {"a/user"}


def test_no_credential_goes_to_the_other_origin(world: World) -> None:
    world.ask()
    assert world.sandbox.counters()["strayed"] == 0


def test_after_the_burst_the_rest_is_longer_than_the_vendors() -> None:
    clock = FrozenClock()
    limiter, waits = TiteliveRateLimiter(clock=clock.monotonic), list[float]()
    for _ in range(1801):
        while (wait := limiter.try_acquire()) > 0:
            waits.append(wait)
            clock.advance(wait)
    assert max(waits) == pytest.approx(15 / 0.9)


@pytest.mark.extended
def test_a_burst_a_rest_and_less_are_kept_to_the_letter() -> None:
    world = World()
    for _ in range(2400):
        world.ask()
    counters = world.sandbox.counters()
    assert counters["refused"] == 0
    # 1800 at 63 a second, the rest, 600 at 27 a second
    assert world.clock.monotonic() == pytest.approx(1800 / 63 + 15 / 0.9 + 600 / 27, abs=2.5)


def test_an_overload_is_waited_out() -> None:
    world = World(faults=0.2)
    call = world.titelive.get_products([world.ean])
    assert [row.ean for _ in range(20) for page in call for row in page.parse()] == [world.ean] * 20
