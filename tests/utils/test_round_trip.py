"""Random contracts and rows: model, Arrow, part file, DuckDB, and the model again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from google.cloud.bigquery import SchemaField
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.utils.random_contracts import SCALARS, WIDE, Way, contracts, one_field, plain
from tidegate.contracts.table import Table
from tidegate.destinations.duckdb_sql import added_columns, create_table, insert, quote
from tidegate.engine.parts import PartWriter, read_part
from tidegate.utils.encoding import Encoder
from tidegate.utils.schemas import (
    bigquery_fields,
    columns_of,
    pydantic_to_arrow_schema,
    pydantic_to_bigquery_schema,
)

_LOADED_AT = datetime(2024, 1, 1, tzinfo=UTC)


@st.composite
def loads(draw: st.DrawFn) -> tuple[Way, list[Any]]:
    """A contract and rows of it."""
    contract = draw(contracts())
    return contract, draw(st.lists(contract.values, max_size=3))


class Warehouse:
    """Takes rows the way a run does, and gives them back as DuckDB holds them."""

    def __init__(self, folder: Path) -> None:
        self._part = folder / "rows.arrow"
        self._connection = duckdb.connect()
        self._connection.execute("SET TimeZone = 'UTC'")

    def through(self, model: Any, rows: list[Any]) -> list[dict[str, Any]]:
        encoder, table, db = Encoder(model), Table("random", model), self._connection
        with PartWriter(self._part, encoder.schema) as writer:
            writer.write(encoder.encode(rows))
        for statement in create_table(table.name, (*table.columns, *added_columns(table))):
            db.execute(statement)
        db.register("source", pa.RecordBatchReader.from_batches(encoder.schema, read_part(self._part)))
        db.execute(insert(table, "source"), ["a-run", _LOADED_AT])
        names = [column.name for column in table.columns]
        found = db.execute(f"SELECT {', '.join(map(quote, names))} FROM random").fetchall()
        db.unregister("source")
        db.execute("DROP TABLE random")
        return [dict(zip(names, values, strict=True)) for values in found]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return Warehouse(tmp_path_factory.mktemp("parts"))


def _examples(examples: int) -> Callable[[Any], Any]:
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    phases = set(Phase) - {Phase.explain}  # which traces every line, for minutes
    return settings(max_examples=examples, deadline=None, suppress_health_check=slow, phases=phases)


def check_round_trip(warehouse: Warehouse, contract: Way, rows: list[Any]) -> None:
    found = [contract.read(row) for row in warehouse.through(contract.annotation, rows)]
    assert plain(found) == plain([contract.stored(row) for row in rows])
    again = [contract.annotation.model_validate(contract.back(row)) for row in found]
    wanted = [contract.canonical(row) for row in rows]
    assert [plain(row.model_dump()) for row in again] == [plain(row.model_dump()) for row in wanted]


@pytest.mark.parametrize("way", SCALARS, ids=lambda way: str(way.annotation)[:40])
def test_every_type_of_the_table_comes_back(warehouse: Warehouse, way: Way) -> None:
    """Each at least a few times, whatever the random contracts hold."""

    @settings(max_examples=5, deadline=None)
    @given(rows=st.lists(way.values, max_size=3))
    def check(rows: list[Any]) -> None:
        contract = one_field(way)
        check_round_trip(warehouse, contract, [contract.annotation.model_construct(v=row) for row in rows])

    check()


@_examples(60)
@given(load=loads())
def test_a_row_of_any_contract_comes_back_in_its_canonical_form(
    warehouse: Warehouse, load: tuple[Way, list[Any]]
) -> None:
    check_round_trip(warehouse, *load)


@pytest.mark.extended
@pytest.mark.timeout(900)
@_examples(3000)
@given(load=loads())
def test_a_row_of_any_contract_comes_back_at_length(
    warehouse: Warehouse, load: tuple[Way, list[Any]]
) -> None:
    check_round_trip(warehouse, *load)


_ARROW: dict[str, pa.DataType] = {
    "STRING": pa.string(),
    "INT64": pa.int64(),
    "FLOAT64": pa.float64(),
    "BOOL": pa.bool_(),
    "TIMESTAMP": pa.timestamp("us", tz="UTC"),
    "DATETIME": pa.timestamp("us"),
    "DATE": pa.date32(),
    "TIME": pa.time64("us"),
    "BYTES": pa.binary(),
    "JSON": pa.string(),
}


def check_agreement(fields: list[SchemaField], arrow: list[pa.Field[Any]]) -> None:
    """Name, order, mode and type of every field, nested ones too."""
    assert [field.name for field in fields] == [each.name for each in arrow]
    for field, each in zip(fields, arrow, strict=True):
        kind: Any = each.type
        assert (field.mode == "NULLABLE") == each.nullable, field
        assert (field.mode == "REPEATED") == pa.types.is_list(kind), field
        if field.mode == "REPEATED":
            assert not kind.value_field.nullable
            kind = kind.value_type
        if field.field_type == "RECORD":
            check_agreement(list(field.fields), [kind.field(n) for n in range(kind.num_fields)])
        elif field.field_type in ("NUMERIC", "BIGNUMERIC"):
            assert (field.precision, field.scale) == (kind.precision, kind.scale)
            assert pa.types.is_decimal(kind)
        else:
            assert kind == _ARROW[field.field_type], field


def check_schemas(model: Any) -> None:
    fields = pydantic_to_bigquery_schema(model)
    check_agreement(fields, list(pydantic_to_arrow_schema(model)))
    assert [field.to_api_repr() for field in fields] == bigquery_fields(columns_of(model))


@_examples(60)
@given(contract=contracts((*SCALARS, *WIDE)))
def test_bigquery_and_arrow_agree_field_by_field(contract: Way) -> None:
    check_schemas(contract.annotation)


@pytest.mark.extended
@pytest.mark.timeout(900)
@_examples(3000)
@given(contract=contracts((*SCALARS, *WIDE), depth=4))
def test_bigquery_and_arrow_agree_at_length(contract: Way) -> None:
    check_schemas(contract.annotation)
