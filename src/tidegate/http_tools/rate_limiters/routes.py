"""A limiter for each route."""

from __future__ import annotations

from collections.abc import Mapping

import httpx2

from tidegate.http_tools.rate_limiters.base import BaseRateLimiter
from tidegate.http_tools.routes import Route


class NoLimit(BaseRateLimiter):
    """Grants everything: the default of a `RouteLimiter` whose other routes have no quota."""

    def try_acquire(self, cost: int = 1) -> float:  # noqa: ARG002
        return 0.0

    def release(self, cost: int = 1) -> None:
        """Nothing was held."""


class RouteLimiter(BaseRateLimiter):
    """The limiter of the first pattern that a request matches, or `default`.

    Patterns are those of `http_tools.routes.Route` ("GET /contacts/{id}", "/smtp/**"), below `base_path`.
    One limiter may stand under several patterns: their requests share it. Used by a client; asked directly
    it raises `TypeError`, since it cannot know the route.
    """

    def __init__(
        self, routes: Mapping[str, BaseRateLimiter], *, default: BaseRateLimiter, base_path: str = ""
    ) -> None:
        super().__init__()
        self._routes = [(Route(pattern, base_path), limiter) for pattern, limiter in routes.items()]
        self._default = default

    def for_request(self, request: httpx2.Request) -> BaseRateLimiter:
        for route, limiter in self._routes:
            if route.matches(request):
                return limiter.for_request(request)
        return self._default.for_request(request)

    def try_acquire(self, cost: int = 1) -> float:  # noqa: ARG002
        raise TypeError("ask the limiter that for_request gives")

    def release(self, cost: int = 1) -> None:  # noqa: ARG002
        raise TypeError("ask the limiter that for_request gives")
