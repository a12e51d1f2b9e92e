"""Quarantined rows once more: built by today's contracts, those that pass are added to what their run loaded.

One commit for each task and run, which takes the rows out of the quarantine in the same transaction. The raw
rows come from the page log, or, where that is gone, from the quarantine itself, if it holds them unmasked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json, to_json

from tidegate.contracts.reading import envelope
from tidegate.destinations.base import Again, Commit, Destination
from tidegate.destinations.quarantine import QuarantinedRow
from tidegate.engine.build import Built, InstancesBuild
from tidegate.engine.commit import commit, commit_id
from tidegate.engine.context import Context
from tidegate.engine.exceptions import DamagedStateError
from tidegate.engine.fetching import logged_pages
from tidegate.engine.ledger import Ledger
from tidegate.engine.locks import run_lock, task_lock
from tidegate.engine.parts import Manifest, with_window
from tidegate.engine.plan import WHOLE, Plan, Slice
from tidegate.engine.row_keys import RowKeys
from tidegate.engine.tables import prepare
from tidegate.engine.tasks import Task
from tidegate.engine.workflows import Connector, Workflow
from tidegate.http_tools.calls import Call, Page
from tidegate.http_tools.pagination import PageRequest
from tidegate.utils.home import Home
from tidegate.utils.mirrors.mounts import mirror_of

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass
class Released:
    """What became of the quarantined rows of one task and run:
    `rows + added = loaded + superseded + dropped + left`.

    Of the rows left some could not be tried: `masked`, as the page log is gone, and their payload is masked;
    `unplanned`, as the plan of their run is gone, and with it what the values of their slices were.
    """

    task: str
    run_id: str
    rows: int
    added: int = 0
    loaded: int = 0
    superseded: int = 0
    dropped: int = 0
    left: int = 0
    masked: int = 0
    unplanned: int = 0


@dataclass
class Release:
    """`workflow` is that of all rows."""

    workflow: Workflow
    destination: Destination
    home: Home
    connector: Connector
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def run(self, rows: Iterable[QuarantinedRow]) -> list[Released]:
        """Raises what a commit raises; what was released before stays so."""
        groups: dict[tuple[str, str], list[QuarantinedRow]] = defaultdict(list)
        for row in rows:
            groups[row.task, row.run_id].append(row)
        with Ledger(self.home) as ledger:
            return [self._release(ledger, name, run_id, group) for (name, run_id), group in groups.items()]

    def _release(self, ledger: Ledger, name: str, run_id: str, rows: Sequence[QuarantinedRow]) -> Released:
        task = self.workflow.task(name.removeprefix(f"{self.workflow.name}."))
        with ExitStack() as stack:
            stack.callback(run_lock(self.home, ledger, run_id).release)  # or `gc` could take its pages away
            stack.callback(task_lock(self.home, ledger, name, self.destination, run_id).release)
            prepare(self.destination, name, task.into)
            seen = self.destination.cursor(name).version
            held = {row.id for row in self.destination.quarantine(task=name, run_id=run_id)}
            # others may have left it since they were looked up
            rows = [row for row in rows if row.id in held]
            work = _Rebuild(task, self.home.root / "runs" / run_id, self.connector, self.now(), held)
            work.run(rows)
            done = Released(name, run_id, len(rows), work.added, 0, 0, work.dropped, work.left)
            done.masked, done.unplanned = work.masked, work.unplanned
            if work.released:
                landed = commit(
                    self.destination,
                    Commit(
                        commit_id=commit_id(run_id, f"{name}/release/{seen}"),
                        run_id=run_id,
                        task=name,
                        table=task.into,
                        seen=seen,
                        cursor=None,
                        loaded_at=self.now(),
                        batches=lambda: iter(work.batches),
                        again=Again(replaces=False, released=tuple(work.released)),
                    ),
                )
                done.loaded, done.superseded = landed.loaded, landed.superseded
            return done


@dataclass
class _Rebuild:
    """Rows of one task and run, slice by slice. Holds what is built: a quarantine is small beside its run."""

    task: Task[Any, Any, Any]
    folder: Path
    connector: Connector
    now: datetime
    held: set[str]  # all rows that are in quarantine
    released: list[str] = field(default_factory=list)
    batches: list[pa.RecordBatch] = field(default_factory=list)
    added: int = 0
    dropped: int = 0
    left: int = 0
    masked: int = 0
    unplanned: int = 0

    def run(self, rows: Sequence[QuarantinedRow]) -> None:
        plan = Plan.load(self.folder / "plan.json")
        until = self.now if plan is None else plan.until
        planned = {
            each.id: each
            for task in (plan.tasks if plan else ())
            for each in task.slices
            if task.task == self.task.name
        }
        slices: dict[str, list[QuarantinedRow]] = defaultdict(list)
        for row in rows:
            slices[row.slice].append(row)
        for group in slices.values():
            each = planned.get(group[0].slice) or self._slice(group[0])
            if each is None:
                self.unplanned += len(group)
                self.left += len(group)
                continue
            call = self.task.call(self.connector, each.window, each.values)
            build = InstancesBuild(self.task, call.reads)
            context = self.task.context(until, each.window, each.values)
            made = []
            for page, ids in self._pages(call, group):
                built = build.page(page, context, only=ids)
                self._take(built, ids)
                made += [] if built.batch is None else [built.batch]
            if made and self.task.into.has_synthetic_key:
                made = self._keyed(made, each, self._released_before(call, build, context, each))
            self.batches += made if each.cell is None else [with_window(batch, each.cell) for batch in made]

    def _keyed(
        self, made: list[pa.RecordBatch], each: Slice, before: Iterable[pa.RecordBatch]
    ) -> list[pa.RecordBatch]:
        """With keys that none of the rows has which the run and earlier releases have put into the table."""
        folder = self.folder / self.task.name
        manifest = Manifest.load(folder / f"{each.id}.json")
        if manifest is None or not manifest.part(folder).is_whole:
            raise DamagedStateError(
                f"{self.task.name}: what slice {each.id} has built is gone, and with it the keys of its rows",
                hint="What was fetched can only be fetched again: tidegate run.",
            )
        with RowKeys(self.task.into, each) as keys:
            return keys.follow(made, manifest.part(folder).batches, before)

    def _released_before(
        self, call: Call[Any], build: InstancesBuild, context: Context, each: Slice
    ) -> Iterator[pa.RecordBatch]:
        """Rows that the run had rejected, and that are in quarantine no more."""
        folder, by_page = self.folder / self.task.name, defaultdict[int, set[int]](set)
        manifest = Manifest.load(folder / f"{each.id}.json")
        if manifest is None:
            return
        for batch in manifest.rejects(folder).batches():
            for row in batch.select(["id", "page", "position"]).to_pylist():
                if row["id"] not in self.held:
                    by_page[row["page"]].add(row["position"])
        for page in logged_pages(call, folder / f"{each.id}.pages") if by_page else ():
            positions = by_page.get(page.request.index)
            built = build.page(page, context, only=positions).batch if positions else None
            if built is not None:
                yield built

    def _slice(self, row: QuarantinedRow) -> Slice | None:
        """Of a run whose plan is gone; None where only that told what the slice is about."""
        if self.task.over:
            return None
        if self.task.windows is not None and row.window is not None:
            window = self.task.windows.window(row.window)
            return Slice(row.slice, window.start, window.end, row.window)
        return Slice(WHOLE, self.now, self.now)

    def _pages(
        self, call: Call[Any], rows: list[QuarantinedRow]
    ) -> Iterator[tuple[Page[Any], dict[int, str]]]:
        """Pages that hold quarantined rows, with the ids of these by position."""
        log = self.folder / self.task.name / f"{rows[0].slice}.pages"
        mirror_of(log).fetch_log(log)
        if not log.exists():
            yield from self._payloads(call, rows)
            return
        by_page: dict[int, dict[int, str]] = defaultdict(dict)
        for row in rows:
            by_page[row.page][row.position] = row.id
        for page in logged_pages(call, log):
            if page.request.index in by_page:
                yield page, by_page[page.request.index]

    def _payloads(
        self, call: Call[Any], rows: list[QuarantinedRow]
    ) -> Iterator[tuple[Page[Any], dict[int, str]]]:
        whole = [row for row in rows if row.raw]
        self.masked += len(rows) - len(whole)
        self.left += len(rows) - len(whole)
        if whole:
            body: Any = [from_json(row.payload) for row in whole]
            for key in reversed(envelope(call.items)):
                body = {key: body}
            ids = {position: row.id for position, row in enumerate(whole)}
            yield Page(call, PageRequest(whole[0].page), to_json(body)), ids

    def _take(self, built: Built, ids: dict[int, str]) -> None:
        still = {reject.position for reject in built.rejects}
        self.released += [row_id for position, row_id in ids.items() if position not in still]
        self.added, self.dropped = self.added + built.added, self.dropped + built.dropped
        self.left += len(still)
