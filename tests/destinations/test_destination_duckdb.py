"""What is DuckDB's own: the file, who holds it, and what a kill leaves behind."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import duckdb
import pyarrow as pa
import pytest
from pydantic import Field

from tidegate.contracts.base import WriteContract
from tidegate.contracts.table import Table
from tidegate.destinations.base import Commit
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.destinations.exceptions import (
    CommitLostError,
    CommitUnknownError,
    DestinationBusyError,
    DestinationError,
    DestinationUnavailableError,
)
from tidegate.destinations.registry import open_destination
from tidegate.utils.encoding import Encoder
from tidegate.utils.errors import ExitCode, UsageError

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


class Word(WriteContract):
    order: int = Field(description="it's the position")  # a reserved word of SQL
    text: str | None = None


WORDS = Table("words", Word)


def one_word(id: str = "c1", seen: int = 0, order: int = 1) -> Commit:  # noqa: A002
    def draw() -> Iterator[pa.RecordBatch]:
        yield Encoder(Word).encode([Word(order=order)])

    return Commit(id, "run", "api.words", WORDS, seen, None, NOW, draw)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.duckdb"


@contextmanager
def held_by_another_process(path: Path, seconds: float = 60) -> Iterator[int]:
    code = (
        "import duckdb, sys, time; held = duckdb.connect(sys.argv[1])\n"
        "print('held', flush=True); time.sleep(float(sys.argv[2]))"
    )
    command = [sys.executable, "-c", code, str(path), str(seconds)]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    try:
        yield holder.pid
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()


def test_busy_file_is_an_error_that_names_its_owner(path: Path) -> None:
    destination = DuckDBDestination(path, busy_wait_s=0.2)
    with (
        held_by_another_process(path) as pid,
        pytest.raises(DestinationBusyError, match=rf"\b{pid}\b") as caught,
    ):
        destination.commit(one_word())
    assert caught.value.exit_code is ExitCode.TRY_AGAIN


def test_busy_file_is_waited_for(path: Path) -> None:
    destination = DuckDBDestination(path, busy_wait_s=10)
    with held_by_another_process(path, seconds=0.5):
        assert destination.commit(one_word()).loaded == 1


def test_file_that_is_open_in_this_process_for_reading_is_busy(path: Path) -> None:
    destination = DuckDBDestination(path, busy_wait_s=0.1)
    destination.commit(one_word())
    with duckdb.connect(str(path), read_only=True), pytest.raises(DestinationBusyError, match="this process"):
        destination.commit(one_word("c2", seen=1))


def test_file_is_open_only_inside_a_method(path: Path) -> None:
    destination = DuckDBDestination(path)
    destination.commit(one_word())
    with held_by_another_process(path):
        pass
    assert destination.cursor("api.words").version == 1


def test_reading_does_not_exclude_other_readers(path: Path) -> None:
    DuckDBDestination(path).commit(one_word())
    code = (
        "import sys; from tidegate.destinations.duckdb import DuckDBDestination\n"
        "print(DuckDBDestination(sys.argv[1], busy_wait_s=0.1).cursor('api.words').version)"
    )
    with duckdb.connect(str(path), read_only=True):
        command = [sys.executable, "-c", code, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


def test_threads_of_one_process_take_turns(path: Path) -> None:
    destination = DuckDBDestination(path, busy_wait_s=0.1)
    outcomes: list[object] = []

    def run(id: str) -> None:  # noqa: A002
        try:
            outcomes.append(destination.commit(one_word(id)).loaded)
        except CommitLostError:
            outcomes.append("lost")

    threads = [threading.Thread(target=run, args=(f"c{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == ["1", "lost", "lost", "lost"]


def test_missing_folder_is_refused_with_advice(tmp_path: Path) -> None:
    destination = DuckDBDestination(tmp_path / "none" / "w.duckdb")
    for attempt in (lambda: destination.prepare(WORDS), lambda: destination.commit(one_word())):
        with pytest.raises(DestinationError, match="is not a folder") as caught:
            attempt()
        assert caught.value.exit_code is ExitCode.FAILED
        assert "mkdir" in str(caught.value.hint)
    assert destination.cursor("api.words").version == 0


def test_folder_that_is_a_file_and_file_that_is_a_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    with pytest.raises(DestinationError, match="is not a folder"):
        DuckDBDestination(tmp_path / "plain" / "w.duckdb").prepare(WORDS)
    with pytest.raises(DestinationError, match="is a folder"):
        DuckDBDestination(tmp_path).prepare(WORDS)


def test_folder_that_cannot_be_written_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may write everywhere: what the system would answer to anyone else.
    monkeypatch.setattr(os, "access", lambda place, _mode: Path(place) != path.parent)
    with pytest.raises(DestinationError, match="cannot be written"):
        DuckDBDestination(path).prepare(WORDS)


@pytest.mark.parametrize("content", ["", "id,name\n1,a\n" * 1000])
def test_file_that_is_no_database_is_refused_and_left_alone(path: Path, content: str) -> None:
    path.write_text(content)
    destination = DuckDBDestination(path)
    for attempt in (lambda: destination.prepare(WORDS), lambda: destination.commit(one_word())):
        with pytest.raises(DestinationError, match="not a DuckDB database"):
            attempt()
    assert path.read_text() == content


def test_new_file_has_the_mode_that_the_umask_gives(path: Path) -> None:
    before = os.umask(0o027)
    try:
        DuckDBDestination(path).commit(one_word())
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_table_carries_types_required_columns_and_comments(path: Path) -> None:
    DuckDBDestination(path).commit(one_word())
    with duckdb.connect(str(path)) as connection:
        found = connection.execute(
            "SELECT column_name, data_type, is_nullable, comment FROM duckdb_columns() "
            "WHERE table_name = 'words'"
        ).fetchall()
    assert found == [
        ("order", "BIGINT", False, "it's the position"),
        ("text", "VARCHAR", True, None),
        ("_tidegate_run", "VARCHAR", False, None),
        ("_tidegate_loaded_at", "TIMESTAMP WITH TIME ZONE", False, None),
    ]


class Wide(WriteContract):
    value: Annotated[Decimal, Field(max_digits=39, decimal_places=2)]


def test_decimal_of_more_than_38_digits_is_refused_by_prepare(path: Path) -> None:
    with pytest.raises(DestinationError, match="value: 39 digits"):
        DuckDBDestination(path).prepare(Table("wide", Wide))


OWN = ", _tidegate_run VARCHAR NOT NULL, _tidegate_loaded_at TIMESTAMPTZ NOT NULL"


@pytest.mark.parametrize(
    ("ddl", "fault"),
    [
        ('CREATE TABLE Words ("order" BIGINT NOT NULL, text VARCHAR)', "adopt rows without _tidegate_run"),
        (f'CREATE TABLE Words ("order" UUID NOT NULL, text VARCHAR{OWN})', "retype order: UUID to int"),
        (f'CREATE TABLE Words ("order" HUGEINT, text VARCHAR{OWN})', "narrow order: HUGEINT to int"),
        (f'CREATE TABLE Words ("order" BIGINT, text VARCHAR, more INT{OWN})', "drop more: INTEGER"),
        ("CREATE VIEW Words AS SELECT 1 AS order_id", "words is a view"),
        (
            f'CREATE TABLE Words ("order" BIGINT, text VARCHAR NOT NULL UNIQUE{OWN})',
            r"because of constraints on it: Words: UNIQUE\(",
        ),
    ],
)
def test_what_stands_there_and_does_not_fit_is_refused_before_and_at_the_commit(
    path: Path, ddl: str, fault: str
) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(ddl)
    destination = DuckDBDestination(path)
    for attempt in (lambda: destination.prepare(WORDS), lambda: destination.commit(one_word())):
        with pytest.raises(DestinationError, match=fault):
            attempt()
    assert destination.landed("c1") is None


def test_existing_table_may_have_its_columns_in_another_order_and_case(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            'CREATE TABLE WORDS (text VARCHAR, "ORDER" BIGINT, _TIDEGATE_RUN VARCHAR, '
            "_tidegate_loaded_at TIMESTAMPTZ, _tidegate_note VARCHAR)"
        )
    destination = DuckDBDestination(path)
    destination.prepare(WORDS)
    assert destination.commit(one_word()).loaded == 1


class _Failing:
    """A connection whose COMMIT fails after it was sent."""

    def __init__(self, error: duckdb.Error) -> None:
        self.error = error

    def execute(self, statement: str) -> None:
        assert statement == "COMMIT"
        raise self.error


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (duckdb.IOException("IO Error: could not write to file"), CommitUnknownError),
        (duckdb.FatalException("FATAL Error: database has been invalidated"), CommitUnknownError),
        (duckdb.TransactionException("TransactionContext Error: Conflict on update!"), CommitLostError),
        (
            duckdb.TransactionException("Failed to commit: PRIMARY KEY or UNIQUE constraint violation"),
            CommitLostError,
        ),
    ],
)
def test_error_of_the_commit_itself_is_unknown_unless_it_is_a_conflict(
    path: Path, error: duckdb.Error, meaning: type[DestinationError]
) -> None:
    with pytest.raises(meaning):
        DuckDBDestination(path)._end(_Failing(error), one_word())  # type: ignore[arg-type]  # all that it uses


def test_full_disk_is_worth_trying_again(path: Path) -> None:
    destination = DuckDBDestination(path)
    destination.commit(one_word())
    with pytest.raises(DestinationUnavailableError) as caught, destination._file.opened():
        raise duckdb.IOException("IO Error: Could not write: No space left on device")
    assert caught.value.exit_code is ExitCode.TRY_AGAIN


def test_interrupt_while_rows_are_drawn_comes_out_as_itself_and_nothing_lands(path: Path) -> None:
    destination = DuckDBDestination(path)
    destination.commit(one_word())

    def broken() -> Iterator[pa.RecordBatch]:
        yield Encoder(Word).encode([Word(order=2)])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        destination.commit(Commit("c2", "run", "api.words", WORDS, 1, None, NOW, broken))
    assert destination.freshness()[0].rows == 1


_LOOP = """
import sys
from datetime import UTC, datetime
from tests_words import Word, WORDS
from tidegate.destinations.base import Commit
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.utils.encoding import Encoder
to, encoder = DuckDBDestination(sys.argv[1], memory_limit="64MB"), Encoder(Word)
batch = encoder.encode([Word(order=i, text="x" * 50) for i in range(5000)])
print("ready", flush=True)
while True:
    seen = to.cursor("api.words").version
    now, draw = datetime.now(UTC), lambda: iter([batch] * 4)
    to.commit(Commit(f"c{seen}", "run", "api.words", WORDS, seen, None, now, draw))
