"""Bytes to read models: all rows, or a problem that names row, id and field."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from tidegate.contracts.base import ReadContract
from tidegate.contracts.reading import RowsReader


class Sender(ReadContract):
    id: int
    email: str


class ApiRow(ReadContract):
    id: int
    name: str = ""
    total: Decimal | None = None
    created_at: datetime | None = Field(default=None, alias="createdAt")
    sender: Sender | None = None


READER = RowsReader(ApiRow, "rows")
ROOT = RowsReader(ApiRow, None)


def body(*rows: Any) -> bytes:
    return json.dumps({"rows": rows, "count": len(rows)}).encode()


def problems(content: bytes, seam: int = 0) -> list[str]:
    models, found = READER.read(content, seam)
    assert not models
    return [str(each) for each in found]


def test_rows_of_an_envelope_and_rows_at_the_root_are_read_alike() -> None:
    rows = [{"id": 1, "name": "a", "unknown": 1}, {"id": 2}]
    assert READER.read(body(*rows)) == ROOT.read(json.dumps(rows).encode())
    assert READER.read(body(*rows)) == ([ApiRow(id=1, name="a"), ApiRow(id=2)], [])


def test_a_page_without_rows_is_no_problem() -> None:
    assert READER.read(body()) == ([], [])
    assert ROOT.read(b"[]") == ([], [])


def test_rows_of_the_seam_are_not_given_again() -> None:
    rows = [{"id": number} for number in range(5)]
    assert [row.id for row in READER.read(body(*rows), 2)[0]] == [2, 3, 4]
    assert READER.read(body(*rows[:2]), 2) == ([], [])


def test_a_wrong_value_is_told_with_row_id_and_field() -> None:
    (problem,) = READER.read(body({"id": 1}, {"id": 77, "createdAt": "yesterday"}))[1]
    assert (problem.row, problem.row_id, problem.field) == (1, "77", "createdAt")
    assert "valid datetime" in problem.expected
    assert problem.came == "'yesterday'"
    assert str(problem).startswith("row 1 (id 77), field createdAt: ")


def test_a_missing_field_is_told_with_the_keys_that_came() -> None:
    (problem,) = READER.read(body({"ident": 7, "name": "a"}))[1]
    assert str(problem) == "row 0, field id: required, got a row with ident, name"


def test_a_field_inside_a_field_has_its_path_and_the_id_of_the_row() -> None:
    wrong = {"id": 5, "sender": {"id": 26}}
    assert problems(body(wrong)) == ["row 0 (id 5), field sender.email: required, got an object with id"]


def test_every_broken_row_is_told() -> None:
    found = READER.read(body({"id": "x"}, {"id": 2}, {"name": 3}))[1]
    assert [(each.row, each.field) for each in found] == [(0, "id"), (2, "id"), (2, "name")]


def test_a_row_that_is_no_object_is_told() -> None:
    found = READER.read(body({"id": 1}, None, "text"))[1]
    assert [(each.row, each.field, each.row_id) for each in found] == [
        (1, "(the row)", None),
        (2, "(the row)", None),
    ]


def test_row_numbers_do_not_count_the_seam() -> None:
    rows = [{"id": 1}, {"id": 2}, {"id": 3}, {"id": "x"}]
    assert [each.row for each in READER.read(body(*rows), 2)[1]] == [1]
    assert [each.row_id for each in READER.read(body(*rows), 2)[1]] == ["x"]


def test_a_row_that_is_broken_only_in_the_seam_was_told_by_the_page_before() -> None:
    rows = [{"id": "x"}, {"id": 2}, {"id": 3, "total": 1.5}, {"id": 4}]
    models, found = READER.read(body(*rows), 2)
    assert ([row.id for row in models], found) == ([3, 4], [])
    assert models[0].total == Decimal("1.5")
    assert ROOT.read(json.dumps(rows).encode(), 2) == (models, [])


def test_a_broken_row_in_the_seam_does_not_hide_one_behind_it() -> None:
    rows = [{"id": "x"}, {"id": 2}, {"id": 3}, {"id": "y"}]
    assert [(each.row, each.row_id) for each in READER.read(body(*rows), 2)[1]] == [(1, "y")]


@pytest.mark.parametrize("content", [b'{"count": 0}', b"[]", b'{"rows": null}', b"<html>", b"", b"null"])
def test_a_body_of_another_shape_is_not_blamed_on_a_row(content: bytes) -> None:
    with pytest.raises(ValidationError):
        READER.read(content)


def test_a_long_value_is_shortened() -> None:
    (problem,) = READER.read(body({"id": "x" * 500}))[1]
    assert len(problem.came) == 60
    assert problem.row_id is not None
    assert len(problem.row_id) <= 60
    (problem,) = READER.read(body({"k" * 500: 1}))[1]
    assert len(problem.came) == 60


def test_of_a_key_that_stands_twice_the_last_counts() -> None:
    models, _ = READER.read(b'{"rows": [{"id": 9}], "rows": [{"id": 1, "id": 2}]}')
    assert [row.id for row in models] == [2]


def test_numbers_are_read_exactly() -> None:
    rows = b'[{"id": 123456789012345678901234567890, "total": 0.1}, {"id": 2, "total": "1.10"}]'
    models, _ = ROOT.read(rows)
    assert models[0].id == 123456789012345678901234567890
    assert [str(row.total) for row in models] == ["0.1", "1.10"]


def test_text_is_read_as_it_was_written() -> None:
    models, _ = ROOT.read('[{"id": 1, "name": "caf\\u00e9 \\ud83d\\ude00 \u00fc\\n\\u0000"}]'.encode())
    assert models[0].name == "caf\u00e9 \U0001f600 \u00fc\n\0"


@given(st.lists(st.one_of(st.integers(), st.just("x")), max_size=8), st.integers(0, 3))
def test_rows_and_problems_are_those_of_each_row_alone(values: list[Any], seam: int) -> None:
    seam = min(seam, len(values))
    models, found = READER.read(body(*({"id": each} for each in values)), seam)
    behind = values[seam:]
    broken = [number for number, each in enumerate(behind) if each == "x"]
    assert [each.row for each in found] == broken
    assert [row.id for row in models] == ([] if broken else behind)
