"""Parquet alone: the manifest, the files behind it, and a writer that dies or may not write."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.destinations.evolving import contract, held, land, rows_of
from tests.destinations.suite import APPEND, MERGE, NOW, REPLACE, WINDOWS, Row, commit, row, stored
from tidegate.contracts.table import LOADED_AT_COLUMN, RUN_COLUMN, Table
from tidegate.destinations.base import Commit
from tidegate.destinations.exceptions import (
    CommitLostError,
    DestinationBusyError,
    DestinationError,
    DestinationUnavailableError,
)
from tidegate.destinations.parquet import ParquetDestination
from tidegate.destinations.parquet_folder import Changing
from tidegate.destinations.registry import open_destination
from tidegate.utils.encoding import Encoder
from tidegate.utils.errors import ExitCode, UsageError
from tidegate.utils.schemas import pydantic_to_arrow_schema

NEXT_YEAR = datetime.now(UTC) + timedelta(days=365)


@pytest.fixture
def to(tmp_path: Path) -> ParquetDestination:
    return ParquetDestination(tmp_path / "shop", busy_wait_s=0.1)


def test_files_carry_the_types_of_the_contract_and_are_compressed_with_zstd(to: ParquetDestination) -> None:
    commit(to, APPEND, [row(1, "a", 1)])
    (path,) = to.files("rows")
    schema = pq.read_schema(path)
    run = pa.field(RUN_COLUMN, pa.string(), nullable=False)
    loaded_at = pa.field(LOADED_AT_COLUMN, pa.timestamp("us", tz="UTC"), nullable=False)
    assert schema.remove_metadata() == pa.schema([*pydantic_to_arrow_schema(Row), run, loaded_at])
    assert pq.read_metadata(path).row_group(0).column(0).compression == "ZSTD"


def test_row_groups_join_the_small_batches_of_a_commit(to: ParquetDestination) -> None:
    batch = Encoder(Row).encode([row(number, "x") for number in range(1000)])
    to.commit(Commit("c1", "r1", "api.rows", APPEND, 0, None, NOW, lambda: iter([batch] * 200)))
    (path,) = to.files("rows")
    metadata = pq.read_metadata(path)
    assert metadata.num_rows == 200_000
    assert metadata.num_row_groups == 2


def test_a_file_holds_one_cell_and_cells_that_are_not_replaced_keep_their_files(
    to: ParquetDestination,
) -> None:
    one, two = date(2026, 1, 1), date(2026, 1, 2)
    commit(
        to,
        WINDOWS,
        [row(1, "a"), row(2, "b"), row(3, "c")],
        id="c1",
        cells=[one, two, one],
        windows=[one, two],
    )
    before = to.files("rows")
    assert sorted(pq.read_metadata(path).num_rows for path in before) == [1, 2]
    commit(to, WINDOWS, [], id="c2", windows=[one])
    (left,) = to.files("rows")
    assert left in before
    assert stored(to, "id") == [(2,)]


def test_a_merge_writes_anew_only_the_files_that_hold_replaced_keys(to: ParquetDestination) -> None:
    commit(to, MERGE, [row(1, "a", 1), row(2, "a", 1)], id="c1")
    commit(to, MERGE, [row(3, "b", 1)], id="c2")
    first, second = to.files("rows")
    commit(to, MERGE, [row(3, "c", 2), row(1, "old", None)], id="c3")
    now = to.files("rows")
    assert first in now
    assert second not in now
    assert stored(to, "id", "text") == [(1, "a"), (2, "a"), (3, "c")]


def test_a_table_without_rows_is_read_with_its_types(to: ParquetDestination) -> None:
    commit(to, REPLACE, [row(1, "a")], id="c1")
    commit(to, REPLACE, [], id="c2")
    found = duckdb.read_parquet(to.files("rows"))
    assert (found.columns[:2], found.fetchall()) == (["id", "text"], [])


def test_files_and_folders_are_their_owners_alone(to: ParquetDestination) -> None:
    before = os.umask(0)
    try:
        commit(to, APPEND, [row(1, "a")])
    finally:
        os.umask(before)
    places = [to.path, *to.path.rglob("*")]
    modes = {stat.S_IMODE(place.stat().st_mode) for place in places if place.is_file()}
    assert modes == {0o600}
    assert {stat.S_IMODE(place.stat().st_mode) for place in places if place.is_dir()} == {0o700}


def test_files_that_count_no_more_stay_for_readers_and_are_abandoned_from_then_on(
    to: ParquetDestination,
) -> None:
    commit(to, REPLACE, [row(1, "old")], id="c1")
    (old,) = to.files("rows")
    os.utime(old, (0, 0))
    between = datetime.now(UTC) - timedelta(minutes=1)
    commit(to, REPLACE, [row(1, "new")], id="c2")
    assert pq.read_table(old).column("text").to_pylist() == ["old"]
    assert to.abandoned(between) == []
    assert to.abandoned(NEXT_YEAR) == [Path(old)]


def test_a_change_of_types_rewrites_the_files_and_a_relaxed_column_does_not(to: ParquetDestination) -> None:
    land(to, rows_of(id=int, note=str), [{"id": 1, "note": "a"}])
    before = to.files("rows")
    land(to, rows_of(id=int, note=(str | None, None)), [])
    assert to.files("rows") == before
    land(to, rows_of(id=int, note=(str | None, None), tags=(list[str], [])), [])
    assert to.files("rows") != before
    assert held(to) == [{"id": 1, "note": "a", "tags": []}]


def test_a_name_that_differs_by_case_is_refused_before_anything_is_fetched(to: ParquetDestination) -> None:
    land(to, Table("rows", contract(id=int)), [{"id": 1}])
    with pytest.raises(DestinationError, match="ID is spelled id there"):
        to.prepare(Table("rows", contract(ID=int)))
    land(to, Table("ROWS", contract(id=int)), [{"id": 2}])
    assert held(to) == [{"id": 1}, {"id": 2}]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (Table("t" * 201, Row), "more than 200 characters"),
        (
            Table("rows", contract(file_row_number=int), key=("file_row_number",), write="merge"),
            "takes no column named file_row_number",
        ),
    ],
)
def test_what_cannot_be_written_is_refused_by_prepare(
    to: ParquetDestination, table: Table[Any], said: str
) -> None:
    with pytest.raises(DestinationError, match=said):
        to.prepare(table)


def test_places_that_cannot_be_written_are_refused_with_advice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    for path, said in [
        (tmp_path / "no" / "shop", "no is not a folder"),
        (tmp_path / "file", "file is not a folder"),
        (tmp_path / "a*b", "for a pattern"),
    ]:
        with pytest.raises(DestinationError, match=said) as caught:
            ParquetDestination(path).prepare(APPEND)
        assert caught.value.exit_code is ExitCode.FAILED
    with pytest.raises(DestinationError, match="Not a directory"):
        ParquetDestination(tmp_path / "file").cursor("api.rows")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(DestinationError, match="cannot be written"):
        ParquetDestination(tmp_path / "shop").prepare(APPEND)


def test_a_full_disk_leaves_nothing_and_is_worth_trying_again(
    to: ParquetDestination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # a module would be cached in part
    commit(to, APPEND, [row(1, "a")], id="c1")
    before = sorted(to.path.rglob("*"))
    noise = [row(number, os.urandom(50).hex()) for number in range(2000)]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(DestinationUnavailableError, match="File too large") as caught:
            commit(to, APPEND, noise, id="c2")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.exit_code is ExitCode.TRY_AGAIN
    assert sorted(to.path.rglob("*")) == before
    assert commit(to, APPEND, noise, id="c2").loaded == 2000


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 2}'])
def test_a_damaged_manifest_is_an_error_and_left_alone(to: ParquetDestination, content: str) -> None:
    commit(to, APPEND, [row(1, "a")])
    manifest = to.path / "manifest.json"
    manifest.write_text(content)
    for attempt in (lambda: to.cursor("api.rows"), lambda: commit(to, APPEND, [], id="c2", seen=1)):
        with pytest.raises(DestinationError, match="is no manifest"):
            attempt()
    assert manifest.read_text() == content


def test_a_damaged_file_is_an_error_that_names_it(to: ParquetDestination) -> None:
    commit(to, MERGE, [row(1, "a", 1)])
    (path,) = to.files("rows")
    Path(path).write_bytes(b"PAR1")
    for attempt in (lambda: to.sample("rows", 1), lambda: commit(to, MERGE, [row(1, "b", 2)], id="c2")):
        with pytest.raises(DestinationError, match=Path(path).name):
            attempt()
    assert to.cursor("api.rows").version == 1


_HOLD = """
import sys
from pathlib import Path
from tidegate.destinations.parquet_folder import Folder
with Folder(Path(sys.argv[1]), 1.0).changing():
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_folder_that_another_process_changes_is_busy_until_that_dies(to: ParquetDestination) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(to.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DestinationBusyError, match=f"process {holder.pid} is changing it"):
            commit(to, APPEND, [], seen=0)
        assert to.freshness() == []
        holder.kill()
    assert commit(to, APPEND, [row(1, "a")]).loaded == 1


