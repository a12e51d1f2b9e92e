"""A credential is in no file that a run leaves behind, packed or not."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from tests.brevo_bench import MakeBench
from tidegate.engine.parts import read_part

KEY = b"a-key-of-the-tests"


def content(path: Path) -> bytes:
    """The bytes of a file, and what is packed in it."""
    raw = path.read_bytes()
    if path.suffix == ".pages":
        return raw + pa.input_stream(str(path), compression="zstd").read()
    if path.suffix == ".arrow":
        return raw + str(pa.Table.from_batches(read_part(path)).to_pylist()).encode()
    return raw


def test_no_file_of_a_run_holds_the_key(bench: MakeBench) -> None:
    made = bench(rows=1_000, faults=0.1)
    made.run()
    files = [path for path in made.folder.rglob("*") if path.is_file()]
    assert {".pages", ".arrow", ".db", ".json", ".duckdb"} <= {path.suffix for path in files}
    for path in files:
        assert KEY not in content(path), path
