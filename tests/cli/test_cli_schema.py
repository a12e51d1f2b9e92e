"""`tidegate schema show`: the schemas of tables, without a setting."""

from __future__ import annotations

import json

import duckdb
import pyarrow as pa
import pytest
from google.cloud.bigquery import SchemaField

from tests.cli.command_line import Shell
from tidegate.utils.schemas import pydantic_to_bigquery_schema
from tidegate.workflows.brevo.main import app as brevo
from tidegate.workflows.brevo.schemas import CleanEvent

OWN = ["_tidegate_run", "_tidegate_loaded_at", "_tidegate_window"]


@pytest.fixture
def bare(shell: Shell) -> Shell:
    """No setting at all."""
    shell.env.clear()
    return shell


def shown(shell: Shell, *arguments: str) -> str:
    ended = shell.inside("schema", "show", *arguments)
    assert (ended.code, ended.err) == (0, ""), ended
    return ended.out


def test_bigquery_is_the_json_of_the_fields_with_tidegates_own_columns(bare: Shell) -> None:
    fields = json.loads(shown(bare, "brevo.events", "--format", "bigquery"))
    made = [SchemaField.from_api_repr(field) for field in fields]
    assert made[:-3] == pydantic_to_bigquery_schema(CleanEvent)
    assert [field.name for field in made[-3:]] == OWN


def test_duckdb_is_ddl_that_runs_and_the_default(bare: Shell) -> None:
    ddl = shown(bare, "brevo.events")
    assert ddl == shown(bare, "brevo.events", "--format", "duckdb")
    with duckdb.connect() as connection:
        connection.execute(ddl)
        columns = connection.sql("DESCRIBE brevo_events").fetchall()
    assert [column[0] for column in columns] == [*CleanEvent.model_fields, *OWN]


def test_arrow_names_every_column_with_its_type(bare: Shell) -> None:
    lines = shown(bare, "brevo.events", "--format", "arrow").splitlines()
    assert lines[0] == "brevo_events"
    assert f"occurred_at: {pa.timestamp('us', tz='UTC')} not null" in lines
    assert len(lines) == 1 + len(CleanEvent.model_fields) + len(OWN)


def test_json_is_a_json_schema_of_the_rows(bare: Shell) -> None:
    schema = json.loads(shown(bare, "brevo.events", "--format", "json"))
    assert schema["title"] == "brevo_events"
    assert schema["required"] == [*CleanEvent.model_fields, *OWN]


@pytest.mark.parametrize("format_", ["bigquery", "json"])
def test_of_a_workflow_each_table_stands_under_its_name(bare: Shell, format_: str) -> None:
    schemas = json.loads(shown(bare, "brevo", "--format", format_))
    assert [*schemas] == [task.into.name for task in brevo.workflow.tasks] + ["brevo_events_daily"]
    assert schemas["brevo_events"] == json.loads(shown(bare, "brevo.events", "--format", format_))


def test_unknown_names_are_answered_with_the_nearest(bare: Shell) -> None:
    bare.inside("schema", "show", "brevo.event").failed(2, "event", "events")
    bare.inside("schema", "show", "brev").failed(2, "brev", "brevo")
    bare.inside("schema", "show", "brevo", "--format", "avro").failed(2, "avro", "bigquery")
