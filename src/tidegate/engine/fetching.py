"""Pages of a slice through its page log: what stands there is not asked for again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tidegate.engine.exceptions import DamagedStateError, RequestChangedError
from tidegate.engine.pagelog import PageLog, difference, logged_request, plain
from tidegate.http_tools.calls import Call, Page, walk
from tidegate.http_tools.drivers import Stop
from tidegate.http_tools.pagination import PageRequest
from tidegate.http_tools.policy import Terms


def open_log(
    call: Call[Any],
    path: Path,
    *,
    offline: bool,
    wait: Callable[[float], None] = time.sleep,
    segments: int = 0,
) -> PageLog:
    """The log of the call's pages; `offline`, it must stand, whichever credential its pages came by.

    Waits by `wait` while another process has it open. `segments` are how many a mirror must have of it.
    """
    if not offline:
        return PageLog(path, call.describe(), wait=wait, segments=segments)
    logged = logged_request(path)
    check_request(call, logged, offline=True)
    return PageLog(path, logged, wait=wait, segments=segments)


def check_request(call: Call[Any], before: Any, *, offline: bool) -> None:
    """Raise `RequestChangedError` where what was asked is not what would be asked now."""
    now = plain(call.describe())
    if offline:
        now["account"] = before.get("account")
    if before != now:
        raise RequestChangedError(
            f"this run began with another request: {difference(before, now)}",
            hint="Begin a new run with --new, or undo the change to resume this one.",
        )


def through(
    log: PageLog, call: Call[Any], *, offline: bool
) -> Callable[[PageRequest, Terms, Stop], Page[Any]]:
    """What a walk fetches by: from the log, else from the API; `offline`, what is missing is an error."""

    def fetch(request: PageRequest, terms: Terms, stop: Stop) -> Page[Any]:
        if request.index in log:
            status, body = log.read(request.index)
            return Page.from_log(call, request, status, body, log.kept(request.index))
        if offline:
            raise DamagedStateError(
                f"page {request.index} is not in the page log {log.path}",
                hint="Only a run that fetched everything can be replayed: resume it first.",
            )
        page = call.fetch(request, terms, stop)
        log.append(request.index, page.status_code, request.params, page.body, page.kept)
        return page

    return fetch


def logged_pages(call: Call[Any], path: Path) -> Iterator[Page[Any]]:
    """The pages of a slice that was fetched before, in order, without the API."""
    log = open_log(call, path, offline=True)
    try:
        yield from walk(call, through(log, call, offline=True), plan=call.paginator.plan(call.client.width))
    finally:
        log.close()
