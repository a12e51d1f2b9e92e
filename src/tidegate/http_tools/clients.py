"""The clients: what a connector is given. One policy, two drivers.

`SyncHttpClient.request` gives a response, `AsyncHttpClient.request` an awaitable of one; `pages` and `call`
are the same on both and give a `Call`, which both can run.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2

from tidegate.http_tools.calls import Call, Page
from tidegate.http_tools.downloads import MAX_BYTES, Download, Progress
from tidegate.http_tools.http_client import HttpClient
from tidegate.http_tools.polling import DEFAULT_PACE, DEFAULT_SIGNS, Pace, Ready, Signs, Start, Until

__all__ = [
    "AsyncHttpClient",
    "Call",
    "Download",
    "HttpClient",
    "Pace",
    "Page",
    "Ready",
    "Request",
    "Response",
    "Signs",
    "Start",
    "SyncHttpClient",
    "Until",
]

# What connectors name in annotations, so that only this package imports an HTTP library.
Request = httpx2.Request
Response = httpx2.Response


class SyncHttpClient(HttpClient):
    """Blocks. May be used from several threads at once."""

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """A 2xx response, its body read; or an `HttpClientError`."""
        return self.drive(self.flow(method, url, params=params, json=json, headers=headers))

    def download(
        self,
        url: str,
        to: Path | str,
        *,
        method: str = "GET",
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_BYTES,
        total_timeout_s: float | None = None,
        progress: Progress | None = None,
    ) -> Download:
        """Bring a body of any size to the file `to`, which is there whole or not at all.

        It is read piece by piece into `.NAME.part` beside `to`, which is private (0600), and renamed when
        all is on the disk; a file that was there is replaced. What breaks off is gone on from with Range
        where the server tells versions apart (a strong ETag or an old Last-Modified), also by a later call;
        else it is begun anew. Bytes are kept as they come, a gzip file stays one. A link to another origin,
        such as a storage bucket, needs `allowed_origins`, and gets no credential. `progress` is called with
        the bytes so far and those in all (None where unknown) after each piece. There is no limit of time
        but `timeout_s` for each piece, unless `total_timeout_s` sets one for each attempt.

        Raises `DownloadError`, `ResponseTooLargeError` over `max_bytes` (64 GiB), and what `request` raises.
        """
        return self.drive(
            self.download_flow(
                url,
                to,
                method=method,
                params=params,
                headers=headers,
                max_bytes=max_bytes,
                total_timeout_s=total_timeout_s,
                progress=progress,
            )
        )

    def poll(
        self,
        url: str,
        *,
        start: Start | None = None,
        signs: Signs = DEFAULT_SIGNS,
        pace: Pace = DEFAULT_PACE,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Ready:
        """Ask `url` until an export is ready; `start` is the request that begins it, if this is to send it.

        `url` may hold what the answer to `start` says: `/exports/{id}` the value at the path `id`, `{url}`
        or `{header:location}` alone a whole address. `params` and `headers` go with each question. `signs`
        say how an answer tells that it is ready, `pace` how often and how long to ask (1 s, then 1.5 times
        later each time up to a minute, for an hour). Each question is a request under the policy.

        Raises `ExportFailedError`, `ExportTimeoutError`, `ContractError`, and what `request` raises.
        """
        return self.drive(
            self.poll_flow(url, start=start, signs=signs, pace=pace, params=params, headers=headers)
        )


class AsyncHttpClient(HttpClient):
    """Awaits. May be used from several event loops; the connections of one are freed when it ends."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """A 2xx response, its body read; or an `HttpClientError`."""
        return await self.drive_async(self.flow(method, url, params=params, json=json, headers=headers))

    async def download(
        self,
        url: str,
        to: Path | str,
        *,
        method: str = "GET",
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_BYTES,
        total_timeout_s: float | None = None,
        progress: Progress | None = None,
    ) -> Download:
        """As `SyncHttpClient.download`; pieces are written on the event loop, all else of the file is not."""
        return await self.drive_async(
            self.download_flow(
                url,
                to,
                method=method,
                params=params,
                headers=headers,
                max_bytes=max_bytes,
                total_timeout_s=total_timeout_s,
                progress=progress,
            )
        )

    async def poll(
        self,
        url: str,
        *,
        start: Start | None = None,
        signs: Signs = DEFAULT_SIGNS,
        pace: Pace = DEFAULT_PACE,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Ready:
        """As `SyncHttpClient.poll`."""
        return await self.drive_async(
            self.poll_flow(url, start=start, signs=signs, pace=pace, params=params, headers=headers)
        )
