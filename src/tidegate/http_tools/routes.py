"""Patterns of routes, as limiters and breakers know them."""

from __future__ import annotations

import re

import httpx2

_METHOD = re.compile(r"(?:([A-Z]+|\*) )?(/\S*|\*\*)")
_WILD = re.compile(r"(/\*\*)|(\*\*)|(\*)|(\{[^/{}]*\})")


class Route:
    """A pattern such as `GET /contacts/{id}`, `/v3/*/lists` or `POST /smtp/**`, below `base_path`.

    Without a method, or with `*`, every method matches. `{name}` is one segment of the path, `*` any part of
    one, `**` everything from there on (`/smtp/**` is `/smtp` too). Raises `ValueError` for anything else.
    """

    def __init__(self, pattern: str, base_path: str = "") -> None:
        found = _METHOD.fullmatch(pattern)
        if found is None:
            raise ValueError(f"a route is 'METHOD /path' or '/path', not {pattern!r}")
        self.pattern = pattern
        self._method = found[1] if found[1] not in (None, "*") else None
        self._base_path = base_path.rstrip("/")
        self._path = re.compile(_expression(found[2]))

    def matches(self, request: httpx2.Request) -> bool:
        if self._method not in (None, request.method):
            return False
        path = "/" + request.url.path.removeprefix(self._base_path).lstrip("/")
        return self._path.fullmatch(path) is not None

    def __repr__(self) -> str:
        return f"Route({self.pattern!r})"


def _expression(path: str) -> str:
    parts: list[str] = []
    position = 0
    for wild in _WILD.finditer(path):
        parts.append(re.escape(path[position : wild.start()]))
        parts.append(("(/.*)?", ".*", "[^/]*", "[^/]+")[(wild.lastindex or 1) - 1])
        position = wild.end()
    return "(?s:" + "".join(parts) + re.escape(path[position:]) + ")"