def test_threads_take_turns_and_no_commit_is_lost(tmp_path: Path) -> None:
    to = ParquetDestination(tmp_path / "shop")
    threads = [
        threading.Thread(
            target=commit, args=(to, APPEND, [row(n, "a")]), kwargs={"id": f"c{n}", "task": f"t{n}"}
        )
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stored(to, "id") == [(0,), (1,), (2,), (3,)]


def test_of_two_that_read_the_same_manifest_one_wins_even_where_locks_do_not_hold(
    to: ParquetDestination,
) -> None:
    commit(to, APPEND, [row(1, "a")], id="c1")
    first, second = Changing(to.path), Changing(to.path)
    first.put(first.before)
    before = (to.path / "manifest.json").read_bytes()
    with pytest.raises(CommitLostError, match="another process changed it"):
        second.put(second.before)
    second.clean()
    assert (to.path / "manifest.json").read_bytes() == before
    assert not [path for path in to.path.iterdir() if path.suffix == ".new"]


_CRASH_AT_EVERY_STEP = """
import os, signal, sys
from pathlib import Path
from tests.destinations.suite import commit, row
from tests.destinations import suite
from tidegate.destinations.parquet import ParquetDestination

table, steps = getattr(suite, sys.argv[2]), 0
while True:
    to = ParquetDestination(Path(sys.argv[1]) / str(steps))
    child = os.fork()
    if child == 0:
        commit(to, table, [row(1, "a", 1), row(2, "a", 1)], id="c1")
        left = steps
        def counted(call):
            def counting(*arguments, **keywords):
                global left
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return call(*arguments, **keywords)
            return counting
        for name in ("open", "fsync", "rename", "replace", "unlink", "rmdir", "mkdir", "close"):
            setattr(os, name, counted(getattr(os, name)))
        commit(to, table, [row(2, "b", 2), row(3, "b", 2)], id="c2", seen=1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(steps, os.waitstatus_to_exitcode(status), flush=True)
    if status == 0:
        break
    steps += 1
"""


@pytest.mark.extended
@pytest.mark.parametrize(
    "table", ["REPLACE", *(pytest.param(each, marks=pytest.mark.extended) for each in ("APPEND", "MERGE"))]
)
def test_killed_before_any_of_its_steps_a_commit_is_there_whole_or_not_at_all(
    tmp_path: Path, table: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CRASH_AT_EVERY_STEP, str(tmp_path), table],
        capture_output=True,
        text=True,
        check=True,
    )
    old = [(1, "a"), (2, "a")]
    new = {
        "APPEND": [*old, (2, "b"), (3, "b")],
        "REPLACE": [(2, "b"), (3, "b")],
        "MERGE": [(1, "a"), (2, "b"), (3, "b")],
    }[table]
    killed = [line.split() for line in done.stdout.splitlines()]
    assert len(killed) > 8
    assert {code for _, code in killed[:-1]} == {"-9"}
    outcomes = []
    for step, _ in killed:
        to = ParquetDestination(tmp_path / step)
        landed = to.landed("c2") is not None
        outcomes.append(landed)
        assert stored(to, "id", "text") == (new if landed else old), step
        assert to.cursor("api.rows").version == (2 if landed else 1)
        again = {"APPEND": APPEND, "REPLACE": REPLACE, "MERGE": MERGE}[table]
        commit(to, again, [row(2, "b", 2), row(3, "b", 2)], id="c2", seen=1)
        assert stored(to, "id", "text") == new, step
        left = {str(path) for path in to.path.glob("*/*.parquet")} - set(to.files("rows"))
        assert {str(path) for path in to.abandoned(NEXT_YEAR)} == left
    assert outcomes == sorted(outcomes)
    assert {False, True} == set(outcomes)


