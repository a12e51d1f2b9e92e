"""Runs whose state folder is in Cloud Storage, by machines whose own disks are empty."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.engine.branches import Branches, daily, lines, orders
from tests.servers.cloud_storage import BUCKET, CloudStorageServer
from tidegate.engine.exceptions import LockHeldError
from tidegate.engine.ledger import Ledger
from tidegate.engine.locks import run_lock
from tidegate.engine.pagelog import PageLog, read_log
from tidegate.engine.record import Record
from tidegate.engine.report import RunReport
from tidegate.engine.run import Runner
from tidegate.engine.shards import Shard
from tidegate.engine.state_files import save_once
from tidegate.engine.tasks import Task
from tidegate.utils.errors import ExitCode
from tidegate.utils.gcp_errors import GoogleNotFoundError, GooglePermissionError
from tidegate.utils.home import Home
from tidegate.utils.mirrors.cloud_storage import CloudStorage
from tidegate.utils.mirrors.leases import BucketLease
from tidegate.utils.mirrors.mounts import mounted
from tidegate.utils.mirrors.segments import SegmentLimits

EACH_PAGE = SegmentLimits(1, 3600.0)
NONE_YET = SegmentLimits(1 << 30, 3600.0)


class Fleet:
    """Machines that share an API, a warehouse and a bucket, but no disk."""

    def __init__(self, folder: Path, tasks: tuple[Task[Any, Any, Any], ...] = (orders, lines)) -> None:
        self.folder = folder
        self.api = Branches(folder, tasks=tasks, per_account=3)

    def home(self, machine: str, limits: SegmentLimits = EACH_PAGE, bucket: str = BUCKET) -> Home:
        environ = {"TIDEGATE_SCRATCH": str(self.folder / "disks" / machine)}
        return Home.named(f"gs://{bucket}/home", self.folder, environ, limits)

    def runner(
        self, machine: str, limits: SegmentLimits = EACH_PAGE, bucket: str = BUCKET, **options: Any
    ) -> Runner:
        return replace(self.api.runner(**options), home=self.home(machine, limits, bucket))

    def own_home(self, machine: str, **how: float) -> Home:
        """One that is not as the settings make it."""
        root = self.folder / "disks" / machine
        root.mkdir(parents=True)
        url = f"gs://{BUCKET}/home"

        def make() -> CloudStorage:
            return CloudStorage(root, url, place=machine, where=machine, limits=EACH_PAGE, **how)

        return Home(root, mounted(root, make))

    def tables(self) -> list[list[tuple[Any, ...]]]:
        return [self.api.table(each.into.name) for each in self.api.tasks]

    def break_at(self, path: str) -> None:
        """The API answers 400 where the path and query begin so, until `mend`."""

        def answer(request: httpx2.Request) -> httpx2.Response | None:
            asked = f"{request.url.path}?{request.url.params}"
            return httpx2.Response(400) if asked.startswith(path) else None

        self.api.answer = answer

    def mend(self) -> None:
        self.api.answer = lambda _: None


@pytest.fixture
def fleet(tmp_path: Path, storage: CloudStorageServer) -> Fleet:
    return Fleet(tmp_path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[list[tuple[Any, ...]]]:
    """What the tables hold after one run with a local home."""
    api = Branches(tmp_path_factory.mktemp("whole"), per_account=3)
    done(api.runner().run())
    return [api.table(each.into.name) for each in api.tasks]


def done(report: RunReport, status: str = "loaded") -> RunReport:
    assert [(each.status, each.error) for each in report.tasks] == [(status, None)] * len(report.tasks)
    return report


def test_a_run_resumes_on_a_machine_with_an_empty_disk(
    fleet: Fleet, storage: CloudStorageServer, whole: list[Any]
) -> None:
    fleet.break_at("/orders/centre")
    first = fleet.runner("one").run()
    assert first.exit_code == ExitCode.FAILED
    asked = set(fleet.api.asked)
    fleet.mend()
    fleet.api.asked.clear()
    report = done(fleet.runner("two").run())
    assert report.run_id == first.run_id
    assert fleet.tables() == whole
    again = asked & set(fleet.api.asked)
    assert all("centre" in each for each in again), again


@pytest.mark.extended
def test_every_page_of_a_closed_segment_is_asked_for_once(fleet: Fleet, storage: CloudStorageServer) -> None:
    at_lines = "/lines/2002"
    fleet.break_at(at_lines)
    fleet.runner("one", run_id="r").run()
    fleet.mend()
    done(fleet.runner("two", run_id="r").run())
    counted = {each: fleet.api.asked.count(each) for each in fleet.api.asked if at_lines not in each}
    assert set(counted.values()) == {1}


def test_the_same_id_that_is_finished_does_nothing_on_another_machine(fleet: Fleet) -> None:
    first = done(fleet.runner("one", run_id="r").run())
    asked = len(fleet.api.asked)
    again = fleet.runner("two", run_id="r").run()
    assert [each.rows_loaded for each in again.tasks] == [each.rows_loaded for each in first.tasks]
    assert len(fleet.api.asked) == asked


@pytest.mark.extended
def test_the_same_command_begins_a_new_run_when_the_last_one_has_loaded_elsewhere(fleet: Fleet) -> None:
    first = done(fleet.runner("one").run())
    second = done(fleet.runner("two").run())
    assert second.run_id != first.run_id
    third = done(fleet.runner("one").run())
    assert third.run_id not in (first.run_id, second.run_id)


@pytest.mark.extended
def test_parts_are_fetched_and_not_built_again(fleet: Fleet, storage: CloudStorageServer) -> None:
    fleet.break_at("/lines/2002")
    fleet.runner("one", run_id="r").run()
    parts = set(storage.names("home/runs/r/orders/"))
    storage.asked.clear()
    fleet.mend()
    report = done(fleet.runner("two", run_id="r").run())
    assert set(storage.names("home/runs/r/orders/")) == parts
    assert report.tasks[0].api_calls == 0
    assert not [each for each in storage.asked if each.what == "download" and ".pages/" in each.name
                and "/orders/" in each.name and "centre" not in each.name]  # fmt: skip


def test_no_object_of_a_run_is_listed_or_written_twice(fleet: Fleet, storage: CloudStorageServer) -> None:
    done(fleet.runner("one", run_id="r").run())
    listed = [each.name for each in storage.asked if each.what == "list"]
    assert all(each.startswith("home/drift/") for each in listed), listed
    written = [each.name for each in storage.asked if each.what == "insert" and "/runs/r/" in each.name]
    assert len(written) == len(set(written))
    guarded = {each.name for each in storage.asked if each.query.get("ifGenerationMatch") == "0"}
    # parts are read again where the disk is getting full
    read = [each.name for each in storage.asked if "/runs/r/orders/" in each.name and each.what != "insert"]
    assert [each for each in read if ".arrow." not in each] == []
    told = ("summary.json", "timeline.json", ".profile")
    assert {each for each in written if not each.endswith(told)} <= guarded


def test_a_manifest_is_kept_after_everything_it_names(fleet: Fleet, storage: CloudStorageServer) -> None:
    done(fleet.runner("one", run_id="r").run())
    order = [each.name.removeprefix("home/runs/r/orders/") for each in storage.asked if each.what == "insert"]
    for manifest in (each for each in order if each.endswith(".json") and "/" not in each):
        name = manifest.removesuffix(".json")
        of_slice = [each for each in order if each.startswith(f"{name}.")]
        assert of_slice[-1] == manifest
        assert any(".pages/" in each for each in of_slice)


@pytest.mark.extended
def test_a_part_of_other_contracts_is_an_object_of_its_own(fleet: Fleet, storage: CloudStorageServer) -> None:
    fleet.break_at("/orders/centre?limit")
    fleet.runner("one", run_id="r").run()
    before = storage.names("home/runs/r/orders/")
    manifests = {each: storage.objects[each].content for each in before if each.endswith(".json")}
    for name, content in manifests.items():
        storage.write(
            name, json.dumps(json.loads(content) | {"build": "of other contracts", "crc32": 1}).encode()
        )
    fleet.mend()
    done(fleet.runner("two", run_id="r").run())
    for name, content in manifests.items():
        assert json.loads(storage.objects[name].content)["build"] == json.loads(content)["build"]
        versions = storage.names(name.removesuffix("json") + "arrow.")
        assert versions == [each for each in before if each in versions]
    assert not [each for each in fleet.api.asked if fleet.api.asked.count(each) > 1 and "centre" not in each]


def test_a_second_run_on_another_machine_exits_40_and_names_the_first(fleet: Fleet) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def answer(_: httpx2.Request) -> None:
        asked.set()
        assert go_on.wait(20)

    fleet.api.answer = answer
    reports: list[RunReport] = []
    first = threading.Thread(target=lambda: reports.append(fleet.runner("one", run_id="first").run()))
    first.start()
    try:
        assert asked.wait(20)
        for options in ({"run_id": "second"}, {"run_id": "first"}, {}, {"new": True}):
            with pytest.raises(LockHeldError, match="in the hands of run first") as caught:
                fleet.runner("two", **options).run()
            assert caught.value.exit_code == ExitCode.LOST
    finally:
        go_on.set()
        first.join()
    done(reports[0])
    done(fleet.runner("two", run_id="second").run())


@pytest.mark.parametrize(
    ("bucket", "denied", "error"),
    [("no-such-lake", False, GoogleNotFoundError), (BUCKET, True, GooglePermissionError)],
)
def test_a_bucket_that_cannot_be_used_is_told_before_anything_is_fetched(
    fleet: Fleet, storage: CloudStorageServer, bucket: str, denied: bool, error: type[Exception]
) -> None:
    if denied:
        storage.fail("insert", "", 1000, status=403, message="me lacks storage.objects.create")
    with pytest.raises(error, match=f"gs://{bucket}/home") as caught:
        fleet.runner("one", bucket=bucket).run()
    assert getattr(caught.value, "hint", None)
    assert fleet.api.asked == []


@pytest.mark.extended
def test_three_steps_on_five_disks_are_as_one_run(fleet: Fleet, whole: list[Any]) -> None:
    fleet.runner("planner", run_id="r").plan()
    assert fleet.api.asked == []
    for stage in (1, 2):
        for number in (3, 1, 2):
            done(
                fleet.runner(f"{stage}-{number}", run_id="r").extract(Shard(number, 3), stage=stage),
                "extracted",
            )
    asked = len(fleet.api.asked)
    assert len(set(fleet.api.asked)) == asked
    report = done(fleet.runner("committer", run_id="r").commit())
    assert fleet.tables() == whole
    assert len(fleet.api.asked) == asked
    assert sum(each.api_calls for each in report.tasks) == asked


@pytest.mark.extended
def test_another_machine_tells_what_ran(fleet: Fleet) -> None:
    fleet.break_at("/lines/2002")
    fleet.runner("one", run_id="first").run()
    fleet.mend()
    done(fleet.runner("one", run_id="second").run())
    home = fleet.home("two")
    with Ledger(home) as ledger:
        assert [row.run_id for row in ledger.runs()] == ["second", "first"]
        assert [row.run_id for row in ledger.runs(1)] == ["second"]
        assert [row.exit_code for row in ledger.runs()] == [0, 30]
    record = Record.of(home, "first")
    assert record.course is not None
    states = {each.task: each.counts for each in record.slices}
    assert states["branches.orders"]["ran"] == 5
    assert states["branches.lines"]["begun"] + states["branches.lines"]["waits"] >= 1


@pytest.mark.extended
def test_an_upload_that_fails_and_recovers_harms_nothing(
    fleet: Fleet, storage: CloudStorageServer, whole: list[Any]
) -> None:
    storage.fail("insert", r"orders/.*\.pages/", 2)
    storage.fail("insert", r"\.arrow", 1, after=True)
    storage.fail("insert", r"\.json$", 2, after=True)
    done(fleet.runner("one").run())
    assert fleet.tables() == whole


@pytest.mark.extended
def test_a_bucket_that_is_gone_for_good_ends_the_run_as_worth_trying_again(
    fleet: Fleet, storage: CloudStorageServer, whole: list[Any]
) -> None:
    runner = replace(fleet.api.runner(run_id="r"), home=fleet.own_home("one", patience_s=0.1))
    storage.fail("insert", r"orders/.*\.pages/", 1_000_000)
    report = runner.run()
    assert report.tasks[0].exit_code == ExitCode.TRY_AGAIN
    storage.faults.clear()
    done(fleet.runner("two", run_id="r").run())
    assert fleet.tables() == whole


@pytest.mark.extended
def test_pages_that_are_in_no_closed_segment_are_all_that_a_crash_can_lose(
    tmp_path: Path, storage: CloudStorageServer
) -> None:
    """What such a crash leaves: slices without a segment, beside others that are whole."""
    fleet = Fleet(tmp_path, tasks=(daily,))
    fleet.break_at("/orders/centre?first=2026-03-10")
    fleet.runner("one", NONE_YET, run_id="r").run()
    lost = [each for each in storage.names("home/runs/r/daily/") if each.endswith("00000001")][:2]
    for name in lost:
        slice_id = Path(name).parent.stem
        for each in storage.names(f"home/runs/r/daily/{slice_id}."):
            del storage.objects[each]
    fleet.mend()
    fleet.api.asked.clear()
    done(fleet.runner("two", run_id="r").run())
    assert len(fleet.api.asked) == len(lost) + 1
    assert len(fleet.api.table("daily")) == 25


@pytest.mark.extended
def test_what_is_kept_is_taken_off_the_scratch_disk(fleet: Fleet) -> None:
    done(fleet.runner("one", run_id="r").run())
    logs = list((fleet.folder / "disks" / "one").rglob("*.pages"))
    assert logs
    assert sum(each.stat().st_size for each in logs) == 0


@pytest.mark.parametrize(
    "file", ["centre-{id}.pages", pytest.param("north-{id}.json.tmp", marks=pytest.mark.extended)]
)
def test_a_scratch_disk_that_is_full_is_worth_trying_again(
    fleet: Fleet, storage: CloudStorageServer, whole: list[Any], file: str
) -> None:
    fleet.break_at("/orders/centre?limit=3&offset=1")
    fleet.runner("one", run_id="r").run()
    name, _, ending = file.partition("-{id}")
    (slice_id,) = {
        Path(each.removeprefix("home/runs/r/orders/")).parts[0].split(".")[0]
        for each in storage.names(f"home/runs/r/orders/{name}-")
    }
    folder = fleet.home("two").run("r") / "orders"
    folder.mkdir()
    (folder / f"{slice_id}{ending}").symlink_to("/dev/full")  # every write finds the disk full
    fleet.mend()
    report = fleet.runner("two", run_id="r").run()
    assert (report.tasks[0].exit_code, "disk is full" in str(report.tasks[0].error)) == (20, True)
    done(fleet.runner("three", run_id="r").run())
    assert fleet.tables() == whole


def test_pages_that_only_this_disk_has_are_kept_when_their_log_is_opened_again(
    fleet: Fleet, storage: CloudStorageServer
) -> None:
    path = fleet.home("one").run("r") / "all.pages"
    log = PageLog(path, {})
    log.append(0, 200, {}, b"page")
    log.append(1, 200, {}, b"page")
    log.close()
    kept = {name: storage.objects.pop(name) for name in storage.names()}
    again = PageLog(path, {})
    assert again.indexes == (0, 1)
    again.seal()
    again.close()
    assert b"".join(storage.objects[each].content for each in storage.names()) == b"".join(
        kept[each].content for each in sorted(kept)
    )
    elsewhere = PageLog(fleet.home("two").run("r") / "all.pages", {})
    assert elsewhere.read(1) == (200, b"page")
    elsewhere.close()


def test_a_run_that_is_stopped_leaves_every_page_in_the_bucket(
    fleet: Fleet, storage: CloudStorageServer, whole: list[Any]
) -> None:
    first = fleet.runner("one", NONE_YET, run_id="r")
    answered: list[str] = []

    def answer(request: httpx2.Request) -> None:
        answered.append(str(request.url))
        if len(answered) == 8:
            first.stop.set()

    fleet.api.answer = answer
    assert first.run().exit_code == ExitCode.TRY_AGAIN
    assert len(answered) >= 8
    logs = [each for each in (fleet.folder / "disks").rglob("*.pages") if len(read_log(each)[1])]
    assert logs
    for log in logs:
        kept = storage.names(f"home/runs/r/orders/{log.name}/")
        assert b"".join(storage.objects[each].content for each in kept) == log.read_bytes()
    fleet.mend()
    done(fleet.runner("two", run_id="r").run())
    assert fleet.tables() == whole


def test_of_a_log_without_a_page_nothing_is_kept_so_that_its_request_can_be_mended(
    fleet: Fleet, storage: CloudStorageServer
) -> None:
    path = fleet.home("one").run("r") / "all.pages"
    PageLog(path, {"url": "wrong"}).close()
    assert storage.names() == []
    log = PageLog(path, {"url": "right"})
    log.append(0, 200, {}, b"page")
    log.close()
    elsewhere = PageLog(fleet.home("two").run("r") / "all.pages", {"url": "right"})
    assert elsewhere.read(0) == (200, b"page")
    elsewhere.close()


def test_of_a_log_whose_listing_has_moved_another_machine_has_the_last_start(
    fleet: Fleet, storage: CloudStorageServer
) -> None:
    log = PageLog(fleet.home("one").run("r") / "all.pages", {})
    log.append(0, 200, {}, b"before")
    log.start_over()
    log.append(0, 200, {}, b"after")
    log.close()
    elsewhere = PageLog(fleet.home("two").run("r") / "all.pages", {})
    assert (elsewhere.starts, elsewhere.read(0)) == (2, (200, b"after"))
    elsewhere.close()


@pytest.mark.extended
def test_of_a_disk_that_is_getting_full_parts_are_taken_off_and_read_from_the_bucket(
    fleet: Fleet, storage: CloudStorageServer, whole: list[Any]
) -> None:
    fleet.break_at("/lines/2002")
    replace(fleet.api.runner(run_id="r"), home=fleet.own_home("one", free_share=2.0)).run()
    fleet.mend()
    done(replace(fleet.api.runner(run_id="r"), home=fleet.own_home("two", free_share=2.0)).run())
    assert fleet.tables() == whole
    assert not [*fleet.folder.rglob("*.arrow*"), *fleet.folder.rglob("*.tmp")]
    assert [each for each in storage.asked if each.what == "download" and ".arrow." in each.name]


@pytest.mark.extended
def test_a_slice_whose_segments_are_gone_is_told_and_not_fetched_again(
    fleet: Fleet, storage: CloudStorageServer
) -> None:
    fleet.break_at("/orders/centre?limit")
    fleet.runner("one", run_id="r").run()
    (manifest,) = (each for each in storage.names("home/runs/r/orders/north") if each.endswith(".json"))
    told = json.loads(storage.objects[manifest].content)
    storage.write(manifest, json.dumps(told | {"build": "of other contracts"}).encode())
    for each in storage.names(manifest.removesuffix("json") + "pages/"):
        del storage.objects[each]
    fleet.mend()
    fleet.api.asked.clear()
    report = fleet.runner("two", run_id="r").run()
    assert report.tasks[0].exit_code == ExitCode.FAILED
    assert "00000001 is gone" in str(report.tasks[0].error)
    assert not [each for each in fleet.api.asked if "north" in each]


def test_a_page_log_that_another_machine_wrote_behind_our_back_ends_the_slice_as_lost(
    fleet: Fleet, storage: CloudStorageServer
) -> None:
    def answer(request: httpx2.Request) -> None:
        if request.url.path == "/orders/north":
            (manifest,) = {each.id for each in planned if each.values == ("north",)}
            storage.write(f"home/runs/r/orders/{manifest}.pages/00000001", b"of another machine")

    planned = fleet.runner("one", run_id="r").plan().tasks[0].slices
    fleet.api.answer = answer
    report = fleet.runner("one", run_id="r").run()
    assert report.tasks[0].exit_code == ExitCode.LOST
    assert "somebody else has written it meanwhile" in str(report.tasks[0].error)


def test_a_part_that_is_not_what_was_built_is_not_loaded_but_built_again(
    fleet: Fleet, storage: CloudStorageServer, whole: list[Any]
) -> None:
    fleet.break_at("/lines/2002")
    fleet.runner("one", run_id="r").run()
    changed, other = [each for each in storage.names("home/runs/r/lines/") if ".arrow." in each][:2]
    storage.write(changed, storage.objects[other].content)
    asked = set(fleet.api.asked)
    fleet.api.asked.clear()
    fleet.mend()
    report = fleet.runner("two", run_id="r").run()
    assert report.exit_code == ExitCode.FAILED
    assert "damaged" in str(report.tasks[1].error)
    done(fleet.runner("three", run_id="r").run())
    assert fleet.tables() == whole
    assert not [each for each in asked.intersection(fleet.api.asked) if "/lines/2002" not in each]


def test_a_lock_whose_lease_was_taken_over_is_no_lock_any_more(
    fleet: Fleet, storage: CloudStorageServer
) -> None:
    home = fleet.home("one")
    with Ledger(home) as ledger:
        lock = run_lock(home, ledger, "r")
        (lease,) = storage.names("home/leases/")
        storage.write(lease, json.dumps({"owner": "other", "where": "elsewhere"}).encode())
        assert isinstance(lock._lease, BucketLease)
        lock._lease._written -= 2.0
        with pytest.raises(LockHeldError, match=r"run other has taken over \(elsewhere"):
            lock.check()
        lock.release()
    assert storage.names("home/leases/") == [lease]


def test_what_was_never_kept_is_saved_once_all_the_same(fleet: Fleet, storage: CloudStorageServer) -> None:
    path = fleet.home("one").run("r") / "plan.orders.json"
    path.write_text("{}")
    assert save_once(path, {"slices": []})
    assert not save_once(path, {"slices": [1]})
    assert json.loads(storage.objects["home/runs/r/plan.orders.json"].content) == {"slices": []}
