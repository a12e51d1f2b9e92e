"""One slice, from its request to its part: fetch what the page log lacks, build in order, write the part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from tidegate.destinations.quarantine import COLUMNS
from tidegate.engine.build import Build, Built
from tidegate.engine.context import Context
from tidegate.engine.drift.watch import Watch
from tidegate.engine.fetching import check_request, open_log, through
from tidegate.engine.invalid import Invalid
from tidegate.engine.pagelog import PageLog, plain
from tidegate.engine.parts import Manifest, PartWriter
from tidegate.engine.quarantining import Quarantining
from tidegate.engine.row_keys import RowKeys
from tidegate.engine.traffic import Traffic
from tidegate.http_tools.calls import STARTS, Call, Page, walk
from tidegate.http_tools.drivers import Stop
from tidegate.http_tools.events import Event
from tidegate.http_tools.exceptions import ListingMovedError
from tidegate.utils.mirrors.mounts import mirror_of
from tidegate.utils.schemas import arrow_schema


@dataclass
class SliceWork:
    """Works one slice of a task. `built` hears of every page: position, rows, and if it stood in the log.

    `offline` asks the API for nothing: what is missing in the page log is an error.
    """

    folder: Path
    number: int  # in the plan
    slice_id: str
    call: Call[Any]
    build: Build
    context: Context
    invalid: Invalid
    quarantining: Quarantining
    keys: Callable[[], RowKeys]
    watch: Watch
    traffic: Traffic
    stop: Stop
    max_wait_s: float | None
    listener: Callable[[Event], None]
    built: Callable[[int, int, bool], None]
    offline: bool = False
    landed: Callable[[], bool] = lambda: False  # asked where it would be built anew
    known: Manifest | None = None  # what stood of it, as far as that is known without a look
    stood: bool = False  # whether the slice was whole before
    _segments: int = 0  # of its page log, where it was whole

    @property
    def part(self) -> Path:
        return self.folder / f"{self.slice_id}.arrow"

    @property
    def rejects(self) -> Path:
        return self.folder / f"{self.slice_id}.rejects"

    @property
    def _manifest(self) -> Path:
        return self.folder / f"{self.slice_id}.json"

    @property
    def _profile(self) -> Path:
        return self.folder / f"{self.slice_id}.profile"

    def finish(self) -> Manifest:
        """The slice's manifest: as it stands from before, or after fetching and building what is missing.

        Waits while another process is at the slice.
        """
        done = self._standing()
        if done is not None:
            return done
        path = self.folder / f"{self.slice_id}.pages"
        log = open_log(self.call, path, offline=self.offline, wait=self.stop.sleep, segments=self._segments)
        try:  # the log is ours from here on; another process may have been at it until now
            return self._standing() or self._from_pages(log)
        finally:
            log.close()

    def _standing(self) -> Manifest | None:
        done, self.known = self.known or Manifest.load(self._manifest), None
        self._segments = 0 if done is None else done.segments
        if done is None or not self._still_good(done):
            return None
        self.watch.stood(self.number, self._profile)
        self.stood = True
        return done

    def _still_good(self, done: Manifest) -> bool:
        if done.build != self.build.fingerprint and self.landed():
            return True  # what it tells is of the rows at the destination
        check_request(self.call, done.request, offline=self.offline)
        return (
            done.build == self.build.fingerprint
            and done.part(self.folder).is_whole
            and done.rejects(self.folder).is_whole
            and (done.rejected == 0 or self.invalid.quarantines)
        )

    def _from_pages(self, log: PageLog) -> Manifest:
        for start in range(1, STARTS + 1):
            try:
                manifest = self._walk(log, start - 1)
            except ListingMovedError:
                if start == STARTS:
                    raise
                log.start_over()
            else:
                self.watch.finish(self.number, self._profile)
                manifest = replace(manifest, segments=log.seal())
                manifest.save(self._manifest)
                mirror_of(log.path).drop(log.path)
                return manifest
        raise AssertionError("unreachable")

    def _walk(self, log: PageLog, moved: int) -> Manifest:
        plan = self.call.paginator.plan(self.call.client.width)
        resumed = frozenset(log.indexes)
        self.watch.begin(self.number, self.slice_id)
        with (
            self.keys() as keys,
            PartWriter(self.part, keys.schema(self.build.schema)) as part,
            PartWriter(self.rejects, arrow_schema(COLUMNS)) as rejects,
        ):
            tally = _Tally()
            for page in walk(
                self._call(), through(log, self.call, offline=self.offline), plan=plan, stop=self.stop
            ):
                self.watch.page(self.number, page.items)
                built = self.build.page(page, self.context)
                self.invalid.check(place(page), built.rejects, self.build.mend)
                if built.batch is not None:
                    part.write(keys.keyed(built.batch))
                if built.rejects:
                    rejects.write(self.quarantining.batch(page, built.rejects))
                tally.add(page, built)
                self.built(page.request.index, built.fetched, page.request.index in resumed)
                page.let_go()  # it is held until the next one is there
        warnings = plan.warnings()
        if moved:
            warnings.append(f"the listing moved while it was read and was read anew ({moved} times)")
        return Manifest(
            slice=self.slice_id,
            request=plain(self.call.describe()),
            build=self.build.fingerprint,
            rows=part.rows,
            crc32=part.crc32,
            rejects_crc32=rejects.crc32,
            warnings=warnings,
            whole=plan.is_whole(),
            **asdict(tally),
        )

    def _call(self) -> Call[Any]:
        def listen(event: Event) -> None:
            self.traffic.note(event)
            self.listener(event)

        return self.call.under(replace(self.call.terms, listener=listen, max_wait_s=self.max_wait_s))


@dataclass
class _Tally:
    """The share of a slice in the accounting sum, page by page."""

    pages: int = 0
    fetched: int = 0
    added: int = 0
    dropped: int = 0
    rejected: int = 0
    first_reject: str | None = None
    high: datetime | None = None

    def add(self, page: Page[Any], built: Built) -> None:
        self.pages += 1
        self.fetched += built.fetched
        self.added += built.added
        self.dropped += built.dropped
        self.rejected += len(built.rejects)
        if built.rejects and self.first_reject is None:
            self.first_reject = f"{place(page)}: {built.rejects[0]}"
        self.high = built.high if self.high is None else max(self.high, built.high or self.high)


def place(page: Page[Any]) -> str:
    return f"{page.call.endpoint} page {page.request.index}"
