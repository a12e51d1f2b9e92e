"""The events of the sandbox as any script asks for them: offset after offset, whole pages."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2

LIMIT = 5000


def responses(events_url: str) -> Iterator[httpx2.Response]:
    """Every page that has rows."""
    with httpx2.Client(headers={"api-key": "bench"}, timeout=30.0) as client:
        offset = 0
        while True:
            response = client.get(f"{events_url}&limit={LIMIT}&offset={offset}")
            response.raise_for_status()
            if response.content in (b"{}", b'{"events":[]}'):
                return
            yield response
            offset += LIMIT
