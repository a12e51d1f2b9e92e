from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.http_tools.driving import Driver
from tests.http_tools.loopback import Loopback
from tidegate.http_tools.clients import AsyncHttpClient, HttpClient, SyncHttpClient


@pytest.fixture
def server() -> Iterator[Loopback]:
    loopback = Loopback()
    yield loopback
    loopback.close()


@pytest.fixture
def elsewhere() -> Iterator[Loopback]:
    """A second server, on another port: another origin."""
    loopback = Loopback()
    yield loopback
    loopback.close()


@pytest.fixture(params=[SyncHttpClient, AsyncHttpClient], ids=["sync", "async"])
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    kind: type[HttpClient] = request.param
    made = Driver(kind)
    yield made
    made.close()
