"""Cloud Storage in memory, as far as tidegate asks for it: a server on loopback for Google's own client.

It keeps the rules that the stand-in `fake-gcs-server` does not (a generation that must match on delete), says
what it was asked, and fails on demand. Objects are of one bucket; any other bucket is not there.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

import google_crc32c
import pytest

BUCKET = "lake"
_Answer: TypeAlias = "tuple[int, dict[str, str], bytes]"
WRITES = frozenset({"insert", "list"})  # what Google bills as class A


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: `insert`, `chunk`, `get`, `download`, `list` or `delete`."""

    what: str
    name: str
    query: dict[str, str]


@dataclass
class _Object:
    content: bytes
    generation: int
    updated: datetime


@dataclass
class Fault:
    """What becomes of the next `times` requests of a kind whose object's name matches."""

    what: str
    name: str
    times: int
    status: int = 503
    message: str = "Backend Error"
    after: bool = False  # it is done, and only the answer is lost


@dataclass
class CloudStorageServer:
    url: str = ""
    objects: dict[str, _Object] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    latency_s: float = 0.0
    ahead_s: float = 0.0  # of this machine's clock
    cut: int = 0  # so many downloads still end in the middle,
    damage: int = 0  # and so many go out whole with another last byte
    _generation: int = 1_700_000_000_000_000
    _sessions: dict[str, tuple[str, dict[str, str], bytearray]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def counts(self) -> Counter[str]:
        with self.lock:
            return Counter(each.what for each in self.asked)

    def names(self, under: str = "") -> list[str]:
        with self.lock:
            return sorted(name for name in self.objects if name.startswith(under))

    def fail(self, what: str, name: str, times: int = 1, **how: Any) -> None:
        with self.lock:
            self.faults.append(Fault(what, name, times, **how))

    def fault(self, what: str, name: str) -> Fault | None:
        with self.lock:
            for each in self.faults:
                if each.what == what and each.times and re.search(each.name, name):
                    each.times -= 1
                    return each
        return None

    def write(self, name: str, content: bytes) -> _Object:
        with self.lock:
            self._generation += 1
            now = datetime.fromtimestamp(time.time() + self.ahead_s, UTC)
            self.objects[name] = _Object(content, self._generation, now)
            return self.objects[name]

    def begin(self, name: str, query: dict[str, str]) -> str:
        with self.lock:
            session = f"session-{len(self._sessions)}"
            self._sessions[session] = (name, query, bytearray())
            return session

    def session(self, name: str) -> tuple[str, dict[str, str], bytearray]:
        return self._sessions[name]

    def mismatch(self, name: str, query: dict[str, str]) -> bool:
        wanted = query.get("ifGenerationMatch")
        stands = self.objects.get(name)
        return wanted is not None and int(wanted) != (stands.generation if stands else 0)


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudStorageServer]:
    """A server that Google's client finds by itself."""
    with cloud_storage() as server:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
        yield server


