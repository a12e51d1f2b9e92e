"""Walks without a client: a page as a plan sees it, and a bounded walk against a function for a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tidegate.http_tools.pagination import PageRequest, Paginator


@dataclass(frozen=True)
class View:
    request: PageRequest
    all_items: list[Any]
    doc: Any = None
    status_code: int = 200
    url: str = "http://api.test/rows"
    headers: Mapping[str, str] = field(default_factory=dict)


Server = Callable[[PageRequest], View]


def walked(
    paginator: Paginator, server: Server, *, width: int = 4, expected: int = 0, at_most: int = 2000
) -> list[Any]:
    """The rows of a walk that asks for pages as the drivers do. Fails after `at_most` pages."""
    plan, queue, found, asked = paginator.plan(width), list[PageRequest](), list[Any](), 0
    plan.expect(expected)
    while True:
        while len(queue) < width and (request := plan.take()) is not None:
            queue.append(request)
        if not queue:
            return found
        request = queue.pop(0)
        asked += 1
        assert asked <= at_most, "the walk does not end"
        page = server(request)
        plan.saw(page)
        found += page.all_items[request.seam :]
        queue = [each for each in queue if not plan.beyond(each.index)]
