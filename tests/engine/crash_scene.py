"""A day's work that is killed: one task, one way to write, over a table that an earlier run has filled."""

from __future__ import annotations

import ctypes
import json
import os
import struct
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import httpx2
from pydantic import AwareDatetime, Field

from tests.engine.crash_steps import ASKED, RESULT, SAID, Fault, Steps
from tests.engine.shop import AcmeConnector, ApiOrder, Shop, as_any
from tidegate.contracts.base import WriteContract
from tidegate.contracts.table import SYNTHETIC_KEY, Table
from tidegate.contracts.windows import Cursor, Window, Windows
from tidegate.destinations.registry import open_destination
from tidegate.engine.invalid import Budget, Invalid
from tidegate.engine.release import Release
from tidegate.engine.replay import Replay
from tidegate.engine.report import RunReport
from tidegate.engine.run import Options, Runner
from tidegate.engine.tasks import Task, task
from tidegate.engine.workflows import Workflow
from tidegate.http_tools.clients import Call
from tidegate.http_tools.pagination import OffsetPaginator

START = date(2026, 3, 8)


class Sale(WriteContract):
    order_id: int
    total: int = Field(ge=0)
    updated_at: AwareDatetime


def to_sale(order: ApiOrder) -> Sale | None:
    """Order 7 is dropped."""
    sale = Sale(order_id=order.id, total=order.total, updated_at=order.updated_at)
    return None if order.id == 7 else sale


def mended(order: ApiOrder) -> Sale | None:
    return to_sale(order.model_copy(update={"total": abs(order.total)}))


# "vanishing" is a merge that deletes what a run of the whole listing does not bring; rows of "keyless" have
# keys made by tidegate.
Way = Literal["append", "replace", "replace_windows", "merge", "vanishing", "keyless"]
TABLES: dict[Way, Table[Sale]] = {
    "append": Table("orders", Sale, write="append"),
    "replace": Table("orders", Sale, write="replace"),
    "replace_windows": Table("orders", Sale, write="replace_windows"),
    "merge": Table("orders", Sale, key=("order_id",), version="updated_at", write="merge"),
    "vanishing": Table(
        "orders", Sale, key=("order_id",), version="updated_at", write="merge", delete_vanished=True
    ),
    "keyless": Table("orders", Sale, key=SYNTHETIC_KEY, write="merge"),
}


def ask(acme: AcmeConnector, **params: str) -> Call[ApiOrder]:
    paging = OffsetPaginator(limit=10, identity="id", total="count")
    return acme.client.pages(
        "GET", "/orders", reads=ApiOrder, items="orders", paginator=paging, params=params
    )


def task_of(write: Way, transform: Callable[[ApiOrder], Sale | None]) -> Task[Any, Any, Any]:
    into = TABLES[write]
    if write == "replace_windows":

        @task(transform=transform, into=into, windows=Windows(refetch=1, start=START))
        def orders(acme: AcmeConnector, window: Window) -> Call[ApiOrder]:
            return ask(acme, day=str(window.first_day))

        return as_any(orders)
    if write in ("merge", "keyless"):

        @task(transform=transform, into=into, cursor=Cursor("updated_at", start=START))
        def changed(acme: AcmeConnector, window: Window) -> Call[ApiOrder]:
            return ask(acme, since=window.start.isoformat())

        return as_any(changed)

    @task(transform=transform, into=into)
    def whole(acme: AcmeConnector) -> Call[ApiOrder]:
        return ask(acme)

    return as_any(whole)


def orders_on(day: int, *, write: Way, broken: bool) -> list[dict[str, Any]]:
    """What the API holds: by the second day some have changed, and some have come; some have vanished, for
    the way to write that looks for them, and some come twice to the one that has no ids.
    """
    first = datetime(START.year, START.month, START.day, 6, tzinfo=UTC)
    made = [
        {"id": number, "total": number * 3, "updatedAt": (first + timedelta(hours=2 * number)).isoformat()}
        for number in range(24 + 12 * day)
    ]
    if day == 2:
        for number in (3, 30, 31):
            made[number] |= {"total": 1000 + number, "updatedAt": (first + timedelta(days=3)).isoformat()}
        older = (first + timedelta(days=2, hours=8)).isoformat()
        made.append({**made[30], "total": 1, "updatedAt": older})
        if broken:
            made[20]["total"] = -1  # breaks the write contract
            made[33]["total"] = "much"  # breaks the read contract
            made[33]["updatedAt"] = made[20]["updatedAt"] = (first + timedelta(days=3, hours=1)).isoformat()
        if write == "vanishing":
            del made[10:13]
        if write == "keyless":
            made += [made[34], made[34], made[35]]
    return sorted(made, key=lambda order: str(order["updatedAt"]))


