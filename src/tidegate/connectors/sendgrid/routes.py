"""SendGrid's routes with logic after the answer: messages, statistics by category, exports of contacts.

Which pages they ask for depends on the pages alone, so that a resumed run walks the same way on logged ones.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from tidegate.http_tools.clients import Pace, Signs, Until
from tidegate.http_tools.exceptions import (
    ContractError,
    CrossOriginError,
    ListingMovedError,
    PaginationError,
)
from tidegate.http_tools.origins import checked, origin, origin_of
from tidegate.http_tools.pagination import Ask, Odd, Steps
from tidegate.http_tools.pagination.base import PageView

MOST_MESSAGES = 1000
CATEGORIES_A_PAGE = 50
CATEGORIES_AT_ONCE = 10
# A page of rows is read whole, and a file is a page.
MAX_FILE_MB = 16

# What storage says of a signed address that has expired, or of a file that is gone.
_GONE = frozenset({400, 403, 404, 410})
_SIGNS = Signs("status", ready={"ready"}, failed={"failure"}, pending={"pending"})


def messages(first: int, last: int, most: int = MOST_MESSAGES) -> Steps:
    """Messages whose last event lies in the epoch seconds `first` to `last`, both included, oldest first.

    The API gives `most` of them and has no second page: a span that comes back full is halved, and its halves
    share no second. Raises `PaginationError` where a single second is full.
    """
    page = yield Ask({"query": f"last_event_time BETWEEN {_moment(first, 0)} AND {_moment(last, 999)}"})
    if len(page.all_items) < most:
        yield page
    elif first == last:
        raise PaginationError(
            f"{_moment(first, 0)} alone has {most} messages or more; there is no way to the others"
        )
    else:
        middle = (first + last) // 2
        yield from messages(first, middle, most)
        yield from messages(middle + 1, last, most)


def _moment(epoch_s: int, milliseconds: int) -> str:
    """Both ends of a BETWEEN are included, so that the last second is asked for to its last millisecond."""
    return f'TIMESTAMP "{datetime.fromtimestamp(epoch_s, UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03}Z"'


def category_stats() -> Steps:
    """The counts of all categories, ten at a time: the API wants their names, which it lists elsewhere."""
    names: list[str] = []
    while True:
        # pages overlap by one name, which shows a list that moves
        at = max(0, len(names) - 1)
        page = yield Ask(url=f"../categories?limit={CATEGORIES_A_PAGE}&offset={at}")
        found = list(map(_name_of, page.all_items))
        if names and found[:1] != names[-1:]:
            raise ListingMovedError("the list of categories moved while it was read")
        names += found[1:] if names else found
        if len(found) < CATEGORIES_A_PAGE:
            break
    for start in range(0, len(names), CATEGORIES_AT_ONCE):
        page = yield Ask({"categories": names[start : start + CATEGORIES_AT_ONCE]})
        yield page


def _name_of(row: Any) -> str:
    name = row.get("category") if isinstance(row, dict) else None
    if not isinstance(name, str):
        raise ContractError("the list of categories holds what has no 'category'")
    return name


def contact_export(
    lists: Sequence[str], segments: Sequence[str], look_s: float, origins: Collection[str]
) -> Steps:
    """Starts an export, waits for it, and fetches its files, which lie elsewhere, without the credential.

    Their addresses expire. Then the export is asked for new ones, once; where it has none, the export is
    begun anew, since the files of two exports do not make one listing. That they hold another number of
    contacts than were exported is a warning, so that none is taken for one that is gone.
    """
    wanted = {"list_ids": list(lists), "segment_ids": list(segments)}
    chosen = {name: ids for name, ids in wanted.items() if ids}
    asked = {**chosen, "file_type": "json", "max_file_size": MAX_FILE_MB}
    begun = yield Ask(method="POST", body=asked, repeatable=True)  # an export that nobody fetches is no harm
    state = Ask(
        url=f"exports/{quote(_text(begun, 'id'), safe='')}",
        until=Until(_SIGNS, Pace(first_s=look_s, cap_s=30.0)),
        accept=frozenset({404}),
    )
    ready = yield state
    links, came = _links(ready, origins), 0
    for number in range(len(links)):
        page = yield Ask(url=links[number], form="json_lines", accept=_GONE)
        if page.status_code in _GONE:
            again = _links((yield state), origins)
            if len(again) != len(links):
                raise ListingMovedError("the export has other files than before")
            links = again
            page = yield Ask(url=links[number], form="json_lines", accept=_GONE)
        if page.status_code in _GONE:
            raise ListingMovedError(f"file {number + 1} of the export is gone ({page.status_code})")
        came += len(page.all_items)
        yield page
    told = ready.doc.get("contact_count")
    if isinstance(told, int) and came != told:
        yield Odd(f"{told:,} contacts were exported, and the files hold {came:,}")


def _links(ready: PageView, origins: Collection[str]) -> list[str]:
    if ready.status_code == 404:
        raise ListingMovedError("the export of contacts is gone")
    links = ready.doc.get("urls") or []
    if not links and ready.doc.get("contact_count") != 0:
        raise ContractError(
            "the export of contacts is ready and has neither files ('urls') nor a 'contact_count' of 0"
        )
    if not isinstance(links, list) or not all(isinstance(link, str) for link in links):
        raise ContractError("the export of contacts is ready, and its 'urls' are no list of addresses")
    for link in links:
        _check(link, {*origins, origin_of(ready.url)})
    return links


def _check(link: str, allowed: Collection[str]) -> None:
    where = origin(checked(link, "the address of an export's file"))
    if where not in allowed:
        raise CrossOriginError(
            f"the export of contacts lies at {where}; nothing was sent there",
            hint=f"If that is right, set SENDGRID_EXPORT_ORIGINS={where}; the API key does not go there.",
        )


def _text(page: PageView, key: str) -> str:
    value: Any = page.doc.get(key) if isinstance(page.doc, dict) else None
    if not isinstance(value, str) or not value:
        raise ContractError(f"an export of contacts was started, and the answer has no {key!r}")
    return value
