"""BigQuery's REST API in memory, under Google's own client: what was asked is written down word for word.

It runs no SQL. Jobs end as they are told to, and a table is what was asked for: for the rules of the real
service that the stand-in does not keep, and for troubles that it does not have.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import requests
from google.auth.credentials import AnonymousCredentials
from google.auth.transport.requests import AuthorizedSession
from google.cloud.bigquery import Client

from tidegate.destinations.bigquery import BigQueryDestination

Resource = dict[str, Any]
Answer = tuple[int, Resource]
_API = re.compile(r"/(?:upload/)?(?:resumable/upload/)?bigquery/v2/projects/([^/]+)/(.*)")


@dataclass(frozen=True)
class Asked:
    """One request. `body` is its JSON, of an upload that of the job."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Resource


@dataclass
class FakeBigQuery:
    """`outcome` says how a job ends: None for well, else reason and message; `UNDER_WAY` for later.

    `before` may answer a request in the place of the service, or raise what a broken connection raises.
    """

    location: str | None = "EU"
    tables: dict[str, Resource] = field(default_factory=dict)
    jobs: dict[str, Resource] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    outcome: Callable[[Resource], tuple[str, str] | None] = lambda _job: None
    before: Callable[[Asked], Answer | None] = lambda _asked: None
    rows: Callable[[str], list[Resource] | None] = lambda _sql: None
    version: int = 0  # of every cursor
    made: int = 0

    def destination(
        self, spec: str = "bigquery://p1/d1?location=EU", *, retry_s: float = 0.1, **settings: Any
    ) -> BigQueryDestination:
        """A request is sent again only where a test allows some seconds: Google's client waits one."""
        settings = {"retry_s": retry_s, "sleep": lambda _s: None, "client": self.client, **settings}
        return BigQueryDestination(spec, **settings)

    def client(self, project: str, location: str | None) -> Client:
        nobody = AnonymousCredentials()  # type: ignore[no-untyped-call]  # Google's own
        session: Any = AuthorizedSession(nobody)  # type: ignore[no-untyped-call]
        session.mount("https://", _Adapter(self))
        return Client(project=project, location=location, credentials=nobody, _http=session)

    def sent(self, method: str, path: str) -> list[Asked]:
        """The requests whose method it is, and whose path the pattern matches whole."""
        return [each for each in self.asked if each.method == method and re.fullmatch(path, each.path)]

    def scripts(self) -> list[str]:
        """The statements of all query jobs, not of those that only read."""
        jobs = [each.body["configuration"] for each in self.sent("POST", "jobs")]
        return [job["query"]["query"] for job in jobs if "query" in job]

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        told = self.before(asked)
        return told if told is not None else self.real(asked)

    def real(self, asked: Asked) -> Answer:
        kind, _, rest = asked.path.partition("/")
        if kind == "queries":
            return self._query(asked)
        if kind == "jobs":
            return self._job(asked, rest)
        dataset, _, table = rest.partition("/tables")
        return (
            self._dataset(asked, dataset)
            if not asked.path.partition("/tables")[1]
            else self._table(asked, table.strip("/"), dataset)
        )

    def _dataset(self, asked: Asked, name: str) -> Answer:
        if asked.method == "POST":
            self.location = asked.body["location"]
        if self.location is None:
            return (
                (200, {"datasets": []}) if not name else _failed(404, "notFound", "Not found: Dataset p1:d1")
            )
        return 200, {
            "datasetReference": {"projectId": "p1", "datasetId": name or "d1"},
            "location": self.location,
        }

    def _table(self, asked: Asked, name: str, dataset: str) -> Answer:
        if asked.method == "POST":
            name = asked.body["tableReference"]["tableId"]
            if name in self.tables:
                return _failed(409, "duplicate", f"Already Exists: Table p1:{dataset}.{name}")
            self.made += 1
            own = {"creationTime": str(self.made), "etag": f"e{self.made}", "type": "TABLE"}
            self.tables[name] = {**asked.body, **own}
        if name not in self.tables:
            return _failed(404, "notFound", f"Not found: Table p1:{dataset}.{name}")
        if asked.method == "DELETE":
            del self.tables[name]
            return 204, {}
        if asked.method == "PATCH":
            if asked.headers.get("If-Match") != self.tables[name]["etag"]:
                return _failed(412, "conditionNotMet", "Precondition check failed")
            self.made += 1
            self.tables[name] |= {**asked.body, "etag": f"e{self.made}"}
        return 200, self.tables[name]

    def _job(self, asked: Asked, name: str) -> Answer:
        if asked.method == "GET":
            if name not in self.jobs:
                return _failed(404, "notFound", f"Not found: Job p1:{name}")
            self._end(name)
            return 200, self.jobs[name]
        name = asked.body["jobReference"]["jobId"]
        if name in self.jobs:
            return _failed(409, "duplicate", f"Already Exists: Job p1:EU.{name}")
        self.jobs[name] = {**asked.body, "status": {"state": "RUNNING"}, "statistics": {}}
        self._end(name)
        return 200, self.jobs[name]

    def _end(self, name: str) -> None:
        job = self.jobs[name]
        told = self.outcome(job) if job["status"]["state"] != "DONE" else None
        if told == UNDER_WAY or job["status"]["state"] == "DONE":
            return
        job["status"] = {"state": "DONE"}
        job["statistics"] = {
            "load": {"outputRows": "2"},
            "query": {"totalBytesBilled": "10485760", "totalSlotMs": "42"},
        }
        if told is not None:
            error = {"reason": told[0], "message": told[1]}
            job["status"] |= {"errorResult": error, "errors": [error]}

    def _query(self, asked: Asked) -> Answer:
        sql = asked.body["query"]
        found = self.rows(sql)
        if found is None and "_tidegate_commits` WHERE commit_id" in sql and self.landed:
            found = [{"loaded": 2, "superseded": 0, "quarantined": 0, "windows": [], "deleted": 0}]
        if found is None and "_tidegate_cursors` WHERE task" in sql and self.version:
            found = [{"version": self.version, "value": None, "slices": None}]
        return 200, _result(found or [])

    @property
    def landed(self) -> bool:
        """Whether the script of some commit ended well."""
        return any(
            name.endswith("_commit_0") or "_commit_" in name
            for name, job in self.jobs.items()
            if job["status"]["state"] == "DONE" and "errorResult" not in job["status"]
        )


