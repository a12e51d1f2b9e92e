"""BigQuery's stand-in with Google's own client: one load whatever happens, and the same rows as in DuckDB."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import pyarrow as pa
import pytest
from pydantic import (
    AwareDatetime,
    BaseModel,
    Field,
    HttpUrl,
    IPvAnyAddress,
    NaiveDatetime,
    RootModel,
    computed_field,
)

from tests.destinations.evolving import held as rows_held
from tests.destinations.evolving import land, rows_of
from tests.destinations.suite import APPEND, LATEST, MERGE, NOW, WINDOWS, Row, batches, commit, row, stored
from tests.destinations.test_destination_again import MONDAY, held, rejected
from tests.servers.cutting import Cutting
from tests.standins import Google
from tidegate.contracts.base import WriteContract
from tidegate.contracts.table import Table
from tidegate.destinations.base import Again, Commit, CursorRow, Destination, Landed
from tidegate.destinations.bigquery import BigQueryDestination
from tidegate.destinations.bigquery_state import move, transaction
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.destinations.exceptions import CommitLostError, DestinationError
from tidegate.destinations.memory import MemoryDestination
from tidegate.utils.encoding import Encoder

pytestmark = pytest.mark.extended

ROWS = [row(1, "a", 1), row(2, "b", 2)]


def destination(google: Google, settings: str = "", **also: Any) -> BigQueryDestination:
    return BigQueryDestination(google.to + settings, retry_s=20.0, **also)


def test_the_same_commit_twice_at_once_is_one_load(google: Google) -> None:
    destination(google).apply(APPEND, destination(google).differences(APPEND))

    def once(_number: int) -> Landed:
        return commit(destination(google), APPEND, ROWS, seen=0, cursor=NOW)

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(once, range(2))
    assert first == second == Landed(2, 0)
    assert stored(destination(google), "id") == [(1,), (2,)]
    assert destination(google).cursor("api.rows") == CursorRow(1, NOW)


def test_of_two_runs_at_once_one_lands_and_the_other_has_lost(google: Google) -> None:
    destination(google).apply(APPEND, destination(google).differences(APPEND))

    def run(name: str) -> Landed | CommitLostError:
        try:
            return commit(destination(google), APPEND, ROWS, id=name, seen=0)
        except CommitLostError as error:
            return error

    with ThreadPoolExecutor(2) as threads:
        ends = list(threads.map(run, ["one", "other"]))
    assert [type(each) for each in ends].count(Landed) == 1
    assert stored(destination(google), "id") == [(1,), (2,)]
    assert destination(google).cursor("api.rows").version == 1


def test_a_connection_that_is_cut_after_the_commit_was_sent_means_one_load(
    google: Google, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Cutting(google.standins.bigquery, after=rb'"jobId": "tidegate_[0-9a-f]+_commit_0"') as proxy:
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", proxy.url)
        assert commit(destination(google), APPEND, ROWS, seen=0) == Landed(2, 0)
        assert proxy.cuts == 1
    assert stored(destination(google), "id") == [(1,), (2,)]


def many(count: int) -> Iterator[pa.RecordBatch]:
    """Rows of a key each, and after them a second version of every one."""
    encoder = Encoder(Row)
    for text in ("first", "second"):
        for start in range(0, count, 10_000):
            yield encoder.encode([row(number, text) for number in range(start, start + 10_000)])


@pytest.mark.parametrize("bucket", [False, True])
def test_rows_of_several_files_keep_the_order_in_which_they_were_fetched(
    google: Google, bucket: bool
) -> None:
    staging = f"&staging=gs://{google.bucket}/staging" if bucket else ""
    to = destination(google, staging, part_bytes=1)
    to.prepare(LATEST)
    given = Commit("c1", "r1", "api.rows", LATEST, 0, None, NOW, lambda: many(20_000))
    assert to.commit(given) == Landed(loaded=20_000, superseded=20_000)
    names, found = to.sample("rows", 100)
    assert {each[names.index("text")] for each in found} == {"second"}
    assert to.commit(given) == Landed(20_000, 20_000)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("table", [MERGE, LATEST, WINDOWS], ids=["version", "latest", "windows"])
def test_a_history_of_commits_leaves_what_memory_holds(google: Google, table: Table[Row]) -> None:
    """New runs, runs once more, rows added to a run, rows that vanish, rejected rows: in any order."""
    rng = random.Random(7)
    bigquery, memory = destination(google), MemoryDestination()
    runs: list[str] = []
    for number in range(8):
        is_again = bool(runs) and rng.random() < 0.4
        run = rng.choice(runs) if is_again else f"r{number}"
        runs = runs if is_again else [*runs, run]
        rows = [
            row(rng.randint(1, 5), f"{number}.{i}", rng.choice([None, 1, 2, 3]))
            for i in range(rng.randint(0, 4))
        ]
        cells = [MONDAY + timedelta(days=rng.randint(0, 2)) for _ in rows] if table is WINDOWS else []
        given = Commit(
            f"c{number}",
            run,
            "api.rows",
            table,
            number,
            NOW + timedelta(days=number) if rng.random() < 0.5 else None,
            NOW,
            batches(rows, cells),
            tuple(sorted(set(cells) | {MONDAY})) if table is WINDOWS else (),
            rejected(held(f"q{rng.randint(1, 4)}", run, MONDAY if table is WINDOWS else None)),
            Again(rng.random() < 0.5, released=("q1",)) if is_again else None,
            deletes_vanished=table is LATEST and not is_again and rng.random() < 0.5,
        )
        assert bigquery.commit(given) == memory.commit(given), given
        assert stored(bigquery, "id", "text", "at", "_tidegate_run") == stored(
            memory, "id", "text", "at", "_tidegate_run"
        )
        assert list(bigquery.quarantine()) == list(memory.quarantine())
        assert bigquery.cursor("api.rows") == memory.cursor("api.rows")
        assert bigquery.landed(f"c{number}") == memory.landed(f"c{number}")


def test_a_file_of_many_megabytes_goes_up_in_pieces(google: Google) -> None:
    rng = random.Random(2)
    rows = [row(number, rng.randbytes(400_000).hex()) for number in range(16)]
    assert commit(destination(google), APPEND, rows, seen=0) == Landed(16, 0)
    assert stored(destination(google), "id", "text") == [(each.id, each.text) for each in rows]


def test_first_rows_of_a_cursor_that_two_runs_have_put_in_move_together(google: Google) -> None:
    to = destination(google)
    commit(to, APPEND, [], id="c0", task="api.other", seen=0)
    with to._session() as session:
        cursors = session.path("_tidegate_cursors")
        new = "('api.rows', 0, '', CURRENT_TIMESTAMP())"
        list(
            session.rows(
                f"INSERT INTO {cursors} (task, version, commit_id, committed_at) VALUES {new}, {new}"
            )
        )
    assert to.cursor("api.rows") == CursorRow()
    assert commit(to, APPEND, ROWS, seen=0, cursor=NOW) == Landed(2, 0)
    assert to.cursor("api.rows") == CursorRow(1, NOW)
    with pytest.raises(CommitLostError):
        commit(to, APPEND, ROWS, id="c2", seen=0)
    assert [each.task for each in to.freshness()] == ["api.other", "api.rows"]


def cursor_rows(to: BigQueryDestination, *versions: int) -> None:
    """Rows that two first runs have put in, of which only one was seen by the run that landed."""
    commit(to, APPEND, [], id="c0", task="api.other", seen=0)
    with to._session() as session:
        rows = ", ".join(f"('api.rows', {version}, '', CURRENT_TIMESTAMP())" for version in versions)
        cursors = session.path("_tidegate_cursors")
        list(session.rows(f"INSERT INTO {cursors} (task, version, commit_id, committed_at) VALUES {rows}"))


def test_a_first_row_that_came_too_late_is_taken_along(google: Google) -> None:
    to = destination(google)
    cursor_rows(to, 1, 0)
    assert to.cursor("api.rows").version == 1
    assert commit(to, APPEND, ROWS, seen=1) == Landed(2, 0)
    assert to.cursor("api.rows").version == 2


def test_who_has_a_first_row_of_its_own_and_finds_one_that_has_moved_has_lost(google: Google) -> None:
    """The other run may land between the look at the cursor and the transaction: the script itself tells."""
    to = destination(google)
    cursor_rows(to, 1, 0)
    with to._session() as session:
        statements, parameters = move(session, "api.rows", 0, CursorRow(1))
        with pytest.raises(Exception, match="the cursor has moved"):
            session.run("tidegate_test", transaction(statements), parameters)
    assert to.cursor("api.rows").version == 1


def test_a_run_adds_relaxes_and_widens_and_every_row_stays(google: Google) -> None:
    """What the stand-in does not do, digits and fields of records, is in the tests of what is asked."""
    to = destination(google)
    land(to, rows_of(id=int, total=int, note=str), [{"id": 1, "total": 5, "note": "a"}])
    money = Annotated[Decimal, Field(max_digits=21, decimal_places=2)]
    new = rows_of(
        id=int, total=money, note=(str | None, None), tags=(list[str], []), more=(date | None, None)
    )
    landed = land(to, new, [{"id": 2, "total": "0.25", "tags": ["x"]}])
    assert landed.changes == (
        "widen total: int to decimal(21, 2)",
        "relax note: null allowed",
        "add tags: list of string",
        "add more: date",
    )
    assert rows_held(to) == [
        {"id": 1, "total": Decimal(5), "note": "a", "tags": [], "more": None},
        {"id": 2, "total": Decimal("0.25"), "note": None, "tags": ["x"], "more": None},
    ]


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Line(BaseModel):
    sku: str
    price: Annotated[Decimal, Field(max_digits=12, decimal_places=3)]
    extra: dict[str, Any] | None = None
    at: AwareDatetime | None = None


class Box(BaseModel):
    lines: list[Line] = []
    first: Line | None = None


class Name(RootModel[str]):
    pass


class Everything(WriteContract):
    """Every row of the mapping table."""

    id: int
    text: str
    short: Annotated[str, Field(max_length=8)]
    big: Annotated[int, Field(ge=0, le=10**25)]
    ratio: float
    flag: bool
    price: Annotated[Decimal, Field(max_digits=12, decimal_places=2)]
    exact: Annotated[Decimal, Field(max_digits=30, decimal_places=12)]
    instant: AwareDatetime
    wall: NaiveDatetime
    plain: datetime
    day: date
    clock: time
    length: timedelta
    raw: bytes
    uuid: UUID
    url: HttpUrl
    ip: IPvAnyAddress
    colour: Colour
    kind: Literal["a", "b"]
    number: Literal[1, 2]
    box: Box
    boxes: list[Box] = Field(default=[])
    tags: list[str]
    labels: set[str]
    spots: tuple[int, ...]
    instants: list[AwareDatetime] = Field(default=[])
    extra: dict[str, Any]
    anything: Any
    either: int | str
    name: Name
    maybe: int | None = None
    perhaps: Box | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def twice(self) -> int:
        return self.id * 2


def everything(number: int, **also: Any) -> Everything:
    line = Line(sku="é\U0001f600", price=Decimal("1.125"), extra={"b": 1, "a": [1.5, None, "x"]}, at=NOW)
    given: dict[str, Any] = {
        "id": number,
        "text": "line\nbreak 'quoted' \\ \"double\" \u2028",
        "short": "12345678",
        "big": 10**25 - number,
        "ratio": 0.1 + number,
        "flag": number % 2 == 0,
        "price": Decimal("-9999999999.99"),
        "exact": Decimal("123456789012345678.123456789012"),
        "instant": datetime(2026, 10, 25, 2, 30, 0, 123456, tzinfo=UTC),
        "wall": datetime(1970, 1, 1, 0, 0, 0, 1),
        "plain": datetime(2026, 1, 1, tzinfo=UTC),
        "day": date(1, 1, 1) if number == 1 else date(9999, 12, 31),
        "clock": time(23, 59, 59, 999999),
        "length": timedelta(days=-1, microseconds=5),
        "raw": bytes(range(256)),
        "uuid": UUID(int=number),
        "url": "https://example.com/a?b=c",
        "ip": "2001:db8::1",
        "colour": Colour.BLUE,
        "kind": "b",
        "number": 2,
        "box": Box(lines=[line, Line(sku="", price=Decimal(0))], first=line),
        "boxes": [Box(), Box(lines=[line])],
        "tags": ["b", "a", ""],
        "labels": {"y", "x"},
        "spots": (3, 1, 2),
        "instants": [NOW, NOW - timedelta(microseconds=1)],
        "extra": {"nested": {"list": [1, 2, {"x": None}]}, "big": 2**53 + 1, "text": "é"},
        "anything": [True, None, "x"],
        "either": "seven",
        "name": "root",
        **also,
    }
    return Everything.model_validate(given)


GIVEN = [
    everything(1),
    everything(2, box={}, tags=[], labels=set(), spots=(), extra={}, anything={"x": 1}, either="7", raw=b""),
    everything(3, maybe=-(2**63), perhaps={"first": None}, ratio=-1e300, text="", big=0),
]
EVERYTHING = Table(
    "everything", Everything, key=("id",), write="merge", partition_by="instant", cluster_by=("id",)
)


def canonical(to: Destination) -> str:
    """The SHA-256 of the rows, in the order of their ids, whatever a destination makes of JSON's blanks."""
    names, rows = to.sample("everything", 100)
    own = {name for name in names if name.startswith("_tidegate_")}
    told = [
        {name: plain(value) for name, value in zip(names, row, strict=True) if name not in own}
        for row in rows
    ]
    text = json.dumps(sorted(told, key=lambda each: str(each["id"])), sort_keys=True, ensure_ascii=True)
    return sha256(text.encode()).hexdigest()


def plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, Decimal):
        return f"decimal {value.normalize():f}"
    if isinstance(value, datetime) and value.tzinfo is not None:
        return f"instant {value.astimezone(UTC).isoformat()}"
    if isinstance(value, datetime | date | time | bytes | float):
        return repr(value)
    return plain_json(value) if isinstance(value, str) else value


def plain_json(text: str) -> Any:
    """JSON as what it says: BigQuery writes it its own way."""
    if not text.startswith(("{", "[")):
        return text
    return {"json": json.loads(text)}


def test_a_contract_of_every_type_holds_the_same_rows_in_duckdb_and_in_bigquery(
    google: Google, tmp_path: Path
) -> None:
    def draw() -> Iterator[pa.RecordBatch]:
        encoder = Encoder(Everything)
        yield from (encoder.encode([each]) for each in GIVEN)

    found = []
    for to in (DuckDBDestination(tmp_path / "w.duckdb"), destination(google)):
        to.prepare(EVERYTHING)
        assert to.commit(Commit("c1", "r1", "api.rows", EVERYTHING, 0, None, NOW, draw)) == Landed(3, 0)
        assert to.differences(EVERYTHING) == []
        found.append(canonical(to))
    assert found[0] == found[1]


def test_a_view_is_refused_and_stays(google: Google) -> None:
    to = destination(google)
    commit(to, APPEND, ROWS, seen=0)
    with to._session() as session:
        list(session.rows(f"CREATE VIEW {session.path('seen')} AS SELECT 1 AS id"))
    with pytest.raises(DestinationError, match="is a view"):
        to.prepare(Table("seen", Row))


def test_staging_leaves_nothing_behind_and_what_is_left_expires(google: Google) -> None:
    to = destination(google)
    commit(to, APPEND, ROWS, seen=0)
    with to._session() as session:
        left = [each.table_id for each in session.client.list_tables(f"{google.project}.{google.dataset}")]
        assert sorted(left) == ["_tidegate_commits", "_tidegate_cursors", "_tidegate_quarantine", "rows"]
    with pytest.raises(CommitLostError):
        commit(to, APPEND, ROWS, id="c2", seen=0)
