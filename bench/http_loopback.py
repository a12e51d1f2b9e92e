"""A server in a process of its own that answers as fast as asyncio does: `python -m bench.http_loopback`."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

BODY = b'{"items": [], "count": 0}'


@contextmanager
def loopback() -> Iterator[str]:
    """Its base URL, for as long as it runs."""
    command = [sys.executable, "-m", "bench.http_loopback"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            if not port:
                raise RuntimeError("the server did not start")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


class _Fixed(asyncio.Protocol):
    """Gives the same answer to every head of a request without a body."""

    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(BODY)}\r\n\r\n"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._seen = transport, b""

    def data_received(self, data: bytes) -> None:
        self._seen += data
        while b"\r\n\r\n" in self._seen:
            _, _, self._seen = self._seen.partition(b"\r\n\r\n")
            self._transport.write(self.head.encode() + BODY)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Fixed, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
