"""A part is there whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from tidegate.engine.parts import Part, PartWriter

BATCH = pa.record_batch({"id": [1, 2]})


def part(folder: Path, batches: Iterable[pa.RecordBatch]) -> Part:
    with PartWriter(folder / "all.arrow", BATCH.schema) as writer:
        for batch in batches:
            writer.write(batch)
    return Part(folder / "all.arrow", writer.rows, writer.crc32)


def test_a_part_gives_the_rows_that_it_was_given(tmp_path: Path) -> None:
    made = part(tmp_path, [BATCH, BATCH])
    assert made.is_whole
    assert [batch.to_pydict() for batch in made.batches()] == [{"id": [1, 2]}, {"id": [1, 2]}]


def test_rows_that_are_no_longer_built_are_gone(tmp_path: Path) -> None:
    part(tmp_path, [BATCH])
    made = part(tmp_path, [])
    assert (made.is_whole, list(made.batches()), list(tmp_path.iterdir())) == (True, [], [])


def rows_that_fail() -> Iterator[pa.RecordBatch]:
    yield BATCH
    raise ZeroDivisionError


def test_of_a_part_that_fails_half_way_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        part(tmp_path, rows_that_fail())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"x", None])
def test_a_part_of_which_a_byte_is_another_is_not_whole(tmp_path: Path, content: bytes | None) -> None:
    made = part(tmp_path, [BATCH])
    whole = made.path.read_bytes()
    made.path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]) if content is None else content)
    assert not made.is_whole