UNDER_WAY = ("", "under way")


def _failed(code: int, reason: str, message: str) -> Answer:
    return code, {
        "error": {"code": code, "message": message, "errors": [{"reason": reason, "message": message}]}
    }


def _result(rows: list[Resource]) -> Resource:
    fields = [
        {
            "name": name,
            "type": "INTEGER" if isinstance(value, int) else "DATE" if isinstance(value, list) else "STRING",
            "mode": "REPEATED" if isinstance(value, list) else "NULLABLE",
        }
        for name, value in (rows[0] if rows else {"none": None}).items()
    ]
    cells = [
        {"f": [{"v": [{"v": x} for x in v] if isinstance(v, list) else v} for v in row.values()]}
        for row in rows
    ]
    return {
        "jobComplete": True,
        "jobReference": {"projectId": "p1", "jobId": "read", "location": "EU"},
        "schema": {"fields": fields},
        "totalRows": str(len(rows)),
        "rows": cells,
    }


class _Adapter(requests.adapters.BaseAdapter):
    def __init__(self, fake: FakeBigQuery) -> None:
        super().__init__()
        self._fake = fake

    def send(self, request: requests.PreparedRequest, **_settings: Any) -> requests.Response:  # type: ignore[override]
        url = urlsplit(request.url or "")
        match = _API.fullmatch(unquote(url.path))
        assert match is not None, url.path
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        asked = Asked(request.method or "", match[2], query, _headers(request), _body(request))
        code, told = self._fake.answer(asked)
        response = requests.Response()
        response.status_code = code
        response.headers["Content-Type"] = "application/json"
        response._content = json.dumps(told).encode()
        response.url = request.url or ""
        response.request = request
        return response

    def close(self) -> None:
        pass


def _headers(request: requests.PreparedRequest) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else value.decode() for name, value in request.headers.items()
    }


def _body(request: requests.PreparedRequest) -> Resource:
    """JSON; of an upload in parts that of its first one."""
    body: Any = request.body or b""
    kind = {name.lower(): value for name, value in _headers(request).items()}.get("content-type", "")
    if kind.startswith("multipart/related"):
        message: Any = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body, policy=HTTP)
        body = next(message.iter_parts()).get_payload(decode=True)
    found: Resource = json.loads(body) if body else {}
    return found
