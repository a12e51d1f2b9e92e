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
from tidegate.contracts.reading import Reading, RowsReader
from tidegate.contracts.rejects import Fault, Reject, listed


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


def rejects(content: bytes, seam: int = 0) -> list[Reject]:
    return READER.read(content, seam).rejects


def test_rows_of_an_envelope_and_rows_at_the_root_are_read_alike() -> None:
    rows = [{"id": 1, "name": "a", "unknown": 1}, {"id": 2}]
    assert READER.read(body(*rows)) == ROOT.read(json.dumps(rows).encode())
    assert READER.read(body(*rows)) == Reading([ApiRow(id=1, name="a"), ApiRow(id=2)], [])


def test_a_page_without_rows_is_no_problem() -> None:
    assert READER.read(body()) == Reading([], [])
    assert ROOT.read(b"[]") == Reading([], [])


def test_rows_of_the_seam_are_not_given_again() -> None:
    rows = [{"id": number} for number in range(5)]
    assert [row.id for row in READER.read(body(*rows), 2).models] == [2, 3, 4]
    assert READER.read(body(*rows[:2]), 2) == Reading([], [])


def test_a_wrong_value_is_told_with_row_id_and_field() -> None:
    (reject,) = rejects(body({"id": 1}, {"id": 77, "createdAt": "yesterday"}))
    assert (reject.position, reject.row_id, reject.stage) == (1, "77", "read")
    (fault,) = reject.faults
    assert (fault.field, fault.came) == ("createdAt", "'yesterday'")
    assert "valid datetime" in fault.expected
    assert str(reject).startswith("row 1 (id 77), ApiRow field createdAt: ")


def test_a_missing_field_is_told_with_the_keys_that_came() -> None:
    (reject,) = rejects(body({"ident": 7, "name": "a"}))
    assert str(reject) == "row 0, ApiRow field id: required, got a row with ident, name"


def test_a_field_inside_a_field_has_its_path_and_the_id_of_the_row() -> None:
    (reject,) = rejects(body({"id": 5, "sender": {"id": 26}}))
    assert str(reject) == "row 0 (id 5), ApiRow field sender.email: required, got an object with id"


def test_a_row_is_told_once_with_all_that_is_wrong_with_it() -> None:
    (reject,) = rejects(body({"id": "x", "total": "much", "createdAt": "yesterday"}))
    assert [fault.field for fault in reject.faults] == ["id", "total", "createdAt"]
    assert str(reject).endswith("got 'x' and 2 more")


def test_the_good_rows_of_a_broken_page_are_read_with_their_places() -> None:
    reading = READER.read(body({"id": "x"}, {"id": 2}, {"name": 3}, {"id": 4}))
    assert [(each.position, each.faults[0].field) for each in reading.rejects] == [
        (0, "id"),
        (2, "id"),
    ]
    assert ([row.id for row in reading.models], reading.positions) == ([2, 4], [1, 3])
    assert [reading.position(model) for model in range(2)] == [1, 3]


def test_a_row_that_is_no_object_is_told() -> None:
    found = rejects(body({"id": 1}, None, "text"))
    assert [(each.position, each.faults[0].field, each.row_id) for each in found] == [
        (1, "(the row)", None),
        (2, "(the row)", None),
    ]


def test_positions_do_not_count_the_seam() -> None:
    rows = [{"id": 1}, {"id": 2}, {"id": 3}, {"id": "x"}]
    (reject,) = rejects(body(*rows), 2)
    assert (reject.position, reject.row_id) == (1, "x")


def test_a_row_that_is_broken_only_in_the_seam_was_told_by_the_page_before() -> None:
    rows = [{"id": "x"}, {"id": 2}, {"id": 3, "total": 1.5}, {"id": 4}]
    reading = READER.read(body(*rows), 2)
    assert ([row.id for row in reading.models], reading.rejects) == ([3, 4], [])
    assert reading.models[0].total == Decimal("1.5")
    assert ROOT.read(json.dumps(rows).encode(), 2) == reading


