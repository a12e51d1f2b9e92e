"""A recorded API: a page log of the engine, or one made by `record`, plays the vendor in a test."""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tidegate.engine.pagelog import Logged, PageLog, read_log
from tidegate.http_tools.calls import Call, Page, walk, walk_async
from tidegate.http_tools.clients import HttpClient
from tidegate.http_tools.exceptions import HttpClientError
from tidegate.http_tools.pagination import PagePlan, PageRequest, PageView


class UnrecordedRequestError(HttpClientError):
    """The page logs that are played have no answer to this request. The message names the nearest one."""


def record(call: Call[Any], path: Path | str) -> int:
    """Fetch every page of `call` into a new page log at `path`; give the number of pages.

    The log has no credential, but all that the API sent: look at it (`zstd -dc`) before it is committed
    anywhere. Raises `FileExistsError` where there is one already, and what fetching raises; then no file is
    left behind.
    """
    with _new_log(call, path) as log:
        # not `for page in call`: a route may leave pages out of the listing
        for _ in walk(call, call.fetch, plan=_Recording(call, log)):
            pass
    return len(log)


async def record_async(call: Call[Any], path: Path | str) -> int:
    """As `record`, on the running event loop; the log is written on it, too."""
    with _new_log(call, path) as log:
        async for _ in walk_async(call, plan=_Recording(call, log)):
            pass
    return len(log)


@contextmanager
def _new_log(call: Call[Any], path: Path | str) -> Iterator[PageLog]:
    target = Path(path)
    if target.exists():
        raise FileExistsError(f"{target} exists: remove it to record anew")
    log = PageLog(target, call.describe())
    try:
        yield log
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    finally:
        log.close()


class _Recording(PagePlan):
    """The walk of a call, which keeps every page that it is told of."""

    def __init__(self, call: Call[Any], log: PageLog) -> None:
        self._plan, self._log = call.paginator.plan(call.client.width), log

    def take(self) -> PageRequest | None:
        return self._plan.take()

    def saw(self, page: PageView) -> None:
        if isinstance(page, Page):  # the walks of this package hand on nothing else
            self._log.append(page.request.index, page.status_code, page.request.params, page.body, page.kept)
        self._plan.saw(page)

    def beyond(self, index: int) -> bool:
        return self._plan.beyond(index)


@dataclass(frozen=True, slots=True)
class _Key:
    """What is compared. Not the origin: a log of the vendor's API plays for any base URL."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: str

    def told(self) -> str:
        query = "&".join(f"{name}={value}" for name, value in self.query)
        return f"{self.method} {self.path}{'?' if query else ''}{query}"


class ReplayTransport(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """Answers what stands in page logs (`.pages` files, or folders of them), and nothing else.

    A request is the same where method, path, query (in any order) and JSON body are; its origin and headers
    do not count, nor do the query's `ignored` names (of an API key, say). The same answer is given however
    often it is asked for, with the headers that paging needs. Links in answers are as they came: a client
    that follows them needs the base URL of the recording. Any other request raises `UnrecordedRequestError`,
    and is not retried. Serves both clients. Raises `FileNotFoundError` for a folder without page logs, and
    `DamagedStateError` for a file that is none.
    """

    def __init__(self, *paths: Path | str, ignored: Collection[str] = ()) -> None:
        if isinstance(ignored, str):
            raise TypeError(f"ignored is a collection of names: [{ignored!r}]")
        self._ignored = frozenset(ignored)
        self._answers: dict[_Key, Logged] = {}
        for path in _files(paths):
            request, pages = read_log(path)
            self._answers |= {self._logged_key(request, page): page for page in pages}
        self._lock = threading.Lock()
        self._played: set[_Key] = set()

    @property
    def unplayed(self) -> list[str]:
        """The recorded requests that nobody has made yet: method, path and query."""
        with self._lock:
            return [key.told() for key in self._answers if key not in self._played]

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return self._answer(request, request.read())

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return self._answer(request, await request.aread())

    def _answer(self, request: httpx2.Request, body: bytes) -> httpx2.Response:
        query = httpx2.QueryParams(request.url.query.decode("ascii")).multi_items()
        key = self._key(request.method, request.url.path, query, _canonical(body))
        logged = self._answers.get(key)
        if logged is None:
            raise UnrecordedRequestError(
                f"{key.told()} is not in the page logs that are played{self._nearest(key)}",
                hint="Record it anew with tidegate.testing.record, or ask for what was recorded.",
            )
        with self._lock:
            self._played.add(key)
        headers = {"content-type": "application/json", **logged.header.get("k", {}).get("h", {})}
        return httpx2.Response(logged.header["s"], headers=headers, content=logged.body)

    def _logged_key(self, request: Mapping[str, Any], page: Logged) -> _Key:
        kept = page.header.get("k", {})  # see Page.kept
        url = httpx2.URL(request["url"])
        params = {**request.get("params", {}), **HttpClient.encode_params(page.header.get("p", {}))}
        query = httpx2.QueryParams(params)
        if "a" in kept:
            url = url.copy_with(raw_path=kept["a"].encode("ascii"))
            query = url.params
        body = request.get("body")
        if "b" in kept:
            body = {**(body or {}), **kept["b"]}
        text = "" if body is None else json.dumps(body, sort_keys=True)
        return self._key(kept.get("m", request["method"]), url.path, query.multi_items(), text)

    def _key(self, method: str, path: str, query: Iterable[tuple[str, str]], body: str) -> _Key:
        return _Key(method, path, tuple(sorted(pair for pair in query if pair[0] not in self._ignored)), body)

    def _nearest(self, key: _Key) -> str:
        same = [each for each in self._answers if (each.method, each.path) == (key.method, key.path)]
        if not same:
            paths = sorted({f"{each.method} {each.path}" for each in self._answers})
            return f"; they have {', '.join(paths[:5]) or 'nothing'}"
        nearest = max(same, key=lambda each: len(set(each.query) & set(key.query)))
        if nearest.query == key.query:
            return "; the recorded one had another body"
        return f"; the nearest that is: {nearest.told()}"


def _files(paths: Iterable[Path | str]) -> list[Path]:
    found: list[Path] = []
    for path in map(Path, paths):
        files = sorted(path.rglob("*.pages")) if path.is_dir() else [path]
        if not files:
            raise FileNotFoundError(f"no page log (*.pages) in {path}")
        found += files
    return found


def _canonical(body: bytes) -> str:
    """A JSON body as text that compares; another one as it is."""
    if not body:
        return ""
    try:
        return json.dumps(json.loads(body), sort_keys=True)
    except ValueError:
        return body.decode("utf-8", "backslashreplace")
