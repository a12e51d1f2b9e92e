"""The profile of a run from its page logs: every row, and by the contract of today."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from tidegate.contracts.normalising import list_of_numbered
from tidegate.contracts.reading import envelope
from tidegate.engine.drift.profile import Profile
from tidegate.engine.pagelog import Logged, read_log
from tidegate.http_tools.pagination import RoutePaginator
from tidegate.utils.mirrors.mounts import mirror_of


def profile_of(folder: Path) -> Profile | None:
    """Of the slices whose logs are in the folder of a task; None where there are none (any more), and where a
    route says which pages are of the listing, and what their rows are: only the run itself has seen them.

    Raises `DamagedStateError` for a file that is no page log.
    """
    logs = sorted({*folder.glob("*.pages"), *_elsewhere(folder)})
    if not logs:
        return None
    profile = Profile()
    for log in logs:
        request, pages = read_log(log)
        if request.get("paginator", {}).get("kind") == RoutePaginator.__name__:
            return None
        for row in _rows(request, pages):
            profile.add(row)
            profile.rows += 1
    return profile


def _elsewhere(folder: Path) -> Iterator[Path]:
    """The logs that other machines have written: each segment of them is told."""
    for each in mirror_of(folder).held(folder):
        if each.path.parent.suffix == ".pages":
            yield each.path.parent


def _rows(request: Mapping[str, Any], pages: Iterable[Logged]) -> Iterator[Any]:
    """Each row of the listing once. A body that is no page of rows has none: building it has told so."""
    overlap = request.get("paginator", {}).get("overlap", 0)
    for page in pages:
        seam = overlap if page.header["i"] else 0
        yield from _items(page.body, request)[seam:]


def _items(body: bytes, request: Mapping[str, Any]) -> list[Any]:
    try:
        rows = orjson.loads(body)
        for key in envelope(request.get("items")):
            rows = rows[key]
    except (ValueError, TypeError, LookupError):
        return []
    if request.get("numbered"):
        rows = list_of_numbered(rows)
    return rows if isinstance(rows, list) else []
