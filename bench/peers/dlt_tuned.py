"""dlt as its performance guide says: pages, not rows; orjson; Parquet; large buffers. Into DuckDB."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

os.environ |= {
    "DATA_WRITER__BUFFER_MAX_ITEMS": "100000",
    "DATA_WRITER__FILE_MAX_ITEMS": "1000000",
    "NORMALIZE__LOADER_FILE_FORMAT": "parquet",
    "NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID": "false",
    "DATA_WRITER__DISABLE_COMPRESSION": "true",
    "RUNTIME__LOG_LEVEL": "ERROR",
}

import dlt
import orjson
from dlt.sources.helpers import requests
from models import MODELS
from source import HEADERS, Source, tell_table


def main(source: Source) -> None:
    @dlt.resource(name=source.listing, columns=MODELS[source.listing], max_table_nesting=0)
    def rows() -> Iterator[Any]:
        session = requests.Client().session
        offset = 0
        while True:
            url = f"{source.url}&limit={source.limit}&offset={offset}"
            response = session.get(url, headers=HEADERS)
            items = orjson.loads(response.content).get(source.listing)
            if not items:
                return
            yield items
            offset += source.limit

    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=str(source.folder / "pipelines"),
        destination=dlt.destinations.duckdb(str(source.folder / "dlt.duckdb")),
        dataset_name="bench",
    )
    pipeline.run(rows(), loader_file_format="parquet")
    tell_table(source.folder / "dlt.duckdb", f"bench.{source.listing}")


if __name__ == "__main__":
    main(Source.typed())
