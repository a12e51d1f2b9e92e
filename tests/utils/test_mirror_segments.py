from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.servers.cloud_storage import BUCKET, CloudStorageServer
from tidegate.utils.gcp_errors import GooglePreconditionError, GoogleUnavailableError
from tidegate.utils.mirrors.base import MirrorDamagedError
from tidegate.utils.mirrors.bucket import Bucket
from tidegate.utils.mirrors.segments import SegmentLimits, Segments

FAR = SegmentLimits(1 << 30, 3600.0)
LOG = "home/runs/r/t/all.pages"


class Machine:
    """A disk with one page log on it, and what follows that."""

    def __init__(self, folder: Path, limits: SegmentLimits = FAR, patience_s: float = 30.0) -> None:
        folder.mkdir(exist_ok=True)
        self.path = folder / "all.pages"
        self.segments = Segments(
            Bucket(f"gs://{BUCKET}/home", patience_s=patience_s), "runs/r/t/all.pages", self.path, limits
        )

    def append(self, content: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(content)
        self.segments.grown(self.path.stat().st_size)


def until(storage: CloudStorageServer, count: int) -> None:
    deadline = time.monotonic() + 10
    while len(storage.names(LOG)) < count:
        assert time.monotonic() < deadline, storage.names()
        time.sleep(0.005)


def test_a_segment_is_closed_when_it_is_large_enough(storage: CloudStorageServer, tmp_path: Path) -> None:
    here = Machine(tmp_path / "a", SegmentLimits(100, 3600.0))
    here.append(b"a" * 60)
    time.sleep(0.05)
    assert storage.names(LOG) == []
    here.append(b"b" * 60)
    until(storage, 1)
    assert storage.objects[f"{LOG}/00000001"].content == b"a" * 60 + b"b" * 60
    assert here.segments.close() == 1


def test_a_segment_is_closed_when_it_is_old_enough(storage: CloudStorageServer, tmp_path: Path) -> None:
    here = Machine(tmp_path / "a", SegmentLimits(1 << 30, 0.05))
    here.append(b"one")
    until(storage, 1)
    here.append(b"two")
    until(storage, 2)
    assert [storage.objects[name].content for name in storage.names(LOG)] == [b"one", b"two"]
    here.segments.close()


def test_what_comes_while_a_segment_goes_up_is_old_enough_in_its_time(
    storage: CloudStorageServer, tmp_path: Path
) -> None:
    here = Machine(tmp_path / "a", SegmentLimits(1 << 30, 0.05))
    storage.latency_s = 0.3
    here.append(b"one")
    time.sleep(0.15)  # it is on its way
    here.append(b"two")
    until(storage, 2)
    here.segments.close()


def test_the_last_segment_is_closed_with_the_log(storage: CloudStorageServer, tmp_path: Path) -> None:
    here = Machine(tmp_path / "a")
    here.append(b"one")
    here.append(b"two")
    assert here.segments.close() == 1
    assert storage.objects[f"{LOG}/00000001"].content == b"onetwo"
    assert here.segments.close() == 1


def test_another_machine_has_the_closed_segments_and_goes_on_behind_them(
    storage: CloudStorageServer, tmp_path: Path
) -> None:
    here, there = Machine(tmp_path / "a"), Machine(tmp_path / "b")
    here.append(b"one")
    here.segments.close()
    there.segments.restore()
    assert there.path.read_bytes() == b"one"
    there.append(b"two")
    assert there.segments.close() == 2
    third = Machine(tmp_path / "c")
    third.segments.restore(2)
    assert third.path.read_bytes() == b"onetwo"
    assert "list" not in storage.counts()


def test_what_only_this_machine_has_stays_and_is_kept_with_the_next_page(
    storage: CloudStorageServer, tmp_path: Path
) -> None:
    first = Machine(tmp_path / "a")
    first.append(b"one")
    first.segments.close()
    with first.path.open("ab") as file:
        file.write(b"two")  # and then the process was killed
    again = Machine(tmp_path / "a")
    again.segments.restore()
    again.append(b"three")
    again.segments.close()
    assert storage.objects[f"{LOG}/00000002"].content == b"twothree"
    assert storage.counts()["download"] == 0


def test_pages_that_another_machine_has_fetched_meanwhile_replace_those_of_this_one(
    storage: CloudStorageServer, tmp_path: Path
) -> None:
    here, there = Machine(tmp_path / "a"), Machine(tmp_path / "b")
    here.append(b"one")
    here.segments.close()
    with here.path.open("ab") as file:
        file.write(b"lost")
    there.segments.restore()
    there.append(b"two")
    there.segments.close()
    again = Machine(tmp_path / "a")
    again.segments.restore()
    assert again.path.read_bytes() == b"onetwo"


def test_two_writers_of_one_log_are_told(storage: CloudStorageServer, tmp_path: Path) -> None:
    here, there = Machine(tmp_path / "a"), Machine(tmp_path / "b")
    there.append(b"two")
    there.segments.close()
    here.append(b"one")
    with pytest.raises(GooglePreconditionError, match="somebody else has written"):
        here.segments.close()
    with pytest.raises(GooglePreconditionError):
        here.segments.grown(99)
    assert storage.objects[f"{LOG}/00000001"].content == b"two"


def test_segments_that_are_gone_are_told(storage: CloudStorageServer, tmp_path: Path) -> None:
    here = Machine(tmp_path / "a", SegmentLimits(1, 3600.0))
    for number in range(1, 4):
        here.append(b"page")
        until(storage, number)
    here.segments.close()
    del storage.objects[f"{LOG}/00000002"]
    with pytest.raises(MirrorDamagedError, match="00000002 is gone, one of 3"):
        Machine(tmp_path / "b").segments.restore(3)


def test_a_log_that_was_never_kept_is_not_made(storage: CloudStorageServer, tmp_path: Path) -> None:
    there = Machine(tmp_path / "b")
    there.segments.restore()
    assert not there.path.exists()
    assert there.segments.close() == 0


def test_what_keeping_fails_with_is_raised_to_who_writes(storage: CloudStorageServer, tmp_path: Path) -> None:
    storage.fail("insert", "pages", 1000)
    here = Machine(tmp_path / "a", SegmentLimits(1, 3600.0), patience_s=0.05)
    here.append(b"one")
    with pytest.raises(GoogleUnavailableError):  # noqa: PT012 - whichever page is the first to be told
        for _ in range(1000):
            time.sleep(0.005)
            here.append(b"more")
    with pytest.raises(GoogleUnavailableError):
        here.segments.close()


def test_a_bucket_that_recovers_has_every_page_once(storage: CloudStorageServer, tmp_path: Path) -> None:
    storage.fail("insert", "00000002", 2)
    storage.fail("insert", "00000003", 1, after=True)
    here = Machine(tmp_path / "a", SegmentLimits(1, 3600.0))
    for number in range(1, 5):
        here.append(b"%d" % number)
        until(storage, number)
    assert here.segments.close() == 4
    there = Machine(tmp_path / "b")
    there.segments.restore(4)
    assert there.path.read_bytes() == b"1234"
