"""A connection on loopback that breaks at the worst moment: what was sent arrives, no answer comes back."""

from __future__ import annotations

import re
import socket
import threading
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit


class Cutting:
    """Forwards to `target`. The first request that `after` is found in goes through whole, and its connection
    is cut instead of an answer. Use as a context manager; `cuts` counts them.
    """

    def __init__(self, target: str, *, after: bytes) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname or "", parts.port or 80)
        self._after = re.compile(after)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.cuts = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                threading.Thread(target=self._forward, args=(near,), daemon=True).start()

    def _forward(self, near: socket.socket) -> None:
        doomed = threading.Event()
        with near, socket.create_connection(self._target) as far, suppress(OSError):
            threading.Thread(target=_answer, args=(far, near, doomed), daemon=True).start()
            while data := near.recv(1 << 20):
                if self.cuts == 0 and self._after.search(data):
                    self.cuts += 1
                    doomed.set()
                far.sendall(data)


def _answer(far: socket.socket, near: socket.socket, doomed: threading.Event) -> None:
    """Bring the answers back, but for the one that is cut off: by then it has been done."""
    with suppress(OSError):
        while data := far.recv(1 << 20):
            if doomed.is_set():
                near.shutdown(socket.SHUT_RDWR)
                return
            near.sendall(data)