"""
_WORDS = """
from tidegate.contracts.base import WriteContract
from tidegate.contracts.table import Table
class Word(WriteContract):
    order: int
    text: str
WORDS = Table("words", Word)
"""


@pytest.mark.extended
def test_kill_at_any_moment_leaves_all_or_nothing_of_a_commit(path: Path, tmp_path: Path) -> None:
    (tmp_path / "tests_words.py").write_text(_WORDS)
    destination, chance = DuckDBDestination(path), random.Random(7)
    versions = [0]
    for number in range(8):
        loop = subprocess.Popen(
            [sys.executable, "-c", _LOOP, str(path)], cwd=tmp_path, stdout=subprocess.PIPE, text=True
        )
        assert loop.stdout is not None
        assert loop.stdout.readline() == "ready\n"
        # later and later, so that some kill comes after a commit on a slow machine, too
        time.sleep(chance.uniform(0.0, 0.25) + number * number * 0.015)
        loop.send_signal(signal.SIGKILL)
        loop.wait()
        loop.stdout.close()
        version = destination.cursor("api.words").version
        assert version >= versions[-1]
        versions.append(version)
        rows = destination.freshness()[0].rows if version else 0
        assert rows == version * 20_000
        assert (destination.landed(f"c{version - 1}") is not None) == (version > 0)
        assert destination.landed(f"c{version}") is None
    assert versions[-1] > 0


@pytest.mark.parametrize(
    ("spec", "path", "name"),
    [
        ("warehouse.duckdb", "warehouse.duckdb", "warehouse.duckdb"),
        ("data/warehouse.duckdb", "data/warehouse.duckdb", "data/warehouse.duckdb"),
        ("/abs/warehouse.duckdb", "/abs/warehouse.duckdb", "/abs/warehouse.duckdb"),
        ("duckdb:///abs/w.duckdb", "/abs/w.duckdb", "/abs/w.duckdb"),
        ("duckdb:///abs/a%20b.db", "/abs/a b.db", "duckdb:/abs/a b.db"),
        ("duckdb:rel/w.db", "rel/w.db", "duckdb:rel/w.db"),
    ],
)
def test_what_is_typed_opens_that_file_and_the_name_opens_it_again(spec: str, path: str, name: str) -> None:
    destination = open_destination(spec)
    assert isinstance(destination, DuckDBDestination)
    assert (destination.path, destination.name) == (Path(path), name)
    again = open_destination(destination.name)
    assert isinstance(again, DuckDBDestination)
    assert again.path == destination.path


@pytest.mark.parametrize(
    "spec",
    ["csv:out", "warehouse.db", "", "duckdb:", "duckdb://rel/w.duckdb",
     "duckdb:///", "duckdb::memory:", ":memory:", "md:cloud.duckdb"],
)  # fmt: skip
def test_other_destinations_are_wrong_usage_that_says_which_are_known(spec: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_destination(spec)
    assert "warehouse.duckdb" in str(caught.value.hint)


@pytest.mark.parametrize("cores", [1, 2])
def test_it_works_on_as_many_cores_as_it_is_given(tmp_path: Path, cores: int) -> None:
    destination = open_destination(str(tmp_path / "w.duckdb"), cores=cores)
    assert isinstance(destination, DuckDBDestination)
    with destination._file.opened() as connection:
        assert connection.execute("SELECT current_setting('threads')").fetchone() == (cores,)


def test_two_spellings_of_a_file_are_one_destination(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    spelled = [
        DuckDBDestination("w.duckdb"),
        DuckDBDestination("./w.duckdb"),
        DuckDBDestination(tmp_path / "w.duckdb"),
    ]
    assert len({each.identity for each in spelled}) == 1
