"""What is done with runs afterwards, on a machine that has never seen them: replay, quarantine, drift, gc."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.engine.shop import ApiOrder, CleanOrder, Shop
from tests.servers.cloud_storage import BUCKET, CloudStorageServer
from tidegate.app.drift_commands import tell
from tidegate.destinations.registry import open_destination
from tidegate.engine.drift.baselines import Baselines
from tidegate.engine.drift.profile import Profile
from tidegate.engine.housekeeping import Housekeeping, Keeping, Swept
from tidegate.engine.invalid import Budget, Invalid
from tidegate.engine.record import Record
from tidegate.engine.release import Release
from tidegate.engine.replay import Replay
from tidegate.engine.run import Runner
from tidegate.utils.errors import ExitCode
from tidegate.utils.home import Home

DAY = 86400.0
RUN = "home/runs/first/orders/"


def doubled(order: ApiOrder) -> CleanOrder:
    return CleanOrder(order_id=order.id, total=order.total * 2)


class Fleet:
    def __init__(self, folder: Path) -> None:
        self.shop = Shop(folder)
        self.shop.fill(30)

    def home(self, machine: str) -> Home:
        environ = {"TIDEGATE_SCRATCH": str(self.shop.folder / "disks" / machine)}
        return Home.named(f"gs://{BUCKET}/home", self.shop.folder, environ)

    def runner(self, machine: str, *args: Any, **options: Any) -> Runner:
        return replace(self.shop.runner(*args, **options), home=self.home(machine))

    def sweep(self, machine: str, days: float, **keeping: Any) -> Swept:
        kept = Keeping(**{"keep_s": 7 * DAY, "max_bytes": 10**9, **keeping})
        return Housekeeping(
            self.home(machine), kept, open_destination, now=lambda: time.time() + days * DAY
        ).sweep()


@pytest.fixture
def fleet(tmp_path: Path, storage: CloudStorageServer) -> Fleet:
    return Fleet(tmp_path)


def test_a_run_is_replayed_by_a_machine_that_never_saw_it(fleet: Fleet, storage: CloudStorageServer) -> None:
    fleet.runner("one", run_id="first").run()
    asked, parts = len(fleet.shop.asked), storage.names(f"{RUN}all.arrow")
    there = fleet.runner("two", doubled)
    replay = Replay(there.workflow, there.destination, there.home, "first", now=there.now)
    assert replay.run().exit_code == ExitCode.OK
    assert fleet.shop.rows() == [(number, number * 6) for number in range(30)]
    assert len(fleet.shop.asked) == asked
    assert len(set(storage.names(f"{RUN}all.arrow")) - set(parts)) == 1


@pytest.mark.extended
def test_quarantined_rows_are_replayed_by_a_machine_that_never_saw_them(fleet: Fleet) -> None:
    fleet.shop.orders[3]["total"] = -1
    aside = Invalid("quarantine", Budget(share=0.5))
    assert fleet.runner("one", run_id="first", invalid=aside).run().exit_code == ExitCode.QUARANTINED
    asked = len(fleet.shop.asked)
    there = fleet.runner("two", lambda order: CleanOrder(order_id=order.id, total=abs(order.total)))
    connector = there.workflow.factory.create_connector()
    (done,) = Release(there.workflow, there.destination, there.home, connector).run(
        there.destination.quarantine()
    )
    assert (done.loaded, done.left) == (1, 0)
    assert len(fleet.shop.asked) == asked
    assert len(fleet.shop.rows()) == 30


@pytest.mark.extended
def test_drift_is_told_by_a_machine_that_never_saw_the_run(fleet: Fleet) -> None:
    fleet.runner("one", run_id="first").run()
    there = fleet.runner("two")
    told = tell(there.workflow, "orders", there.home, None)
    assert (told.run, told.rows) == ("first", 30)
    fleet.shop.orders = [{**each, "note": "new"} for each in fleet.shop.orders]
    later = fleet.runner("three", run_id="second")
    later.now = lambda: datetime(2026, 3, 11, tzinfo=UTC)
    later.run()
    told = tell(there.workflow, "orders", fleet.home("four"), None)
    assert (told.run, told.earlier_runs) == ("second", 1)
    assert [each.path for each in told.findings] == ["note"]


def test_the_profiles_of_earlier_runs_are_kept_up_to_twenty(
    fleet: Fleet, storage: CloudStorageServer
) -> None:
    for number in range(22):
        baselines = Baselines.of(fleet.home(f"machine-{number}"), "acme.orders")
        baselines.keep(f"run-{number}", datetime(2026, 3, 1, number, tzinfo=UTC), Profile())
    assert len(storage.names("home/drift/acme.orders/")) == 20
    assert len(list(Baselines.of(fleet.home("last"), "acme.orders").earlier("none"))) == 20


def test_gc_removes_what_is_past_its_time_and_leaves_the_record(
    fleet: Fleet, storage: CloudStorageServer
) -> None:
    fleet.runner("one", run_id="first").run()
    storage.write(f"{RUN}all.arrow.00000001", b"a part of contracts that have changed since")
    held = sum(len(storage.objects[each].content) for each in storage.names(RUN))
    swept = fleet.sweep("two", 6)
    assert [(each.run, each.removed) for each in swept.runs] == [("first", False)]
    swept = fleet.sweep("two", 8)
    assert [(each.run, each.removed) for each in swept.runs] == [("first", True)]
    assert swept.bytes_removed >= held
    assert storage.names(RUN) == []
    left = {Path(each).name for each in storage.names("home/runs/first/")}
    assert left >= {"plan.json", "run.json", "summary.json"}
    assert Record.of(fleet.home("three"), "first").row.exit_code == 0
    asked = len(fleet.shop.asked)
    assert fleet.runner("three", run_id="first").run().tasks[0].rows_loaded == 30
    assert len(fleet.shop.asked) == asked


@pytest.mark.extended
def test_gc_leaves_an_unfinished_run_that_another_machine_began(
    fleet: Fleet, storage: CloudStorageServer
) -> None:
    fleet.shop.orders[29]["total"] = "much"
    assert fleet.runner("one", run_id="first").run().exit_code == ExitCode.FAILED
    kept = storage.names(RUN)
    swept = fleet.sweep("two", 100)
    assert [(each.removed, each.why) for each in swept.runs] == [(False, "unfinished, untouched for 100 d")]
    assert storage.names(RUN) == kept
    assert fleet.sweep("two", 100, unfinished_s=DAY).runs[0].removed
    assert storage.names(RUN) == []


def test_gc_removes_no_file_that_an_objects_name_points_to(
    fleet: Fleet, storage: CloudStorageServer, tmp_path: Path
) -> None:
    own = tmp_path / "own.tmp"
    own.write_text("somebody's")
    fleet.runner("a", run_id="first").run()
    up = "/".join([".."] * len((fleet.home("a").root / "runs" / "first").parts))
    storage.write(f"home/runs/first/{up}{own}", b"hostile")
    fleet.sweep("a", days=8)
    assert own.read_text() == "somebody's"
