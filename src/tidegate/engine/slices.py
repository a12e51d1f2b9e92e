"""One slice, from its request to its part: fetch what the page log lacks, build in order, write the part."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from tidegate.engine.build import Build
from tidegate.engine.exceptions import RequestChangedError
from tidegate.engine.pagelog import PageLog, difference, plain
from tidegate.engine.parts import Manifest, PartWriter, is_whole
from tidegate.http_tools.calls import STARTS, Call, Page, walk
from tidegate.http_tools.drivers import Stop
from tidegate.http_tools.events import Answered, Event, Retrying, Waiting
from tidegate.http_tools.exceptions import ListingMovedError
from tidegate.http_tools.pagination import PageRequest
from tidegate.http_tools.policy import Terms


@dataclass
class Traffic:
    """What fetching has cost in this process. Written by the threads that fetch."""

    api_calls: int = 0
    retries: int = 0
    waited_s: float = 0.0
    bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def note(self, event: Event) -> None:
        with self._lock:
            match event:
                case Answered():
                    self.api_calls += 1
                    self.waited_s += event.waited_s
                    self.bytes += event.size
                case Retrying():
                    self.retries += 1
                    self.waited_s += event.delay_s
                case Waiting():
                    pass


@dataclass
class SliceWork:
    """Works one slice of a task. `built` hears of every page: position, rows, and if it stood in the log."""

    folder: Path
    slice_id: str
    call: Call[Any]
    build: Build
    traffic: Traffic
    stop: Stop
    max_wait_s: float | None
    listener: Callable[[Event], None]
    built: Callable[[int, int, bool], None]
    stood: bool = False  # whether the slice was whole before

    @property
    def part(self) -> Path:
        return self.folder / f"{self.slice_id}.arrow"

    @property
    def _manifest(self) -> Path:
        return self.folder / f"{self.slice_id}.json"

    def finish(self) -> Manifest:
        """The slice's manifest: as it stands from before, or after fetching and building what is missing."""
        done = Manifest.load(self._manifest)
        if done is not None and self._still_good(done):
            self.stood = True
            return done
        log = PageLog(self.folder / f"{self.slice_id}.pages", self.call.describe())
        try:
            return self._from_pages(log)
        finally:
            log.close()

    def _still_good(self, done: Manifest) -> bool:
        request = plain(self.call.describe())
        if done.request != request:
            raise RequestChangedError(
                f"this run began with another request: {difference(done.request, request)}",
                hint="Begin a new run with --new, or undo the change to resume this one.",
            )
        return done.build == self.build.fingerprint and is_whole(self.part, done)

    def _from_pages(self, log: PageLog) -> Manifest:
        for start in range(1, STARTS + 1):
            try:
                manifest = self._walk(log, start - 1)
            except ListingMovedError:
                if start == STARTS:
                    raise
                log.start_over()
            else:
                manifest.save(self._manifest)
                return manifest
        raise AssertionError("unreachable")

    def _walk(self, log: PageLog, moved: int) -> Manifest:
        plan = self.call.paginator.plan(self.call.client.width)
        pages = fetched = added = dropped = 0
        high: datetime | None = None
        resumed = frozenset(log.indexes)
        with PartWriter(self.part, self.build.schema) as writer:
            for page in walk(self._call(), self._fetcher(log), plan=plan, stop=self.stop):
                built = self.build.page(page)
                if built.batch is not None:
                    writer.write(built.batch)
                pages += 1
                fetched += built.fetched
                added += built.added
                dropped += built.dropped
                high = built.high if high is None else max(high, built.high or high)
                self.built(page.request.index, built.fetched, page.request.index in resumed)
        warnings = plan.warnings()
        if moved:
            warnings.append(f"the listing moved while it was read and was read anew ({moved} times)")
        return Manifest(
            slice=self.slice_id,
            request=plain(self.call.describe()),
            build=self.build.fingerprint,
            pages=pages,
            fetched=fetched,
            added=added,
            dropped=dropped,
            rows=writer.rows,
            crc32=writer.crc32,
            high=high,
            warnings=warnings,
        )

    def _call(self) -> Call[Any]:
        def listen(event: Event) -> None:
            self.traffic.note(event)
            self.listener(event)

        return self.call.under(replace(self.call.terms, listener=listen, max_wait_s=self.max_wait_s))

    def _fetcher(self, log: PageLog) -> Callable[[PageRequest, Terms, Stop], Page[Any]]:
        def fetch(request: PageRequest, terms: Terms, stop: Stop) -> Page[Any]:
            if request.index in log:
                status, body = log.read(request.index)
                return Page.from_log(self.call, request, status, body, log.kept(request.index))
            page = self.call.fetch(request, terms, stop)
            log.append(request.index, page.status_code, request.params, page.body, page.kept)
            return page

        return fetch
