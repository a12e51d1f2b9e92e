"""A listing of the sandbox as any script asks for it: offset after offset, whole pages."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2

from bench.scenes import LIMITS, Listing


def responses(url: str, listing: Listing) -> Iterator[httpx2.Response]:
    """Every page that has rows."""
    limit, rows, none = LIMITS[listing], f'{{"{listing}":['.encode(), f'{{"{listing}":[]'.encode()
    with httpx2.Client(headers={"api-key": "bench"}, timeout=30.0) as client:
        offset = 0
        while True:
            response = client.get(f"{url}&limit={limit}&offset={offset}")
            response.raise_for_status()
            if not response.content.startswith(rows) or response.content.startswith(none):
                return
            yield response
            offset += limit