def test_an_interrupt_while_rows_are_drawn_leaves_nothing(to: ParquetDestination) -> None:
    commit(to, APPEND, [row(1, "a")], id="c1")
    before = sorted(to.path.rglob("*"))

    def broken() -> Iterator[pa.RecordBatch]:
        yield Encoder(Row).encode([row(2, "b")])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        to.commit(Commit("c2", "r2", "api.rows", APPEND, 1, None, NOW, broken))
    assert sorted(to.path.rglob("*")) == before


def test_the_manifest_is_a_document_that_others_can_read(to: ParquetDestination) -> None:
    commit(to, APPEND, [row(1, "a")], cursor=NOW)
    manifest = orjson.loads((to.path / "manifest.json").read_bytes())
    assert manifest["version"] == 1
    assert [file["rows"] for file in manifest["tables"]["rows"]["files"]] == [1]
    assert manifest["cursors"]["api.rows"]["value"] == "2026-01-05T12:00:00+00:00"


@pytest.mark.parametrize(
    ("spec", "path"),
    [("parquet:out", "out"), ("parquet:data/out/", "data/out"), ("parquet:///abs/a%20b", "/abs/a b")],
)
def test_what_is_typed_opens_that_folder_and_the_name_opens_it_again(spec: str, path: str) -> None:
    destination = open_destination(spec)
    assert isinstance(destination, ParquetDestination)
    assert destination.path == Path(path)
    assert open_destination(destination.name).identity == destination.identity


@pytest.mark.parametrize("spec", ["parquet:", "parquet:///", "parquet://host/out"])
def test_a_name_of_no_folder_is_wrong_usage(spec: str) -> None:
    with pytest.raises(UsageError):
        open_destination(spec)
