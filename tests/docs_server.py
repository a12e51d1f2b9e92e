"""The API that the guide's examples ask. Its routes are listed at the top of tests/test_docs.py."""
# ruff: noqa: ARG002 - every route is given the request

from __future__ import annotations

import gzip
import re
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

from tests.http_tools.loopback import Answer, Loopback, Seen, as_json

ROWS = [
    {"id": number, "name": f"item {number}", "updated_at": f"2026-01-{1 + number % 28:02}T00:00:00Z"}
    for number in range(500)
]
FILE = b"".join(b"%09d\n" % number for number in range(10_000))
ETAG = '"file-1"'


class DocsServer:
    """Answers by path; counts what it must to become ready, or well again."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: Counter[str] = Counter()
        self.tokens: set[str] = set()

    def __call__(self, seen: Seen) -> Answer:
        for pattern, route in _ROUTES:
            if found := re.fullmatch(pattern, f"{seen.method} {seen.path}"):
                return route(self, seen, *found.groups())
        return as_json(
            {
                "method": seen.method,
                "path": seen.path,
                "query": seen.query,
                "headers": dict(seen.headers),
                "body": seen.body.decode("utf-8", "replace"),
            }
        )

    def items(self, seen: Seen) -> Answer:
        limit, offset = int(seen.query.get("limit", "100")), int(seen.query.get("offset", "0"))
        return as_json({"items": ROWS[offset : offset + limit], "count": len(ROWS)})

    def page(self, seen: Seen) -> Answer:
        number, size = int(seen.query.get("page", "1")), int(seen.query.get("per_page", "100"))
        rows, pages = ROWS[(number - 1) * size : number * size], -(-len(ROWS) // size)
        return as_json({"items": rows, "page": number, "pages": pages, "count": len(ROWS)})

    def cursor(self, seen: Seen) -> Answer:
        size, begin = int(seen.query.get("limit", "100")), int(seen.query.get("cursor", "c0")[1:])
        more = f"c{begin + size}" if begin + size < len(ROWS) else None
        return as_json({"items": ROWS[begin : begin + size], "next_cursor": more})

    def link(self, seen: Seen) -> Answer:
        rows, more = self._hundred(seen)
        headers = {"Link": f'<{self.url}/items/link?page={more}>; rel="next"'} if more else {}
        return as_json(rows, headers=headers)

    def next_url(self, seen: Seen) -> Answer:
        rows, more = self._hundred(seen)
        url = f"{self.url}/items/next?page={more}" if more else None
        return as_json({"items": rows, "meta": {"next": url}, "next": url})

    @staticmethod
    def _hundred(seen: Seen) -> tuple[list[dict[str, Any]], int | None]:
        number = int(seen.query.get("page", "1"))
        return ROWS[(number - 1) * 100 : number * 100], number + 1 if number < 5 else None

    def after(self, seen: Seen) -> Answer:
        begin, size = int(seen.query.get("after_id", "-1")) + 1, int(seen.query.get("limit", "100"))
        return as_json({"items": ROWS[begin : begin + size]})

    def item(self, seen: Seen, number: str) -> Answer:
        if int(number) >= len(ROWS):
            return as_json({"message": "no such item"}, status=404)
        return as_json(ROWS[int(number)])

    def status(self, seen: Seen, code: str) -> Answer:
        return Answer(status=int(code))

    def flaky(self, seen: Seen, failures: str) -> Answer:
        return self._at_last(seen, int(failures), Answer(status=503))

    def quota(self, seen: Seen, failures: str) -> Answer:
        return self._at_last(seen, int(failures), Answer(status=429, headers={"Retry-After": "0"}))

    def _at_last(self, seen: Seen, failures: int, failure: Answer) -> Answer:
        self.asked[seen.path] += 1
        return failure if self.asked[seen.path] <= failures else as_json({"ok": True})

    def limited(self, seen: Seen) -> Answer:
        self.asked[seen.path] += 1
        left = max(0, 100 - self.asked[seen.path])
        reset = str(int(time.time()) + 60)
        headers = {"x-ratelimit-limit": "100", "x-ratelimit-remaining": str(left), "x-ratelimit-reset": reset}
        return as_json({"ok": True}, headers={**headers, "ratelimit": f'"default";r={left};t=60'})

    def redirect(self, seen: Seen) -> Answer:
        return Answer(status=302, headers={"Location": "/echo"})

    def elsewhere(self, seen: Seen) -> Answer:
        return Answer(status=302, headers={"Location": "http://127.0.0.1:9/echo"})

    def token(self, seen: Seen) -> Answer:
        if not self._proven(seen):
            return as_json({"error": "invalid_client"}, status=401)
        token = self._new_token()
        return as_json(
            {
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": 3600,
                "refresh_token": f"refresh-{token}",
            }
        )

    @staticmethod
    def _proven(seen: Seen) -> bool:
        """Whether the client showed a good proof, or none where none is needed."""
        form = dict(parse_qsl(seen.body.decode()))
        basic = seen.headers.get("authorization", "").removeprefix("Basic ")
        secret = form.get("client_secret") or b64decode(basic).decode().partition(":")[2]
        if form["grant_type"] == "client_credentials" and not secret:
            return "client_assertion" in form
        return secret != "wrong"

    def login(self, seen: Seen) -> Answer:
        return as_json({"token": self._new_token(), "expires_in": 300})

    def _new_token(self) -> str:
        token = f"token-of-the-guide-{len(self.tokens) + 1}"
        self.tokens.add(token)
        return token

    def private(self, seen: Seen) -> Answer:
        return as_json({"ok": True}) if self._known(seen) else as_json({"message": "who is it?"}, status=401)

    def _known(self, seen: Seen) -> bool:
        kind, _, value = seen.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return value in self.tokens
        keys = seen.headers.get("api-key"), seen.headers.get("x-api-key"), seen.query.get("api_key")
        return kind.lower() == "basic" or any(keys)

    def file(self, seen: Seen) -> Answer:
        headers = {"ETag": ETAG, "Accept-Ranges": "bytes", "Content-Type": "text/csv"}
        asked = re.fullmatch(r"bytes=(\d+)-", seen.headers.get("range", ""))
        if asked and seen.headers.get("if-range", ETAG) == ETAG:
            begin = int(asked[1])
            headers["Content-Range"] = f"bytes {begin}-{len(FILE) - 1}/{len(FILE)}"
            return Answer(status=206, body=FILE[begin:], headers=headers)
        return Answer(body=FILE, headers=headers)

    def packed(self, seen: Seen) -> Answer:
        return Answer(body=gzip.compress(FILE, mtime=0), headers={"Content-Type": "application/gzip"})

    def export(self, seen: Seen) -> Answer:
        return as_json({"id": "1", "status": "pending"}, status=202)

    def export_state(self, seen: Seen, number: str) -> Answer:
        self.asked[seen.path] += 1
        if self.asked[seen.path] <= 2:
            return as_json({"status": "pending"})
        return as_json({"status": "ready", "url": f"{self.url}/file"})


_ROUTES: list[tuple[str, Callable[..., Answer]]] = [
    (r"GET /items", DocsServer.items),
    (r"GET /items/page", DocsServer.page),
    (r"GET /items/cursor", DocsServer.cursor),
    (r"GET /items/link", DocsServer.link),
    (r"GET /items/next", DocsServer.next_url),
    (r"GET /items/after", DocsServer.after),
    (r"GET /items/(\d+)", DocsServer.item),
    (r"\w+ /status/(\d{3})", DocsServer.status),
    (r"\w+ /flaky/(\d+)", DocsServer.flaky),
    (r"\w+ /quota/(\d+)", DocsServer.quota),
    (r"\w+ /limited", DocsServer.limited),
    (r"\w+ /redirect", DocsServer.redirect),
    (r"\w+ /elsewhere", DocsServer.elsewhere),
    (r"POST /token", DocsServer.token),
    (r"POST /login", DocsServer.login),
    (r"POST /login/[^/]+/token", DocsServer.login),
    (r"GET /private", DocsServer.private),
    (r"GET /file", DocsServer.file),
    (r"GET /file\.csv\.gz", DocsServer.packed),
    (r"POST /export", DocsServer.export),
    (r"GET /export/(\w+)", DocsServer.export_state),
]


@contextmanager
def docs_server() -> Iterator[str]:
    """The base URL, for as long as the block runs."""
    loopback = Loopback()
    loopback.by = DocsServer(loopback.url)
    try:
        yield loopback.url
    finally:
        loopback.close()
