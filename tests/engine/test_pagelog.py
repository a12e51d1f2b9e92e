"""The page log keeps what it was given, survives a torn end, and refuses damage before it."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Semaphore

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.engine.exceptions import DamagedStateError, RequestChangedError, StorageError
from tidegate.engine.pagelog import PageLog, read_log

REQUEST = {"method": "GET", "url": "https://api.example/v3/orders", "params": {"sort": "asc"}}
BODIES = [b'{"orders":[{"id":%d}]}' % number * 20 for number in range(4)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "all.pages"


def written(path: Path) -> list[int]:
    """A log of all bodies; gives the size of the file after each."""
    log, sizes = PageLog(path, REQUEST), []
    for index, body in enumerate(BODIES):
        log.append(index, 200, {"offset": index}, body)
        sizes.append(path.stat().st_size)
    log.close()
    return sizes


def reopened(path: Path) -> dict[int, bytes]:
    log = PageLog(path, REQUEST)
    try:
        return {index: log.read(index)[1] for index in log.indexes}
    finally:
        log.close()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=6), st.randoms())
def test_pages_come_back_as_they_went_in(tmp_path_factory: pytest.TempPathFactory, bodies, random) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path_factory.mktemp("log") / "all.pages"
    order = list(range(len(bodies)))
    random.shuffle(order)
    log = PageLog(path, REQUEST)
    for index in order:
        log.append(index, 200, {}, bodies[index])
    log.close()
    assert reopened(path) == dict(enumerate(bodies))


def test_the_status_of_a_page_is_kept(path: Path) -> None:
    log = PageLog(path, REQUEST)
    log.append(0, 404, {}, b"{}")
    assert log.read(0) == (404, b"{}")
    log.close()


def test_only_the_owner_can_read_it(path: Path) -> None:
    written(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_cut_at_any_byte_keeps_every_whole_page(path: Path) -> None:
    sizes = written(path)
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        kept = reopened(path)
        assert kept == {n: BODIES[n] for n in range(len(BODIES)) if sizes[n] <= size}, size


def test_pages_can_be_appended_after_a_torn_end(path: Path) -> None:
    sizes = written(path)
    with path.open("r+b") as file:
        file.truncate(sizes[1] + 7)
    log = PageLog(path, REQUEST)
    log.append(2, 200, {}, b"anew")
    log.close()
    assert reopened(path) == {0: BODIES[0], 1: BODIES[1], 2: b"anew"}


@pytest.mark.parametrize(
    "tail", [b"\0" * 50, b"garbage that was never a record", b"]*M\x18\xff\xff\xff\x7f1234"]
)
def test_rubbish_behind_the_last_page_is_cut(path: Path, tail: bytes) -> None:
    *_, size = written(path)
    with path.open("ab") as file:
        file.write(tail)
    assert reopened(path) == dict(enumerate(BODIES))
    assert path.stat().st_size == size


@pytest.mark.parametrize("at", range(0, 1000, 37))
def test_a_flipped_bit_before_the_last_page_is_an_error(path: Path, at: int) -> None:
    sizes = written(path)
    whole = bytearray(path.read_bytes())
    whole[at % sizes[2]] ^= 0x10
    path.write_bytes(whole)
    with pytest.raises((DamagedStateError, RequestChangedError)) as caught:
        reopened(path)
    assert "--new" in (caught.value.hint or "")


def test_a_log_of_another_request_is_refused_and_the_change_named(path: Path) -> None:
    written(path)
    with pytest.raises(RequestChangedError, match=r"sort.*desc"):
        PageLog(path, {**REQUEST, "params": {"sort": "desc"}})


def test_starting_over_forgets_the_pages_even_after_a_crash(path: Path) -> None:
    written(path)
    log = PageLog(path, REQUEST)
    log.start_over()
    log.append(0, 200, {}, b"second start")
    log.close()
    assert reopened(path) == {0: b"second start"}


def test_a_log_that_began_anew_is_of_its_last_start_alone(path: Path) -> None:
    written(path)
    log = PageLog(path, REQUEST)
    log.start_over()
    log.close()
    with pytest.raises(RequestChangedError):  # pages came of it, though they are forgotten
        PageLog(path, {**REQUEST, "params": {}})
    log = PageLog(path, REQUEST)
    log.append(1, 200, {}, b"[1]")
    log.close()
    assert [page.body for page in read_log(path)[1]] == [b"[1]"]


def test_the_bodies_can_be_read_with_the_zstd_program(path: Path) -> None:
    written(path)
    try:
        told = subprocess.run(["zstd", "-dcq", path], capture_output=True, check=True).stdout
    except FileNotFoundError:
        import pyarrow as pa

        told = pa.input_stream(str(path), compression="zstd").read()
    assert told == b"".join(BODIES)


def test_a_disk_that_takes_a_few_bytes_at_a_time_gets_them_all(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: write(fd, data[:7], at))
    written(path)
    assert reopened(path) == dict(enumerate(BODIES))


def test_a_page_that_rots_while_the_log_is_open_is_told(path: Path) -> None:
    written(path)
    log = PageLog(path, REQUEST)
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(DamagedStateError, match="page 2 of the page log"):
        log.read(2)
    log.close()


def test_a_full_disk_is_an_error_worth_trying_again() -> None:
    with pytest.raises(StorageError, match="disk is full") as caught:
        PageLog(Path("/dev/full"), REQUEST)
    assert caught.value.exit_code == 20


class Disk:
    """What the log syncs: each sync says that it has begun, and ends, or fails, when it is let."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.syncs = 0
        self.begun, self.may_end = Semaphore(0), Semaphore(0)
        self.fails = False
        self._sync = os.fdatasync
        monkeypatch.setattr(os, "fdatasync", self.fdatasync)

    def fdatasync(self, fd: int) -> None:
        self.begun.release()
        assert self.may_end.acquire(timeout=60)
        if self.fails:
            raise OSError(errno.EIO, "the disk is gone")
        self._sync(fd)
        self.syncs += 1


def test_pages_that_arrive_together_share_a_sync_and_each_is_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, disk = PageLog(tmp_path / "a.pages", {}), Disk(monkeypatch)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(log.append, 0, 200, {}, b"[0]")
        assert disk.begun.acquire(timeout=60)
        later = [pool.submit(log.append, index, 200, {}, b"[%d]" % index) for index in range(1, 8)]
        while len(log) < 8:  # all have written, while the first is being synced
            time.sleep(0.001)
        disk.may_end.release()
        first.result()
        assert disk.begun.acquire(timeout=60)
        assert not any(each.done() for each in later)  # the sync that began before them does not count
        disk.may_end.release()
        for each in later:
            each.result()
    assert disk.syncs == 2
    log.close()
    kept = {page.body for page in read_log(tmp_path / "a.pages")[1]}
    assert kept == {b"[%d]" % index for index in range(8)}


def test_pages_are_forgotten_only_when_that_is_durable(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(path)
    log, disk = PageLog(path, REQUEST), Disk(monkeypatch)
    disk.may_end.release()
    log.start_over()
    assert disk.syncs == 1
    log.close()


def test_after_a_sync_that_failed_no_later_one_makes_pages_look_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, disk = PageLog(tmp_path / "a.pages", {}), Disk(monkeypatch)
    disk.fails = True
    disk.may_end.release(2)
    with pytest.raises(StorageError):
        log.append(0, 200, {}, b"[0]")
    disk.fails = False
    with pytest.raises(StorageError, match="the disk is gone"):
        log.append(1, 200, {}, b"[1]")
    assert disk.syncs == 0
    log.close()
