"""How a table of BigQuery follows its contract: what is asked of the service, word for word."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from tests.destinations.bigquery_fake import Answer, Asked, FakeBigQuery
from tests.destinations.evolving import contract, land, rows_of, texts
from tidegate.contracts.table import Table
from tidegate.destinations.bigquery_rebuild import _rename
from tidegate.destinations.exceptions import DestinationBusyError, DestinationError, SchemaChangeError

Money = Annotated[Decimal, Field(max_digits=21, decimal_places=2)]
DAY = date(2026, 1, 1)


class Place(BaseModel):
    zip: str


class BetterPlace(BaseModel):
    zip: str
    lat: float | None = None
    tags: list[str] = []


OLD = rows_of(id=int, total=int, note=str, place=(Place | None, None))


def standing(table: Table[Any] = OLD, **also: Any) -> FakeBigQuery:
    """A service where the table of this contract stands."""
    fake = FakeBigQuery()
    to = fake.destination()
    to.apply(table, to.differences(table))
    fake.tables["rows"] |= also
    fake.asked.clear()
    return fake


def patches(fake: FakeBigQuery) -> list[Asked]:
    return fake.sent("PATCH", "datasets/d1/tables/rows")


def ddl(fake: FakeBigQuery) -> list[str]:
    queries = [each.body["query"] for each in fake.sent("POST", "queries")]
    return [sql for sql in queries if sql.startswith("ALTER")]


def test_one_patch_adds_relaxes_and_describes_and_names_the_etag() -> None:
    fake = standing()
    etag = fake.tables["rows"]["etag"]
    new = rows_of(
        id=Annotated[int, Field(description="of the vendor")],
        total=int,
        note=(str | None, None),
        place=(BetterPlace | None, None),
        tags=(list[str], []),
        more=int,
    )
    landed = land(fake.destination(), new, [])
    assert landed.changes == (
        "relax note: null allowed",
        "add place.lat: float",
        "add place.tags: list of string",
        "add tags: list of string",
        "add more: int",
        "describe id",
    )
    (patch,) = patches(fake)
    assert patch.headers["If-Match"] == etag
    fields = {field["name"]: field for field in patch.body["schema"]["fields"]}
    assert fields["id"]["description"] == "of the vendor"
    assert fields["note"]["mode"] == "NULLABLE"
    assert [(field["name"], field["mode"]) for field in fields["place"]["fields"]] == [
        ("zip", "REQUIRED"), ("lat", "NULLABLE"), ("tags", "REPEATED"),
    ]  # fmt: skip
    assert fields["tags"]["mode"] == "REPEATED"
    assert fields["more"]["mode"] == "NULLABLE"  # required by the contract, and older rows have none
    assert set(patch.body) == {"schema"}
    assert texts(fake.destination(), new) == []


def test_fields_of_records_go_in_as_the_table_holds_them() -> None:
    """BigQuery adds a field at the end of a record, and puts a STRUCT into one field by field."""

    class Middle(BaseModel):
        zip: str
        city: str | None = None
        name: str | None = None

    class Older(BaseModel):
        zip: str
        name: str | None = None

    fake = standing(rows_of(id=int, place=(Older | None, None), places=(list[Older], [])))
    new = rows_of(id=int, place=(Middle | None, None), places=(list[Middle], []))
    land(fake.destination(), new, [{"id": 1, "place": {"zip": "1"}}, {"id": 2}])
    held = {field["name"]: field for field in fake.tables["rows"]["schema"]["fields"]}
    assert [field["name"] for field in held["place"]["fields"]] == ["zip", "name", "city"]
    (script,) = fake.scripts()
    struct = "STRUCT({0}.`zip` AS `zip`, {0}.`name` AS `name`, {0}.`city` AS `city`)"
    assert f"IF(s.`place` IS NULL, NULL, {struct.format('s.`place`')})" in script
    item = f"IF(_v0 IS NULL, NULL, {struct.format('_v0')})"
    assert f"ARRAY(SELECT {item} FROM UNNEST(s.`places`) AS _v0 WITH OFFSET AS _o0 ORDER BY _o0)" in script


def test_whoever_finds_the_table_changed_looks_again() -> None:
    fake = standing()
    new = rows_of(id=int, total=int, note=(str | None, None), place=(Place | None, None))

    def other_was_first(asked: Asked) -> Answer | None:
        if asked.method == "PATCH" and len(patches(fake)) == 1:
            fake.tables["rows"]["etag"] = "another"
        return None

    fake.before = other_was_first
    assert land(fake.destination(), new, []).changes == ("relax note: null allowed",)
    assert [patch.headers["If-Match"] for patch in patches(fake)][-1] == "another"


def test_a_table_that_changes_without_end_is_worth_trying_again() -> None:
    fake = standing()
    fake.before = lambda asked: (
        (412, {"error": {"message": "Precondition check failed"}}) if asked.method == "PATCH" else None
    )
    with pytest.raises(DestinationBusyError, match="changes its columns at the same time"):
        land(
            fake.destination(),
            rows_of(id=int, total=int, note=(str | None, None), place=(Place | None, None)),
            [],
        )
    assert not any("_commit_" in name for name in fake.jobs)


@pytest.mark.parametrize(
    ("was", "becomes", "kind"),
    [
        (int, Money, "NUMERIC(21, 2)"),
        (Annotated[Decimal, Field(max_digits=9, decimal_places=2)], Money, "NUMERIC(21, 2)"),
        (Money, Annotated[Decimal, Field(max_digits=60, decimal_places=30)], "BIGNUMERIC(60, 30)"),
        (Annotated[str, Field(max_length=5)], Annotated[str, Field(max_length=9)], "STRING(9)"),
        (Annotated[str, Field(max_length=5)], str, "STRING"),
    ],
)
def test_a_wider_type_is_a_statement_of_its_own(was: Any, becomes: Any, kind: str) -> None:
    fake = standing(rows_of(id=int, value=was))
    land(fake.destination(), rows_of(id=int, value=becomes), [])
    assert ddl(fake) == [f"ALTER TABLE `p1`.`d1`.`rows` ALTER COLUMN `value` SET DATA TYPE {kind}"]
    assert patches(fake) == []


def test_a_change_that_needs_a_person_is_told_before_anything_is_fetched() -> None:
    fake = standing()
    with pytest.raises(SchemaChangeError, match="retype total: int to string; drop note: string"):
        fake.destination().prepare(rows_of(id=int, total=str, place=(Place | None, None)))
    assert {each.method for each in fake.asked} == {"GET"}


def test_who_commits_what_needs_a_person_uploads_nothing() -> None:
    fake = standing()
    table = rows_of(id=int, total=str, note=str, place=(Place | None, None))
    with pytest.raises(SchemaChangeError, match="retype total"):
        land(fake.destination(), table, [{"id": 1, "total": "x", "note": "a"}])
    assert not fake.sent("POST", "jobs")


def test_changes_that_were_looked_at_before_the_table_became_another_one_are_not_made() -> None:
    fake = standing()
    to = fake.destination()
    table = rows_of(id=int, total=int, note=(str | None, None), place=(Place | None, None))
    looked = to.differences(table)
    fake.tables["rows"]["schema"]["fields"].append({"name": "more", "type": "INT64"})
    with pytest.raises(DestinationError, match="the differences of rows are other ones"):
        to.apply(table, looked)
    assert patches(fake) == []


def test_a_changed_partitioning_is_told_before_anything_is_fetched() -> None:
    fake = standing(rows_of(id=int, day=date))
    model = contract(id=int, day=date)
    with pytest.raises(SchemaChangeError, match="partition by day, not by nothing") as caught:
        fake.destination().prepare(Table("rows", model, partition_by="day"))
    assert caught.value.allow == ("partition",)


def test_clustering_is_changed_in_place_where_a_person_allows_it() -> None:
    fake = standing(rows_of(id=int, day=date))
    table = Table("rows", contract(id=int, day=date), cluster_by=("day", "id"))
    to = fake.destination()
    assert to.apply(table, to.differences(table)) == ("cluster by day, id, not by nothing",)
    (patch,) = patches(fake)
    assert patch.body == {"clustering": {"fields": ["day", "id"]}}


def test_a_partition_by_the_own_window_asks_for_nothing() -> None:
    windows = Table("rows", contract(id=int), write="replace_windows")
    fake = standing(windows)
    assert texts(fake.destination(), windows) == []
    assert texts(fake.destination(), Table("rows", contract(id=int))) == [
        "relax _tidegate_window: null allowed"
    ]


def test_labels_of_the_contract_join_those_that_the_table_has() -> None:
    fake = standing(OLD, labels={"owner": "ops"})
    table = Table("rows", OLD.model, labels={"team": "sales"})
    land(fake.destination(), table, [])
    assert [patch.body for patch in patches(fake)] == [{"labels": {"owner": "ops", "team": "sales"}}]
    land(fake.destination(), table, [])
    assert len(patches(fake)) == 1


def test_a_type_that_no_contract_asks_for_is_told_by_its_own_name() -> None:
    fake = standing(rows_of(id=int, where=str))
    fake.tables["rows"]["schema"]["fields"][1]["type"] = "GEOGRAPHY"
    assert texts(fake.destination(), rows_of(id=int, where=str)) == ["retype where: GEOGRAPHY to string"]


@pytest.mark.parametrize(("spelled", "asked"), [("NUMERIC", (38, 9)), ("BIGNUMERIC", (76, 38))])
def test_a_number_without_digits_has_those_of_its_type(spelled: str, asked: tuple[int, int]) -> None:
    fake = standing(rows_of(id=int, n=Money))
    fake.tables["rows"]["schema"]["fields"][1] = {"name": "n", "type": spelled, "mode": "REQUIRED"}
    (text,) = texts(fake.destination(), rows_of(id=int, n=Money))
    assert text == f"narrow n: decimal({asked[0]}, {asked[1]}) to decimal(21, 2)"


def test_a_new_table_is_filled_and_counted_before_it_takes_the_place_of_the_old_one() -> None:
    fake = standing()
    fake.tables["rows"]["schema"]["fields"][0]["description"] = "of a person who knows the table"
    fake.rows = lambda sql: (
        [{"n": 7}] if sql.startswith("SELECT COUNT(*)") else [{"n": 0}] if "COUNTIF" in sql else None
    )
    table = rows_of(id=int, total=str, note=str, place=(Place | None, None))
    to = fake.destination()
    fake.asked.clear()
    *_, kept = to.apply(table, to.differences(table))
    assert "rows__before_" in kept
    scripts = fake.scripts()
    assert scripts[0].startswith("INSERT INTO `p1`.`d1`.`rows__new_")
    assert "SAFE_CAST(t.`total` AS STRING)" in scripts[0]
    assert scripts[1].startswith("BEGIN\nALTER TABLE `p1`.`d1`.`rows` RENAME TO `rows__before_")
    new = next(name for name in fake.tables if name.startswith("rows__new_"))
    (made,) = [each.body for each in fake.sent("POST", "datasets/d1/tables") if new in str(each.body)]
    assert int(made["expirationTime"]) > 0  # where nobody comes to the end of this
    assert made["schema"]["fields"][0]["description"] == "of a person who knows the table"
    unbounded = fake.sent("PATCH", f"datasets/d1/tables/{new}")
    assert [each.body for each in unbounded] == [{"expirationTime": None}]
    renamed = next(each for each in fake.asked if each.path == "jobs" and "RENAME" in str(each.body))
    assert fake.asked.index(unbounded[0]) < fake.asked.index(renamed)


def test_a_new_table_gives_way_where_a_run_wrote_to_the_old_one_meanwhile() -> None:
    fake = standing()
    counts = iter([3, 4])  # commits to the table, before and after

    def rows(sql: str) -> list[dict[str, Any]] | None:
        if "_tidegate_commits`" in sql and "COUNT(*)" in sql:
            return [{"n": next(counts)}]
        return [{"n": 7}] if sql.startswith("SELECT COUNT(*)") else [{"n": 0}] if "COUNTIF" in sql else None

    fake.rows = rows
    table = rows_of(id=int, total=str, note=str, place=(Place | None, None))
    to = fake.destination()
    with pytest.raises(DestinationBusyError, match="a run wrote to it"):
        to.apply(table, to.differences(table))
    there, back = [script for script in fake.scripts() if "RENAME" in script]
    assert "`rows__before_" in there.splitlines()[1]
    assert back.splitlines()[1].startswith("ALTER TABLE `p1`.`d1`.`rows` RENAME TO `rows__new_")
    assert back.splitlines()[2].endswith("RENAME TO `rows`;")


def test_values_that_would_be_lost_are_counted_in_one_query_and_nothing_is_changed() -> None:
    fake = standing()
    fake.rows = lambda sql: [{"n": 2}] if "COUNTIF" in sql else [{"n": 7}] if "COUNT(*)" in sql else None
    table = rows_of(id=int, total=int, note=int, place=(Place | None, None))
    to = fake.destination()
    with pytest.raises(
        DestinationError, match=r"retype note: string to int: 2 rows have values that would be lost"
    ):
        to.apply(table, to.differences(table))
    assert len([each for each in fake.sent("POST", "queries") if "COUNTIF" in each.body["query"]]) == 1
    assert not fake.scripts()


@pytest.mark.parametrize(
    ("was", "becomes", "kept"),
    [
        # The cast would round: what a column has no room for is looked at before.
        (float, Money, "(ROUND({made}, 2) = {made} AND ABS({made}) < NUMERIC '1E19')"),
        (int, float, "SAFE_CAST(SAFE_CAST(t.`value` AS FLOAT64) AS INT64) IS NOT DISTINCT FROM t.`value`"),
        (str, int, "REGEXP_CONTAINS(t.`value`, r'^(?:[+-]?[0-9]+)$')"),
        # In JSON 5.0 is the number 5.
        (
            Any,
            int,
            r"SAFE_CAST(REGEXP_REPLACE(JSON_VALUE(t.`value`), r'^([+-]?[0-9]+)\.0+$', r'\1') AS INT64)",
        ),
        (float, Any, "(t.`value` IS NULL OR NOT (IS_NAN(t.`value`) OR IS_INF(t.`value`)))"),
        (list[str], list[int], "IFNULL((SELECT LOGICAL_AND("),
        (list[int], int, "(ARRAY_LENGTH(t.`value`) = 0 OR IFNULL(FALSE, FALSE))"),
    ],
)
def test_a_value_is_lost_where_it_would_not_come_back_the_same(was: Any, becomes: Any, kept: str) -> None:
    fake = standing(rows_of(id=int, value=was))
    fake.rows = lambda sql: [{"n": 1}] if "COUNTIF" in sql else None
    table = rows_of(id=int, value=becomes)
    with pytest.raises(DestinationError, match="1 row has a value that would be lost"):
        fake.destination().apply(table, fake.destination().differences(table))
    (counted,) = [
        each.body["query"] for each in fake.sent("POST", "queries") if "COUNTIF" in each.body["query"]
    ]
    assert kept.replace("{made}", "SAFE_CAST(CAST(t.`value` AS STRING) AS NUMERIC)") in counted


def test_where_the_second_of_two_names_cannot_be_given_the_first_is_given_back() -> None:
    fake = standing()
    with fake.destination()._session() as session:
        _rename(session, ("rows", "rows__before"), ("rows__new", "rows"))
    (script,) = fake.scripts()
    assert script == (
        "BEGIN\n"
        "ALTER TABLE `p1`.`d1`.`rows` RENAME TO `rows__before`;\n"
        "ALTER TABLE `p1`.`d1`.`rows__new` RENAME TO `rows`;\n"
        "EXCEPTION WHEN ERROR THEN\n"
        "ALTER TABLE `p1`.`d1`.`rows__before` RENAME TO `rows`;\n"
        "RAISE;\n"
        "END;\n"
    )
