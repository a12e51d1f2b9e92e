"""What a commit asks of BigQuery, word for word: the rules of the real service that no stand-in keeps."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import pytest
from pydantic import AwareDatetime, Field

from tests.destinations.bigquery_fake import FakeBigQuery
from tests.destinations.evolving import contract, land
from tests.destinations.suite import APPEND, LATEST, NOW, REPLACE, WINDOWS, batches, commit, row
from tests.http_tools.loopback import Loopback, as_json
from tidegate.contracts.base import WriteContract
from tidegate.contracts.table import Table
from tidegate.destinations.base import Again, Commit, Cost
from tidegate.destinations.bigquery_pruning import Within
from tidegate.destinations.bigquery_staging import Staged, stage
from tidegate.destinations.bigquery_state import _counts
from tidegate.destinations.exceptions import DestinationError
from tidegate.utils.columns import Column
from tidegate.utils.gcp_errors import GoogleNotFoundError

REFERENCE = {"projectId": "p1", "datasetId": "d1", "tableId": "rows"}
ROWS = [row(1, "a", 1), row(2, "b", 2)]


class Order(WriteContract):
    id: Annotated[int, Field(description="of the vendor")]
    code: Annotated[str, Field(max_length=8)]
    total: Annotated[Decimal, Field(max_digits=12, decimal_places=2)]
    rate: Annotated[Decimal, Field(max_digits=50, decimal_places=20)]
    made_on: date
    extra: dict[str, int] = Field(default={})


ORDERS = Table(
    "orders",
    Order,
    key=("id",),
    write="merge",
    partition_by="made_on",
    cluster_by=("code",),
    partition_immutable=True,
    labels={"team": "sales"},
)


def made(fake: FakeBigQuery, name: str) -> dict[str, Any]:
    (found,) = [
        each.body
        for each in fake.sent("POST", "datasets/d1/tables")
        if each.body["tableReference"]["tableId"] == name
    ]
    return found


def loads(fake: FakeBigQuery) -> list[dict[str, Any]]:
    jobs = [each.body for each in fake.sent("POST", "jobs")]
    return [job for job in jobs if "load" in job["configuration"]]


def test_a_table_is_made_with_all_that_its_contract_says() -> None:
    fake = FakeBigQuery()
    fake.destination().apply(ORDERS, fake.destination().differences(ORDERS))
    table = made(fake, "orders")
    assert table["timePartitioning"] == {"type": "DAY", "field": "made_on"}
    assert table["clustering"] == {"fields": ["code"]}
    assert table["tableConstraints"] == {"primaryKey": {"columns": ["id"]}}
    assert table["labels"] == {"team": "sales"}
    assert "expirationTime" not in table
    fields = {field["name"]: field for field in table["schema"]["fields"]}
    assert fields["id"] == {
        "name": "id", "type": "INT64", "mode": "REQUIRED", "description": "of the vendor",
    }  # fmt: skip
    assert fields["code"]["maxLength"] == 8
    assert (fields["total"]["type"], fields["total"]["precision"], fields["total"]["scale"]) == (
        "NUMERIC",
        12,
        2,
    )
    assert fields["rate"]["type"] == "BIGNUMERIC"
    assert fields["extra"]["type"] == "JSON"
    assert fields["_tidegate_run"]["mode"] == fields["_tidegate_loaded_at"]["mode"] == "REQUIRED"


@pytest.mark.parametrize("write", ["append", "replace"])
def test_a_key_that_two_rows_may_have_is_no_primary_key(write: Any) -> None:
    """BigQuery believes in it without a look, and leaves rows out of joins where it does not hold."""
    fake = FakeBigQuery()
    table = Table("rows", Order, key=("id",), write=write)
    fake.destination().apply(table, fake.destination().differences(table))
    assert "tableConstraints" not in made(fake, "rows")


def test_a_table_that_is_written_by_windows_is_partitioned_by_them() -> None:
    fake = FakeBigQuery()
    fake.destination().apply(WINDOWS, fake.destination().differences(WINDOWS))
    assert made(fake, "rows")["timePartitioning"] == {"type": "DAY", "field": "_tidegate_window"}


def test_rows_are_loaded_as_parquet_into_a_table_that_was_made_before_and_expires() -> None:
    fake = FakeBigQuery()
    commit(fake.destination(), APPEND, ROWS, seen=0)
    (job,) = loads(fake)
    load = job["configuration"]["load"]
    staging = load["destinationTable"]["tableId"]
    assert load == {
        "sourceFormat": "PARQUET",
        "createDisposition": "CREATE_NEVER",
        "writeDisposition": "WRITE_EMPTY",
        "decimalTargetTypes": ["NUMERIC", "BIGNUMERIC"],
        "parquetOptions": {"enableListInference": True},
        "destinationTable": {"projectId": "p1", "datasetId": "d1", "tableId": staging},
    }
    assert staging.startswith("_tidegate_staging_")
    table = made(fake, staging)
    assert int(table["expirationTime"]) > 0
    types = {field["name"]: (field["type"], field["mode"]) for field in table["schema"]["fields"]}
    assert types["extra"] == ("STRING", "NULLABLE")  # BigQuery loads no JSON out of Parquet
    assert types["tags"] == ("STRING", "REPEATED")
    assert fake.sent("DELETE", f"datasets/d1/tables/{staging}")


def test_state_never_expires_though_the_dataset_says_that_tables_do() -> None:
    fake = FakeBigQuery()
    plain = fake.real

    def with_default_expiry(asked: Any) -> Any:
        code, told = plain(asked)
        if asked.method == "POST" and asked.path.endswith("/tables") and code == 200:
            told.setdefault("expirationTime", "99999999999999")
        return code, told

    fake.before = with_default_expiry
    commit(fake.destination(), APPEND, [], seen=0)
    kept = {
        each.path.rpartition("/")[2]: each.body for each in fake.sent("PATCH", "datasets/d1/tables/_tide.*")
    }
    assert set(kept) == {"_tidegate_commits", "_tidegate_cursors", "_tidegate_quarantine"}
    assert all(body == {"expirationTime": None} for body in kept.values())


def test_every_job_has_an_id_that_follows_from_the_commit_and_a_location() -> None:
    def ids(spec: str, id: str) -> list[str]:  # noqa: A002
        fake = FakeBigQuery()
        commit(fake.destination(spec), APPEND, ROWS, id=id, seen=0)
        references = [each.body["jobReference"] for each in fake.sent("POST", "jobs")]
        assert {each["location"] for each in references} == {"EU"}
        return [each["jobId"] for each in references]

    first = ids("bigquery://p1/d1?location=EU", "c1")
    assert first == ids("bigquery://p1/d1", "c1")
    assert all(re.fullmatch(r"tidegate_[a-z0-9_]+_0", each) for each in first)
    others = ids("bigquery://p1/d2", "c1") + ids("bigquery://p1/d1", "c2")
    assert not set(first) & set(others)


def test_a_statement_may_bill_no_more_than_was_said() -> None:
    fake = FakeBigQuery()
    commit(fake.destination("bigquery://p1/d1?max_bytes_billed=10GB"), APPEND, ROWS, seen=0)
    scripts = [each.body for each in fake.sent("POST", "jobs") if "query" in each.body["configuration"]]
    assert [job["configuration"]["query"]["maximumBytesBilled"] for job in scripts] == ["10000000000"]
    assert {each.body["maximumBytesBilled"] for each in fake.sent("POST", "queries")} == {"10000000000"}


def test_what_a_commit_cost_is_told() -> None:
    landed = commit(FakeBigQuery().destination(), APPEND, ROWS, seen=0)
    assert landed.cost == Cost(bytes_billed=10_485_760, slot_ms=42)


def test_the_transaction_decides_by_commit_id_and_cursor_before_it_touches_a_row() -> None:
    fake = FakeBigQuery()
    commit(fake.destination(), REPLACE, ROWS, seen=0)
    (script,) = fake.scripts()
    order = [
        "IF NOT EXISTS (SELECT 1 FROM `p1`.`d1`.`_tidegate_cursors`",
        "BEGIN TRANSACTION",
        "ASSERT NOT EXISTS (SELECT 1 FROM `p1`.`d1`.`_tidegate_commits` WHERE commit_id = @commit_id)",
        "UPDATE `p1`.`d1`.`_tidegate_cursors` SET version = @seen + 1",
        "AND (SELECT MAX(version) FROM `p1`.`d1`.`_tidegate_cursors` WHERE task = @task) = @seen",
        "ASSERT @@row_count > 0",
        "DELETE FROM `p1`.`d1`.`rows` WHERE TRUE",
        "ASSERT (SELECT COUNT(*) FROM (SELECT * FROM `p1`.`d1`.`_tidegate_staging_",
        "INSERT INTO `p1`.`d1`.`rows`",
        "INSERT INTO `p1`.`d1`.`_tidegate_commits`",
        "COMMIT TRANSACTION",
        "ROLLBACK TRANSACTION",
        "RAISE USING MESSAGE = IFNULL(_tidegate_failure, @@error.message)",
    ]
    places = [script.index(each) for each in order]
    assert places == sorted(places)
    assert "MERGE" not in script  # BigQuery takes it, and DuckDB's way is the same without it


@pytest.mark.parametrize("again", [None, Again(replaces=True)])
@pytest.mark.parametrize("table", [APPEND, REPLACE, LATEST], ids=["append", "replace", "merge"])
def test_rows_that_are_not_in_staging_are_not_told_to_be_superseded(
    table: Table[Any], again: Again | None
) -> None:
    fake = FakeBigQuery()
    fake.destination().commit(Commit("c1", "r1", "api.rows", table, 0, None, NOW, batches(ROWS), again=again))
    (script,) = fake.scripts()
    assert re.search(
        r"ASSERT \(SELECT COUNT\(\*\) FROM \(SELECT \* FROM \S+_rows_0_\w+`\)\) = @given AS", script
    )
    parameters = fake.sent("POST", "jobs")[-1].body["configuration"]["query"]["queryParameters"]
    assert {"given": "2"}.items() <= {
        each["name"]: each["parameterValue"].get("value") for each in parameters
    }.items()


def test_windows_are_deleted_by_their_own_column_and_pruned() -> None:
    fake = FakeBigQuery()
    days = [date(2026, 1, 1), date(2026, 1, 3)]
    commit(fake.destination(), WINDOWS, ROWS, cells=days, windows=days, seen=0)
    (script,) = fake.scripts()
    assert (
        "DELETE FROM `p1`.`d1`.`rows` WHERE _tidegate_window IN UNNEST(_tidegate_windows)"
        " AND _tidegate_window BETWEEN @first_window AND @last_window;"
    ) in script
    parameters = fake.sent("POST", "jobs")[-1].body["configuration"]["query"]["queryParameters"]
    values = {each["name"]: each["parameterValue"].get("value") for each in parameters}
    assert (values["first_window"], values["last_window"]) == ("2026-01-01", "2026-01-03")


def order(id: int, day: int) -> dict[str, Any]:  # noqa: A002
    return {"id": id, "code": "x", "total": 1, "rate": 1, "made_on": date(2026, 1, day)}


def test_a_merge_looks_into_the_partitions_of_its_rows_alone_where_keys_never_change_theirs() -> None:
    fake = FakeBigQuery()
    land(fake.destination(), ORDERS, [order(1, 9), order(2, 3)])
    (script,) = fake.scripts()
    within = "t.`made_on` BETWEEN @partition_first AND @partition_last"
    assert script.count(within) == 2  # where the older ones are looked for, and where the replaced ones go
    parameters = fake.sent("POST", "jobs")[-1].body["configuration"]["query"]["queryParameters"]
    values = {each["name"]: each["parameterValue"].get("value") for each in parameters}
    assert (values["partition_first"], values["partition_last"]) == ("2026-01-03", "2026-01-09")


def test_partitions_are_those_of_all_batches_and_of_rows_without_a_day() -> None:
    table = Table(
        "rows",
        contract(id=int, day=(date | None, None)),
        key=("id",),
        write="merge",
        partition_by="day",
        partition_immutable=True,
    )
    days: list[list[Any]] = [[date(2026, 1, 5)], [date(2026, 1, 3)], [date(2026, 1, 9), None]]
    given = [pa.record_batch({"day": pa.array(each, pa.date32())}) for each in days]
    within = Within(table)
    assert list(within.watch(iter(given))) == given
    assert within.condition == "(t.`day` BETWEEN @partition_first AND @partition_last OR t.`day` IS NULL)"
    assert within.parameters == {
        "partition_first": ("DATE", date(2026, 1, 3)),
        "partition_last": ("DATE", date(2026, 1, 9)),
    }


def test_without_that_promise_a_merge_scans_the_table() -> None:
    fake = FakeBigQuery()
    commit(fake.destination(), LATEST, ROWS, seen=0)
    (script,) = fake.scripts()
    assert "BETWEEN" not in script
    assert "DELETE FROM `p1`.`d1`.`rows` AS t WHERE TRUE AND EXISTS" in script


def test_a_project_of_a_domain_is_quoted() -> None:
    fake = FakeBigQuery()
    commit(fake.destination("bigquery://example.com:my-project/d1"), APPEND, ROWS, seen=0)
    assert "INSERT INTO `example.com:my-project`.`d1`.`rows`" in fake.scripts()[0]


class Deep(WriteContract):
    class Inner(WriteContract):
        name: str
        extra: dict[str, Any] | None = None

    one: Inner | None = None
    many: list[Inner] = Field(default=[])


def test_json_is_read_out_of_text_wherever_it_lies() -> None:
    fake = FakeBigQuery()
    land(fake.destination(), Table("rows", Deep), [{"one": {"name": "a"}}, {"many": [{"name": "b"}]}])
    (script,) = fake.scripts()
    read = "PARSE_JSON({}.`extra`, wide_number_mode=>'round') AS `extra`"
    one = f"IF(s.`one` IS NULL, NULL, STRUCT(s.`one`.`name` AS `name`, {read.format('s.`one`')}))"
    assert one in script
    item = f"IF(_v0 IS NULL, NULL, STRUCT(_v0.`name` AS `name`, {read.format('_v0')}))"
    assert f"ARRAY(SELECT {item} FROM UNNEST(s.`many`) AS _v0 WITH OFFSET AS _o0 ORDER BY _o0)" in script


def test_what_goes_up_is_zstd_parquet_of_a_bounded_size(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    from tidegate.destinations.bigquery_staging import _written  # the files are gone when a commit is done

    def batches() -> Iterator[pa.RecordBatch]:
        for number in range(4):
            yield pa.record_batch({"text": [f"{number}-{n}" for n in range(20_000)]})

    parts = list(_written(tmp_path, batches(), 60_000))
    assert [part.rows for part in parts] == [40_000] * 2  # the batch that passes the bound is the last one
    file = pq.ParquetFile(parts[0].path)
    assert file.num_row_groups == 2
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    assert len({part.digest for part in parts}) == 2


def test_a_layout_that_bigquery_refuses_is_told_before_anything_is_fetched() -> None:
    model = contract(a=int, b=int, c=int, d=int, e=int, f=float, at=AwareDatetime)
    to = FakeBigQuery().destination()
    with pytest.raises(DestinationError, match="cluster_by names 5 columns"):
        to.prepare(Table("rows", model, cluster_by=("a", "b", "c", "d", "e")))
    with pytest.raises(DestinationError, match="cluster_by names f"):
        to.prepare(Table("rows", model, cluster_by=("f",)))


def test_a_view_is_refused_before_anything_is_fetched() -> None:
    fake = FakeBigQuery(tables={"rows": {"tableReference": REFERENCE, "type": "MATERIALIZED_VIEW"}})
    with pytest.raises(DestinationError, match=r"p1\.d1\.rows is a materialized view"):
        fake.destination().prepare(APPEND)


@pytest.mark.parametrize(
    ("table", "refused"),
    [
        (ORDERS, False),
        (replace(ORDERS, partition_immutable=False), True),
        (replace(ORDERS, write="append", partition_immutable=False), False),
        (replace(ORDERS, write="replace", partition_immutable=False), True),
        (replace(ORDERS, write="replace_windows", partition_immutable=False), True),
        (WINDOWS, False),
    ],
)
def test_a_table_that_asks_for_a_filter_is_refused_where_all_of_it_is_looked_at(
    table: Table[Any], refused: bool
) -> None:
    fake = FakeBigQuery()
    to = fake.destination()
    to.apply(table, to.differences(table))
    fake.tables[table.name]["requirePartitionFilter"] = True
    expected = (
        pytest.raises(DestinationError, match="a filter on its partition") if refused else nullcontext()
    )
    with expected:
        to.prepare(table)


def test_rows_of_a_table_that_asks_for_a_filter_are_counted_by_what_is_known_of_it() -> None:
    fake = FakeBigQuery(tables={"rows": {"tableReference": REFERENCE, "type": "TABLE", "numRows": "7"}})
    message = "Cannot query over table 'rows' without a filter that can be used for partition elimination"
    fake.before = lambda asked: (
        (400, {"error": {"message": message, "errors": [{"reason": "invalidQuery"}]}})
        if asked.path == "queries" and "COUNT(*)" in asked.body["query"]
        else None
    )
    with fake.destination()._session() as session:
        assert _counts(session, ["rows"]) == [("rows", 7)]


def test_a_dataset_elsewhere_is_told_and_not_taken_for_an_empty_one() -> None:
    to = FakeBigQuery(location="US").destination("bigquery://p1/d1?location=EU")
    for look in (lambda: to.prepare(APPEND), lambda: to.cursor("api.rows"), lambda: to.landed("c1")):
        with pytest.raises(DestinationError, match=r"p1\.d1 is in US, not in EU"):
            look()


def test_a_dataset_is_made_where_it_is_asked_for_and_nowhere_by_chance() -> None:
    fake = FakeBigQuery(location=None)
    with pytest.raises(DestinationError, match="nothing says where it should be"):
        fake.destination("bigquery://p1/d1").prepare(APPEND)
    to = fake.destination("bigquery://p1/d1?location=europe-west9&default_expiry=60d")
    to.prepare(APPEND)
    assert fake.sent("POST", "datasets") == []
    commit(to, APPEND, [], seen=0)
    (asked,) = fake.sent("POST", "datasets")
    assert asked.body["location"] == "europe-west9"
    assert asked.body["defaultTableExpirationMs"] == str(60 * 86_400_000)


def test_reading_and_looking_start_no_job() -> None:
    fake = FakeBigQuery()
    to = fake.destination()
    to.prepare(APPEND)
    to.cursor("api.rows")
    to.landed("c1")
    to.freshness()
    assert not fake.sent("POST", "jobs")
    assert not fake.sent("POST", "datasets.*")


def test_a_commit_that_has_landed_is_not_drawn_again() -> None:
    fake = FakeBigQuery()
    to = fake.destination()
    first = commit(to, APPEND, ROWS, seen=0)

    def never() -> Iterator[pa.RecordBatch]:
        raise AssertionError("drawn again")

    again = to.commit(Commit("c1", "run-c1", "api.rows", APPEND, 0, None, NOW, never))
    assert again == first
    assert len(fake.scripts()) == 1


def test_of_many_rows_some_are_in_memory_at_a_time(tmp_path: Path) -> None:
    from tidegate.destinations.bigquery_staging import PART_BYTES, _written

    pool, most, rng = pa.default_memory_pool(), 0, random.Random(1)
    before = pool.bytes_allocated()

    def batches() -> Iterator[pa.RecordBatch]:
        nonlocal most
        for _ in range(30):  # 150 MB that no codec makes smaller
            yield pa.record_batch({"raw": [rng.randbytes(5 << 20)]})
            most = max(most, pool.bytes_allocated() - before)

    sizes = []
    for part in _written(tmp_path, batches(), PART_BYTES):
        sizes.append(part.path.stat().st_size)
        part.path.unlink()
    assert len(sizes) == 3
    assert max(sizes) < PART_BYTES + (6 << 20)
    assert most < 40 << 20


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """Cloud Storage, where somebody asks for a bucket."""
    server = Loopback()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
    yield server
    server.close()


STAGING = "bigquery://p1/d1?location=EU&staging=gs://my-bucket/a"


def test_a_bucket_that_is_too_far_away_is_told_before_anything_is_fetched(bucket: Loopback) -> None:
    bucket.by = lambda _seen: as_json({"name": "my-bucket", "location": "US-CENTRAL1"})
    with pytest.raises(DestinationError, match=r"my-bucket is in US-CENTRAL1, and BigQuery dataset .* in EU"):
        FakeBigQuery().destination(STAGING).prepare(APPEND)


def test_a_bucket_that_is_not_there_is_told_before_anything_is_fetched(bucket: Loopback) -> None:
    bucket.by = lambda _seen: as_json({"error": {"code": 404, "message": "no such bucket"}}, status=404)
    with pytest.raises(GoogleNotFoundError, match="bucket gs://my-bucket"):
        FakeBigQuery().destination(STAGING).prepare(APPEND)


def test_who_may_use_the_objects_of_a_bucket_need_not_look_at_the_bucket(bucket: Loopback) -> None:
    bucket.by = lambda _seen: as_json({"error": {"code": 403, "message": "storage.buckets.get"}}, status=403)
    FakeBigQuery().destination(STAGING).prepare(APPEND)
    assert len(bucket.seen) == 1


def test_several_files_go_by_the_bucket_and_are_loaded_by_one_job_that_their_content_names(
    bucket: Loopback,
) -> None:
    bucket.by = lambda _seen: as_json({"name": "a", "bucket": "my-bucket"})
    fake = FakeBigQuery()

    def staged(*texts: str) -> Staged:
        parts = iter([pa.record_batch({"text": [text]}) for text in texts])
        with fake.destination(STAGING)._session() as session:
            return stage(session, "n", [Column("text", "string")], parts, part_bytes=1)

    first = staged("a", "b")
    assert first.rows == 2
    (job,) = loads(fake)
    uris = job["configuration"]["load"]["sourceUris"]
    files = [
        re.fullmatch(r"gs://my-bucket/a/tidegate-staging/n/(\d)_[0-9a-f]{16}\.parquet", uri) for uri in uris
    ]
    assert [file and file[1] for file in files] == ["0", "1"]
    assert [seen.method for seen in bucket.seen] == ["POST", "POST", "DELETE", "DELETE"]
    assert all("ifGenerationMatch=0" in seen.target for seen in bucket.seen[:2])
    assert staged("a", "b") == first
    assert len(fake.jobs) == 1
    assert staged("a", "mended").tables != first.tables
    assert len(fake.jobs) == 2