@contextmanager
def cloud_storage() -> Iterator[CloudStorageServer]:
    state = CloudStorageServer()

    class Handler(_Handler):
        storage = state

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    storage: CloudStorageServer
    query: dict[str, str]
    body: bytes
    left_out = 0  # of the answer's body, at its end
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        path = self._target()
        name = self._name(path)
        if name is None:
            self._do("list", self.query.get("prefix", ""), path, self._list)
        elif self.query.get("alt") == "media":
            self._do("download", name, path, self._download)
        else:
            self._do("get", name, path, self._get)

    def do_DELETE(self) -> None:
        path = self._target()
        self._do("delete", self._name(path) or "", path, self._delete)

    def do_POST(self) -> None:
        path = self._target()
        self.body = self._body()
        if self.query["uploadType"] == "resumable":
            name = json.loads(self.body)["name"]
            self._do("insert", name, path, self._begin)
            return
        boundary = self.headers["Content-Type"].partition("boundary=")[2].strip("\"'").encode()
        _, told, rest = self.body.split(b"--" + boundary, 2)
        metadata = json.loads(told.partition(b"\r\n\r\n")[2])
        self.body = content = rest.rpartition(b"\r\n--" + boundary + b"--")[0].partition(b"\r\n\r\n")[2]
        assert metadata["crc32c"] == _crc32c(content), "every upload carries its checksum"
        self._do("insert", metadata["name"], path, self._insert)

    def do_PUT(self) -> None:
        path = self._target()
        self.body = self._body()
        name = self.storage.session(self.query["upload_id"])[0]
        self._do("chunk", name, path, self._chunk)

    def _do(self, what: str, name: str, path: str, act: Callable[[str], _Answer]) -> None:
        storage = self.storage
        if storage.latency_s:
            time.sleep(storage.latency_s)
        with storage.lock:
            storage.asked.append(Asked(what, name, self.query))
        fault = storage.fault(what, name)
        if fault is not None and not fault.after:
            self._error(fault.status, fault.message)
            return
        if f"/b/{BUCKET}" not in path:
            self._error(404, "The specified bucket does not exist.")
            return
        with storage.lock:
            status, headers, answer = act(name)
        if fault is not None:
            self._error(fault.status, fault.message)
            return
        self._answer(status, headers, answer)

    def _insert(self, name: str) -> _Answer:
        if self.storage.mismatch(name, self.query):
            return _problem(412, "At least one of the pre-conditions you specified did not hold.")
        self.storage.write(name, self.body)
        return self._resource(name)

    def _begin(self, name: str) -> _Answer:
        session = self.storage.begin(name, self.query)
        where = f"{self.storage.url}/upload/storage/v1/b/{BUCKET}/o?upload_id={session}"
        return 200, {"Location": where}, b"{}"

    def _chunk(self, name: str) -> _Answer:
        _, begun, so_far = self.storage.session(self.query["upload_id"])
        given = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", self.headers["Content-Range"])
        assert given is not None
        if given[1] is not None:
            del so_far[int(given[1]) :]
            so_far += self.body
        if given[2] != "*" and len(so_far) == int(given[2]):
            self.query, self.body = begun, bytes(so_far)
            return self._insert(name)
        return 308, {"Range": f"bytes=0-{len(so_far) - 1}"} if so_far else {}, b""

    def _get(self, name: str) -> _Answer:
        return self._resource(name) if name in self.storage.objects else _problem(404, "No such object.")

    def _download(self, name: str) -> _Answer:
        found = self.storage.objects.get(name)
        if found is None:
            return _problem(404, "No such object.")
        whole, begin, size = found.content, self._begins_at(), len(found.content)
        told = {
            "X-Goog-Generation": str(found.generation),
            "X-Goog-Hash": f"crc32c={_crc32c(whole)}",
            "X-Goog-Stored-Content-Length": str(size),
            "Content-Type": "application/octet-stream",
        }
        if begin:
            told["Content-Range"] = f"bytes {begin}-{size - 1}/{size}"
        return 206 if begin else 200, told, self._spoilt(whole[begin:])

    def _begins_at(self) -> int:
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        return int(asked[1]) if asked else 0

    def _spoilt(self, content: bytes) -> bytes:
        if self.storage.cut:
            self.storage.cut -= 1
            self.close_connection, self.left_out = True, len(content) // 2
        elif self.storage.damage:
            self.storage.damage -= 1
            return content[:-1] + bytes([content[-1] ^ 1])
        return content

    def _list(self, prefix: str) -> _Answer:
        names = [each for each in self.storage.names(prefix) if each > self.query.get("pageToken", "")]
        most = min(int(self.query.get("maxResults", 1000)), 1000)
        told: dict[str, Any] = {"items": [self._told(each) for each in names[:most]]}
        if len(names) > most:
            told["nextPageToken"] = names[most - 1]
        return 200, {}, json.dumps(told).encode()

    def _delete(self, name: str) -> _Answer:
        if name not in self.storage.objects:
            return _problem(404, "No such object.")
        if self.storage.mismatch(name, self.query):
            return _problem(412, "At least one of the pre-conditions you specified did not hold.")
        del self.storage.objects[name]
        return 204, {}, b""

    def _resource(self, name: str) -> _Answer:
        return 200, {}, json.dumps(self._told(name)).encode()

    def _told(self, name: str) -> dict[str, str]:
        found = self.storage.objects[name]
        return {
            "name": name,
            "bucket": BUCKET,
            "generation": str(found.generation),
            "crc32c": _crc32c(found.content),
            "size": str(len(found.content)),
            "updated": found.updated.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }

    def _target(self) -> str:
        split = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(split.query).items()}
        return split.path

    @staticmethod
    def _name(path: str) -> str | None:
        match = re.fullmatch(r"(?:/download)?/storage/v1/b/[^/]+/o/(.+)", path)
        return unquote(match[1]) if match else None

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _error(self, status: int, message: str) -> None:
        self._answer(*_problem(status, message))

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) - self.left_out])


def _problem(status: int, message: str) -> _Answer:
    return status, {}, json.dumps({"error": {"code": status, "message": message}}).encode()


def _crc32c(content: bytes) -> str:
    return base64.b64encode(google_crc32c.value(content).to_bytes(4, "big")).decode()
