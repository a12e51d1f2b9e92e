"""dlt as it comes: its REST API source, its defaults, the model as `columns`. Into DuckDB."""

from __future__ import annotations

import dlt
from dlt.sources.helpers.rest_client.paginators import OffsetPaginator
from dlt.sources.rest_api import rest_api_source
from models import MODELS
from source import HEADERS, Source, tell_table


def main(source: Source) -> None:
    api = rest_api_source(
        {
            "client": {"base_url": source.base_url, "headers": HEADERS},
            "resources": [
                {
                    "name": source.listing,
                    "columns": MODELS[source.listing],
                    "endpoint": {
                        "path": source.path,
                        "params": source.params,
                        "data_selector": source.listing,
                        "paginator": OffsetPaginator(limit=source.limit, total_path=None),
                    },
                }
            ],
        }
    )
    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=str(source.folder / "pipelines"),
        destination=dlt.destinations.duckdb(str(source.folder / "dlt.duckdb")),
        dataset_name="bench",
    )
    pipeline.run(api)
    tell_table(source.folder / "dlt.duckdb", f"bench.{source.listing}")


if __name__ == "__main__":
    main(Source.typed())
