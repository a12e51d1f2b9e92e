"""Downloads: a body of any size to a file, whole or not at all, resumed where the server allows.

The body goes to `.NAME.part` beside the target, and is renamed to it when it is complete and on the disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import httpx2

from tidegate.http_tools.effects import Blocking, Flow
from tidegate.http_tools.exceptions import DownloadError
from tidegate.http_tools.part_files import PartFile, Progress
from tidegate.http_tools.policy import Policy, Terms, request_flow
from tidegate.http_tools.resending import again

__all__ = ["MAX_BYTES", "Download", "Progress", "download_flow"]

MAX_BYTES = 64 << 30


@dataclass(frozen=True, slots=True)
class Download:
    """A file that came whole. `resumed` of its `size` bytes stood on the disk before the last request.

    `encoding` is the content coding that the bytes still have (`gzip`), None where they are plain: a server
    is asked for none, and what it sends all the same is kept as it came.
    """

    path: Path
    size: int
    resumed: int = 0
    content_type: str | None = None
    encoding: str | None = None
    etag: str | None = None


def download_flow(
    policy: Policy,
    request: httpx2.Request,
    to: Path,
    *,
    max_bytes: int = MAX_BYTES,
    progress: Progress | None = None,
) -> Flow[Download]:
    """The exchange that brings `request`'s body to the file `to`, for a driver; see `HttpClient.download`."""
    request.headers["accept-encoding"] = "identity"
    part = PartFile(request, to, max_bytes, policy.max_ratio, progress)
    done = False
    try:
        yield from Blocking(part.open)
        response = yield from _whole(policy, request, part)
        yield from Blocking(part.finish)
        done = True
        return Download(
            to,
            part.size,
            part.resumed,
            response.headers.get("content-type"),
            part.encoding,
            response.headers.get("etag"),
        )
    finally:
        part.close(done=done)


def _whole(policy: Policy, request: httpx2.Request, part: PartFile) -> Flow[httpx2.Response]:
    """Ask until nothing is missing: some servers send so much at a time and no more."""
    while True:
        before = part.size
        response = yield from request_flow(policy, again(request), Terms(sink=part))
        if not part.is_short:
            return response
        if part.size <= before:
            raise DownloadError(f"{request.method} {request.url.path}: the server does not send the rest")
