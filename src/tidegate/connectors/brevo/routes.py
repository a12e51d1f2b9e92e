"""What the routes of every subject work with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from tidegate.http_tools.clients import Call, HttpClient
from tidegate.http_tools.pagination import OffsetPaginator

R = TypeVar("R", bound=BaseModel)


class Routes:
    client: HttpClient

    def _listing(
        self, path: str, reads: type[R], items: str, *, limit: int, params: Mapping[str, Any] | None = None
    ) -> Call[R]:
        """Rows with an id, the oldest first, and a count of all beside; `limit` is Brevo's maximum."""
        return self.client.pages(
            "GET",
            path,
            reads=reads,
            items=items,
            paginator=OffsetPaginator(limit=limit, identity="id", total="count"),
            params={**(params or {}), "sort": "asc"},
        )

    def _uncounted(
        self, path: str, reads: type[R], items: str, *, limit: int, params: Mapping[str, Any]
    ) -> Call[R]:
        """Rows without an id and a count, the oldest first; past the end Brevo may send `{}`."""
        return self.client.pages(
            "GET",
            path,
            reads=reads,
            items=items,
            paginator=OffsetPaginator(limit=limit, identity=None, total=None),
            empty_object_ends=True,
            params={**params, "sort": "asc"},
        )