def test_a_broken_row_in_the_seam_does_not_hide_one_behind_it() -> None:
    rows = [{"id": "x"}, {"id": 2}, {"id": 3}, {"id": "y"}]
    reading = READER.read(body(*rows), 2)
    assert [(each.position, each.row_id) for each in reading.rejects] == [(1, "y")]
    assert [row.id for row in reading.models] == [3]


def test_a_good_row_of_a_broken_page_is_what_it_is_on_a_sound_one() -> None:
    exact = b'{"id": 1, "total": 0.12345678901234567890123}'
    (alone,) = ROOT.read(b"[" + exact + b"]").models
    (beside,) = ROOT.read(b'[{"id": "x"}, ' + exact + b"]").models
    assert beside == alone


def test_every_error_of_a_row_is_listed() -> None:
    lines = listed(rejects(body({"id": "x", "total": "y"}, {"id": "z"}))).splitlines()
    told = (
        "row 0 (id x), ApiRow field id:",
        "row 0 (id x), ApiRow field total:",
        "row 1 (id z), ApiRow field id:",
    )
    assert [line.startswith(start) for line, start in zip(lines, told, strict=True)] == [True] * 3


def test_ten_errors_are_listed_and_the_others_counted() -> None:
    lines = listed(rejects(body(*({"id": f"x{number}"} for number in range(13))))).splitlines()
    assert [line.split(",")[0] for line in lines[:10]] == [f"row {n} (id x{n})" for n in range(10)]
    assert lines[10:] == ["and 3 more errors of this page"]


def test_a_reject_takes_one_line_whatever_the_vendor_sends() -> None:
    reject = Reject(3, "read", "ApiRow", (Fault("a\nb", "required", "'x'"),), "7\r\n8")
    assert str(reject) == "row 3 (id 7 8), ApiRow field a b: required, got 'x'"


@pytest.mark.parametrize("content", [b'{"count": 0}', b"[]", b'{"rows": null}', b"<html>", b"", b"null"])
def test_a_body_of_another_shape_is_not_blamed_on_a_row(content: bytes) -> None:
    with pytest.raises(ValidationError):
        READER.read(content)


def test_a_long_value_is_shortened() -> None:
    (reject,) = rejects(body({"id": "x" * 500}))
    assert (len(reject.faults[0].came or ""), len(reject.row_id or "")) == (60, 60)
    (reject,) = rejects(body({"k" * 500: 1}))
    assert len(reject.faults[0].came or "") == 60


def test_of_a_key_that_stands_twice_the_last_counts() -> None:
    models = READER.read(b'{"rows": [{"id": 9}], "rows": [{"id": 1, "id": 2}]}').models
    assert [row.id for row in models] == [2]


def test_numbers_are_read_exactly() -> None:
    rows = b'[{"id": 123456789012345678901234567890, "total": 0.1}, {"id": 2, "total": "1.10"}]'
    models = ROOT.read(rows).models
    assert models[0].id == 123456789012345678901234567890
    assert [str(row.total) for row in models] == ["0.1", "1.10"]


def test_text_is_read_as_it_was_written() -> None:
    models = ROOT.read('[{"id": 1, "name": "caf\\u00e9 \\ud83d\\ude00 \u00fc\\n\\u0000"}]'.encode()).models
    assert models[0].name == "caf\u00e9 \U0001f600 \u00fc\n\0"


@given(st.lists(st.one_of(st.integers(), st.just("x")), max_size=8), st.integers(0, 3))
def test_rows_and_rejects_are_those_of_each_row_alone(values: list[Any], seam: int) -> None:
    seam = min(seam, len(values))
    reading = READER.read(body(*({"id": each} for each in values)), seam)
    behind = values[seam:]
    broken = [number for number, each in enumerate(behind) if each == "x"]
    assert [each.position for each in reading.rejects] == broken
    assert [row.id for row in reading.models] == [each for each in behind if each != "x"]
