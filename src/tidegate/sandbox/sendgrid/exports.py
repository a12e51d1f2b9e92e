"""Exports of contacts: begun, looked at, and fetched from another origin by addresses that expire."""

from __future__ import annotations

import csv
import gzip
import hashlib
import hmac
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

import orjson

from tidegate.sandbox.asgi import Answer, Request
from tidegate.sandbox.sendgrid.data import Row, identity
from tidegate.sandbox.sendgrid.params import RefusedError

_MAY_SAY = frozenset({"list_ids", "segment_ids", "notifications", "file_type", "max_file_size"})
_XML = b"application/xml"
_KEY = b"only the stand-in's own storage trusts this"


@dataclass(slots=True)
class Export:
    """One that was begun: its files as they were then, and how often it was looked at."""

    id: str
    files: list[bytes]
    contacts: int
    looks: int = 0


@dataclass
class Exports:
    """`looks` are the questions that an export stays pending for, `links_s` how long an address of a file is
    good, `file_rows` how many contacts a file holds, `lacks` how many of them no file has. `fails` makes
    those that are looked at fail; files with the numbers in `down` cannot be had for now.
    """

    seed: int
    monotonic: Callable[[], float]
    looks: int = 2
    links_s: float = 300.0
    file_rows: int = 2000
    lacks: int = 0
    fails: bool = False
    down: frozenset[int] = frozenset()
    origin: str = ""
    begun: dict[str, Export] = field(default_factory=dict)

    def begin(self, body: bytes, contacts: list[Row]) -> dict[str, Any]:
        """The answer to a POST. Lists and segments are not followed: every contact is exported."""
        asked = _object(body)
        for name in asked.keys() - _MAY_SAY:
            raise RefusedError(f"{name} is not allowed", name)
        kind, size = asked.get("file_type", "csv"), asked.get("max_file_size", 5000)
        if kind not in ("csv", "json"):
            raise RefusedError("file_type must be csv or json", "file_type")
        if type(size) is not int or size < 1:
            raise RefusedError("max_file_size must be a whole number of MB", "max_file_size")
        held = contacts[: len(contacts) - self.lacks]
        parts = [held[at : at + self.file_rows] for at in range(0, len(held), self.file_rows)]
        files = [gzip.compress(_csv(part) if kind == "csv" else _lines(part), 1) for part in parts]
        made = Export(identity(self.seed, "export", len(self.begun)), files, len(contacts))
        self.begun[made.id] = made
        return {"_metadata": {"self": f"/v3/marketing/contacts/exports/{made.id}"}, "id": made.id}

    def look(self, name: str) -> dict[str, Any]:
        """How far it is; the addresses of its files are made anew each time."""
        if name not in self.begun:
            raise RefusedError("export not found", status=404)
        export = self.begun[name]
        export.looks += 1
        told: dict[str, Any] = {
            "id": name,
            "created_at": "2026-01-15T09:30:00Z",
            "updated_at": "2026-01-15T09:30:00Z",
            "expires_at": "2026-01-18T09:30:00Z",
        }
        if export.looks <= self.looks:
            return told | {"status": "pending"}
        if self.fails:
            return told | {"status": "failure", "message": "the export could not be made"}
        links = [self._link(export, number) for number in range(len(export.files))]
        return told | {"status": "ready", "urls": links, "contact_count": export.contacts}

    def file(self, request: Request) -> Answer:
        """A file, as storage gives it: whoever shows a credential of the API is refused."""
        if refused := self._refusal(request):
            return refused
        name, _, file = request.path.removeprefix("/exports/").partition("/")
        number, export = int(file.removesuffix(".gzip")), self.begun.get(name)
        if export is None or number >= len(export.files):
            return _refused(404, "NoSuchKey", "The specified key does not exist")
        if number in self.down:
            return _refused(503, "SlowDown", "Please reduce your request rate")
        return Answer(200, export.files[number], b"binary/octet-stream")

    def _refusal(self, request: Request) -> Answer | None:
        if "authorization" in request.headers or "on-behalf-of" in request.headers:
            return _refused(400, "InvalidArgument", "Only one auth mechanism allowed")
        if request.method != "GET":
            return _refused(405, "MethodNotAllowed", "GET only")
        asked = {key: values[0] for key, values in parse_qs(request.query).items()}
        until = asked.get("X-Amz-Expires", "")
        if not hmac.compare_digest(asked.get("X-Amz-Signature", ""), _signature(request.path, until)):
            return _refused(403, "SignatureDoesNotMatch", "The signature does not match")
        if self.monotonic() > float(until):
            return _refused(403, "AccessDenied", "Request has expired")
        return None

    def _link(self, export: Export, number: int) -> str:
        path = f"/exports/{export.id}/{number}.gzip"
        until = f"{self.monotonic() + self.links_s:.3f}"
        query = urlencode({"X-Amz-Expires": until, "X-Amz-Signature": _signature(path, until)})
        return f"{self.origin}{path}?{query}"


def _signature(path: str, until: str) -> str:
    return hmac.new(_KEY, f"{path}|{until}".encode(), hashlib.sha256).hexdigest()


def _refused(status: int, code: str, message: str) -> Answer:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Answer(status, body.encode(), _XML)


def _object(body: bytes) -> dict[str, Any]:
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RefusedError("the body must be JSON") from None
    if not isinstance(asked, dict):
        raise RefusedError("the body must be an object")
    return asked


def _lines(rows: list[Row]) -> bytes:
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def _csv(rows: list[Row]) -> bytes:
    """Names in capitals; what is no text is written as JSON."""
    names = sorted({name for row in rows for name in row})
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([name.upper() for name in names])
    for row in rows:
        values = (row.get(name, "") for name in names)
        writer.writerow([each if isinstance(each, str) else orjson.dumps(each).decode() for each in values])
    return out.getvalue().encode()
