"""A server that takes a request and never answers: the slice is cut at its deadline and asked for again."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.engine.branches import ApiRow, Branches, CleanOrder, Connector, to_order
from tidegate.contracts.table import Table
from tidegate.engine.over import Each
from tidegate.engine.report import TaskReport
from tidegate.engine.side_by_side import ATTEMPTS
from tidegate.engine.tasks import task
from tidegate.http_tools.clients import Call, HttpClient, SyncHttpClient
from tidegate.utils.errors import ExitCode

ANSWER = b'{"rows": [{"id": %d, "at": "2026-03-01T00:00:00Z"}], "count": 1}'


@task(
    transform=to_order,
    into=Table("orders", CleanOrder, write="append"),
    over=Each("account", ["north", "south"]),
    deadline=timedelta(seconds=0.8),
)
def orders(api: Connector, account: str) -> Call[ApiRow]:
    return api.get_orders(account)


class Hanging:
    """Hears requests out on loopback. Of those for `/orders/south` it leaves the first `silent` alone."""

    def __init__(self, silent: int) -> None:
        self.silent, self.asked = silent, 0
        self._lock, self._held = threading.Lock(), list[socket.socket]()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with suppress(OSError):
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(65536)
            south = b"/orders/south" in request
            with self._lock:
                self.asked += south
                self._held.append(connection)
                if south and self.asked <= self.silent:
                    return
            body = ANSWER % (2 if south else 1)
            head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body)
            connection.sendall(head + body)
            connection.close()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        for each in self._held:
            each.close()


class OverTheWire(Branches):
    url: str = ""

    def create_connector(
        self,
        settings: Any = None,  # noqa: ARG002 - the protocol's
        *,
        client: type[HttpClient] = SyncHttpClient,
    ) -> Connector:
        return Connector(client(self.url))


@contextmanager
def hanging(silent: int) -> Iterator[Hanging]:
    server = Hanging(silent)
    try:
        yield server
    finally:
        server.close()


def only(folder: Path, server: Hanging, **options: Any) -> TaskReport:
    api = OverTheWire(folder, tasks=(orders,))
    api.url = server.url
    (report,) = api.runner(**options).run().tasks
    return report


@pytest.mark.timeout(60)
def test_a_request_without_an_answer_is_cut_and_sent_again(tmp_path: Path) -> None:
    with hanging(silent=ATTEMPTS - 1) as server:
        report = only(tmp_path, server)
    assert (report.status, report.rows_loaded, server.asked) == ("loaded", 2, ATTEMPTS)


@pytest.mark.extended
@pytest.mark.timeout(60)
def test_a_server_that_never_answers_ends_the_run_as_worth_trying_again_and_it_resumes(
    tmp_path: Path,
) -> None:
    with hanging(silent=1_000) as server:
        report = only(tmp_path, server, run_id="one")
        assert (report.exit_code, server.asked) == (ExitCode.TRY_AGAIN, ATTEMPTS)
        assert report.error == f"branches.orders account=south: no answer came for 0.8 s, {ATTEMPTS} times"
        server.silent = 0
        report = only(tmp_path, server, run_id="one")
    assert (report.status, report.rows_loaded, report.pages_resumed) == ("loaded", 2, 1)