@dataclass
class FilteringShop(Shop):
    """Knows `day` and `since`; notes on disk what it was asked, for whoever comes after the kill."""

    def serve(self, request: httpx2.Request) -> httpx2.Response:
        query = request.url.params
        self.answer(request)
        held = [
            order
            for order in self.orders
            if order["updatedAt"].startswith(query.get("day", ""))
            and datetime.fromisoformat(order["updatedAt"]) >= since(query.get("since"))
        ]
        fd = os.open(self.folder / ASKED, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        os.write(fd, json.dumps(sorted(query.items())).encode() + b"\n")
        os.close(fd)
        offset, limit = int(query["offset"]), int(query["limit"])
        body = {"orders": held[offset : offset + limit], "count": len(held)}
        return httpx2.Response(200, content=json.dumps(body))


def since(text: str | None) -> datetime:
    return datetime.min.replace(tzinfo=UTC) if text is None else datetime.fromisoformat(text)


def drop_capabilities() -> None:
    """Of this process, for good: root may then write no more than any owner of a file may."""
    if os.geteuid() != 0:
        return
    header = struct.pack("=II", 0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
    if ctypes.CDLL(None).capset(header, bytes(24)) != 0:
        raise OSError("capset failed")


@dataclass(frozen=True)
class Job:
    """What one process does, and what befalls it. `day` is 1 or 2; `hours` are added to its noon."""

    folder: str
    write: Way
    broken: bool = True
    day: int = 2
    hours: int = 0
    act: str = "run"  # or replay, release: of the run of day 2
    run_id: str | None = None
    unprivileged: bool = False  # permissions hold, even where the tests are run by root
    fault: dict[str, Any] | None = None
    to: str | None = None  # a destination that is not the DuckDB file of the folder

    def struck_by(self, fault: Fault) -> Job:
        return replace(self, fault=asdict(fault))


@dataclass
class Scene:
    """Plays a job in this process."""

    job: Job
    folder: Path = field(init=False)

    def __post_init__(self) -> None:
        self.folder = Path(self.job.folder)

    def play(self) -> int:
        """Do the job under its fault and give the exit code; what was counted is in `RESULT`."""
        fault = None if self.job.fault is None else Fault(**self.job.fault)
        steps = Steps(self.folder, fault)
        steps.watch()
        if self.job.to is not None:
            steps.watch_requests()
        if self.job.unprivileged:
            drop_capabilities()
        code = self._act()
        result = {"counts": steps.counts, "halves": sorted(steps.halves), "code": code}
        (self.folder / RESULT).write_text(json.dumps(result))
        return code

    def _act(self) -> int:
        if self.job.act == "release":
            runner = self.runner(mended)
            connector = runner.workflow.factory.create_connector()
            release = Release(runner.workflow, runner.destination, runner.home, connector, runner.now)
            done = release.run(runner.destination.quarantine())
            return 0 if sum(each.left for each in done) == self.job.broken else 30
        report = self._replay() if self.job.act == "replay" else self.runner().run()
        (self.folder / SAID).write_text("\n".join(task.error or "" for task in report.tasks))
        return int(report.exit_code)

    def _replay(self) -> RunReport:
        runner = self.runner(mended)
        what = self.job.run_id or ""
        return Replay(
            runner.workflow,
            runner.destination,
            runner.home,
            what,
            runner.options.invalid,
            now=runner.now,
        ).run()

    def runner(self, transform: Callable[[ApiOrder], Sale | None] = to_sale) -> Runner:
        job = self.job
        shop = FilteringShop(self.folder, orders_on(job.day, write=job.write, broken=job.broken))
        runner = shop.runner()
        runner.workflow = Workflow("acme", shop, (task_of(job.write, transform),))
        runner.options = Options(run_id=job.run_id, invalid=Invalid("quarantine", Budget(count=5)))
        now = datetime(2026, 3, 9, 12, tzinfo=UTC) + timedelta(days=job.day, hours=job.hours)
        runner.now = lambda: now
        if job.to is not None:
            runner.destination = open_destination(job.to)
        return runner
