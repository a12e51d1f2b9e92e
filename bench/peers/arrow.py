"""No contract at all: pages parsed by Arrow's own JSON reader, straight into DuckDB. What nobody checks."""

from __future__ import annotations

import io

import duckdb
import httpx2
import pyarrow as pa
from pyarrow import json
from source import HEADERS, Source, tell_table


def main(source: Source) -> None:
    head = f'{{"{source.listing}":'.encode()
    tables = []
    with httpx2.Client(headers=HEADERS, timeout=30.0) as client:
        offset = 0
        while True:
            body = client.get(f"{source.url}&limit={source.limit}&offset={offset}").content
            read = json.read_json(
                io.BytesIO(body), read_options=json.ReadOptions(use_threads=False, block_size=len(body) + 1)
            )
            if not body.startswith(head) or source.listing not in read.column_names:
                break
            rows = read.column(source.listing).combine_chunks().flatten()
            if not len(rows):
                break
            tables.append(pa.Table.from_struct_array(rows))
            offset += source.limit
    page = pa.concat_tables(tables, promote_options="permissive")  # noqa: F841 - DuckDB finds it by its name
    with duckdb.connect(str(source.folder / "arrow.duckdb")) as connection:
        connection.execute(f"CREATE TABLE {source.listing} AS SELECT * FROM page")
    tell_table(source.folder / "arrow.duckdb", source.listing)


if __name__ == "__main__":
    main(Source.typed())
