"""SendGrid's GET routes: parameters in, body out. Those of exports are in `exports.py`."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

from tidegate.sandbox.sendgrid.data import Row
from tidegate.sandbox.sendgrid.params import Query, RefusedError
from tidegate.sandbox.sendgrid.store import SUPPRESSIONS, Store

_MONTHS_13 = timedelta(days=397)
_FAR = 10**12


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: its checked parameters, the account, and the address without a query."""

    query: Query
    store: Store
    url: str


@dataclass(frozen=True, slots=True)
class Route:
    """What a path answers and the parameters it knows; whether a subuser may be named."""

    get: Callable[[Asked], Any]
    parameters: frozenset[str] = field(default_factory=frozenset)
    repeatable: frozenset[str] = field(default_factory=frozenset)
    on_behalf: bool = True

    def answer(self, raw_query: str, store: Store, url: str) -> Any:
        """The body, or a `RefusedError`."""
        return self.get(Asked(Query(raw_query, self.parameters, self.repeatable), store, url))


def get_campaigns(asked: Asked) -> Any:
    """10 by default. What is the most is not documented: 100 here."""
    return {"result": _page(asked, asked.store.campaigns, default=10, most=100)}


def get_single_sends(asked: Asked) -> Any:
    return _by_token(asked, asked.store.single_sends, "result", default=50, most=100)


def get_single_send_stats(asked: Asked) -> Any:
    """25 by default, 50 at most; `singlesend_ids` are 25 at most, with commas between them."""
    rows = asked.store.single_send_stats
    if (text := asked.query.text("singlesend_ids")) is not None:
        wanted = text.split(",")
        if len(wanted) > 25:
            raise RefusedError("at most 25 ids", "singlesend_ids")
        rows = [row for row in rows if row["id"] in wanted]
    return _by_token(asked, rows, "results", default=25, most=50)


def get_lists(asked: Asked) -> Any:
    rows = [row | {"_metadata": {"self": f"{asked.url}/{row['id']}"}} for row in asked.store.lists]
    return _by_token(asked, rows, "result", default=100, most=1000)


def get_templates(asked: Asked) -> Any:
    """`page_size` is required, 200 at most; legacy ones only unless `generations` says otherwise."""
    asked.query.required("page_size")
    wanted = asked.query.text("generations", ("legacy", "dynamic", "legacy,dynamic")) or "legacy"
    rows = [row for row in asked.store.templates if row["generation"] in wanted.split(",")]
    return _by_token(asked, rows, "result", default=1, most=200)


def get_stats(asked: Asked) -> Any:
    """By day; 500 days unless asked for otherwise."""
    asked.query.text("aggregated_by", ("day",))
    return _page(asked, asked.store.stats(*asked.query.span()), default=500, most=500)


def get_categories(asked: Asked) -> Any:
    """In the order of the alphabet."""
    prefix = asked.query.text("category") or ""
    names = [name for name in asked.store.categories if name.startswith(prefix)]
    return _page(asked, [{"category": name} for name in names], default=50, most=500)


def get_category_stats(asked: Asked) -> Any:
    """Of one to ten categories; those that are not there have no item. Thirteen months are kept."""
    asked.query.text("aggregated_by", ("day",))
    names, (first, last) = asked.query.texts("categories"), asked.query.span()
    if not 1 <= len(names) <= 10:
        raise RefusedError("between 1 and 10 categories are required", "categories")
    if first < asked.store.now.date() - _MONTHS_13:
        raise RefusedError("category statistics go back thirteen months", "start_date")
    known = [name for name in names if name in asked.store.categories]
    return asked.store.category_stats(known, first, last)


def get_suppressions(asked: Asked, kind: str) -> Any:
    """Newest first; `start_time` and `end_time` are epoch seconds, both included."""
    start, end = (asked.query.integer(name, 0, _FAR) for name in ("start_time", "end_time"))
    if start is not None and end is not None and end < start:
        raise RefusedError("end_time is before start_time", "end_time")
    prefix = asked.query.text("email") or ""
    rows = [
        row
        for row in reversed(asked.store.suppressions(kind))
        if (start or 0) <= row["created"] <= (_FAR if end is None else end)
        and row["email"].startswith(prefix)
    ]
    return _page(asked, rows, default=500, most=500)


def get_messages(asked: Asked) -> Any:
    """10 by default, 1000 at most, and no word of those that are left out."""
    query = asked.query.required("query")
    limit = asked.query.integer("limit", 1, 1000)
    return {"messages": asked.store.messages.find(query, 10 if limit is None else limit)}


def _page(asked: Asked, rows: list[Row], default: int, most: int) -> list[Row]:
    limit, offset = asked.query.integer("limit", 1, most), asked.query.integer("offset", 0, _FAR)
    start = offset or 0
    return rows[start : start + (default if limit is None else limit)]


def _by_token(asked: Asked, rows: list[Row], key: str, default: int, most: int) -> Any:
    """A page, with the addresses of those around it."""
    size = asked.query.integer("page_size", 1, most)
    size = default if size is None else size
    start = _start_of(asked.query.text("page_token"))
    told: dict[str, Any] = {"self": _address(asked, size, start), "count": len(rows)}
    if start:
        told["prev"] = _address(asked, size, max(0, start - size))
    if start + size < len(rows):
        told["next"] = _address(asked, size, start + size)
    return {key: rows[start : start + size], "_metadata": told}


def _address(asked: Asked, size: int, start: int) -> str:
    kept = {name: asked.query.text(name) for name in ("generations", "singlesend_ids")}
    token = base64.urlsafe_b64encode(f"page:{start}".encode()).decode()
    query = {**{name: value for name, value in kept.items() if value}, "page_size": size}
    return f"{asked.url}?{urlencode({**query, 'page_token': token})}"


def _start_of(token: str | None) -> int:
    if token is None:
        return 0
    try:
        text = base64.urlsafe_b64decode(token).decode()
        return int(text.removeprefix("page:") if text.startswith("page:") else "")
    except ValueError:
        raise RefusedError("page_token is none of ours", "page_token") from None


_TOKEN = frozenset({"page_size", "page_token"})
_OFFSET = frozenset({"limit", "offset"})
_SPAN = frozenset({"start_date", "end_date", "aggregated_by"})
ROUTES: dict[str, Route] = {
    "/v3/campaigns": Route(get_campaigns, _OFFSET),
    "/v3/marketing/singlesends": Route(get_single_sends, _TOKEN, on_behalf=False),
    "/v3/marketing/stats/singlesends": Route(
        get_single_send_stats, _TOKEN | {"singlesend_ids"}, on_behalf=False
    ),
    "/v3/marketing/lists": Route(get_lists, _TOKEN, on_behalf=False),
    "/v3/templates": Route(get_templates, _TOKEN | {"generations"}),
    "/v3/stats": Route(get_stats, _SPAN | _OFFSET),
    "/v3/categories": Route(get_categories, _OFFSET | {"category"}),
    "/v3/categories/stats": Route(
        get_category_stats, _SPAN | {"categories"}, repeatable=frozenset({"categories"})
    ),
    "/v3/messages": Route(get_messages, frozenset({"query", "limit"}), on_behalf=False),
    **{
        f"/v3/suppression/{kind}": Route(
            partial(get_suppressions, kind=kind), _OFFSET | {"start_time", "end_time", "email"}
        )
        for kind in SUPPRESSIONS
    },
}
